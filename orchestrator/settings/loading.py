"""An experiment from its YAML file and the command line's --set."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from orchestrator.data.synth.synthesize import SynthSettings
from orchestrator.settings.config_files import check_numbers, find_config, parse_yaml
from orchestrator.settings.messages import explain, shortened
from orchestrator.settings.tree import Experiment
from trainable.errors import UserError

DEEPEST_KEY = 20
"""Parts of a key such as stages.0.iterations."""


def load_experiment(path: Path, assignments: Sequence[str] = ()) -> Experiment:
    """Read the experiment in YAML file `path`, with `--set`'s assignments such as `stages.0.iterations=5`;
    `path` may be the name of a shipped configuration.

    Raises:
        UserError: names the file and every key that is wrong, and the nearest valid key.
    """
    file = find_config(path)
    try:
        content = parse_yaml(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path}: {error}") from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: must be a mapping of settings")
    for assignment in assignments:
        _assign(content, assignment)
    return parse_experiment(content, str(path))


def parse_experiment(content: Mapping[str, Any], source: str) -> Experiment:
    """The experiment in `content`; `source` is what errors call it.

    Raises:
        UserError: as `load_experiment`.
    """
    try:
        check_numbers(content)
        return Experiment.model_validate(content)
    except ValidationError as error:
        problems = [f"{source}: {explain(e, Experiment)}" for e in error.errors()]
        raise UserError("\n".join(problems)) from None
    except ValueError as error:
        raise UserError(f"{source}: {error}") from None


def _assign(content: dict[str, Any], assignment: str) -> None:
    """Carry out one `--set a.b=c`; the value is YAML."""
    dotted, equals, text = assignment.partition("=")
    shown = f"--set {shortened(assignment)}"
    if not equals or not all(dotted.split(".")):
        raise UserError(f"{shown}: write it as key=value, such as folds=2")
    *parents, last = dotted.split(".")
    if len(parents) >= DEEPEST_KEY:
        raise UserError(f"{shown}: no setting lies so deep")
    section: Any = content
    for key in parents:
        section = _step(section, key, shown)
    try:
        value = parse_yaml(text)
    except ValueError as error:
        raise UserError(f"{shown}: the value is no YAML ({error})") from error
    if isinstance(section, list):
        section[_index(section, last, shown)] = value
    else:
        section[last] = value


def _step(section: Any, key: str, shown: str) -> Any:
    """What stands below `key`; a section that the configuration leaves out is made."""
    if isinstance(section, list):
        step = section[_index(section, key, shown)]
    else:
        if section.get(key) is None:
            section[key] = {}
        step = section[key]
    if not isinstance(step, dict | list):
        raise UserError(f"{shown}: {shortened(key)} is a value, it has no keys")
    return step


def _index(items: list[Any], key: str, shown: str) -> int:
    if key not in map(str, range(len(items))):
        raise UserError(f"{shown}: {shortened(key)} must be a number from 0 to {len(items) - 1}")
    return int(key)


def synth_settings(**settings: object) -> SynthSettings:
    """Settings of an embedded data set from the command line.

    Raises:
        UserError: names every one that is wrong.
    """
    try:
        return SynthSettings.model_validate(settings)
    except ValidationError as error:
        raise UserError("\n".join(explain(problem, SynthSettings) for problem in error.errors())) from None
