"""An experiment from its YAML file and the command line's --set."""

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from orchestrator.experiment.messages import explain
from orchestrator.experiment.settings import Experiment
from trainable.errors import UserError


class _UniqueKeys(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice instead of silently taking the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise UserError(f"line {key_node.start_mark.line + 1}: {key} is given twice")
            seen.add(key)
        return super().construct_mapping(node, deep)


def load_experiment(path: Path, assignments: Sequence[str] = ()) -> Experiment:
    """Read the experiment in YAML file `path`, with `--set`'s assignments such as `stages.0.iterations=5`.

    Raises:
        UserError: names the file and every key that is wrong, and the nearest valid key.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such configuration file")
    try:
        content = yaml.load(path.read_text(), _UniqueKeys)
    except (yaml.YAMLError, ValueError) as error:
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
        return Experiment.model_validate(content)
    except ValidationError as error:
        problems = [f"{source}: {explain(e, Experiment)}" for e in error.errors()]
        raise UserError("\n".join(problems)) from None


def _assign(content: dict[str, Any], assignment: str) -> None:
    """Carry out one `--set a.b=c`; the value is YAML."""
    dotted, equals, text = assignment.partition("=")
    if not equals or not dotted:
        raise UserError(f"--set {assignment}: write it as key=value, such as folds=2")
    *parents, last = dotted.split(".")
    place: Any = content
    for key in parents:
        place = _step(place, key, assignment)
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(f"--set {assignment}: the value is no YAML ({error})") from error
    if isinstance(place, list):
        place[_index(place, last, assignment)] = value
    else:
        place[last] = value


def _step(place: Any, key: str, assignment: str) -> Any:
    if isinstance(place, list):
        return place[_index(place, key, assignment)]
    if place.get(key) is None:
        place[key] = {}
    if not isinstance(place[key], dict | list):
        raise UserError(f"--set {assignment}: {key} is a value, it has no keys")
    return place[key]


def _index(place: list[Any], key: str, assignment: str) -> int:
    if not key.isdigit() or int(key) >= len(place):
        raise UserError(f"--set {assignment}: {key} must be a number from 0 to {len(place) - 1}")
    return int(key)
