"""An experiment: the YAML file that fills a grid, checked before anything is computed."""

import difflib
import math
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

import yaml
from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeInt,
    PlainSerializer,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from orchestrator.dataset.layouts import DataSettings
from orchestrator.experiment.report_settings import ReportSettings
from orchestrator.synth.synthesize import SynthSettings
from trainable.activations import Activation
from trainable.config import OURS, PAPER, Audio, Mechanism, Recipe, Settings
from trainable.record import unverified_clips
from trainable.selection import Selection
from trainable.stages import Stage, StageSettings, cell_stages


class Machines(Settings):
    """Machines of one kind."""

    cpus: Annotated[float, Field(ge=0), OURS]
    """CPUs of each that Ray may use."""
    gpus: Annotated[float, Field(ge=0), OURS] = 0
    """GPUs of each."""
    count: Annotated[PositiveInt, OURS] = 1
    """How many there are when the cluster is at its largest."""


class Resources(Settings):
    """What a fold gets of the cluster. Changes no result, except the number of threads."""

    cpus_per_fold: Annotated[PositiveFloat | Literal["auto"], OURS] = "auto"
    """CPUs that one fold's worker reserves; auto: one, or a share where all folds need to fit."""
    gpus_per_fold: Annotated[Annotated[float, Field(ge=0)] | Literal["auto"], OURS] = "auto"
    """GPUs that one fold's worker reserves; auto: an equal share of those in the cluster, at most one."""
    threads_per_fold: Annotated[PositiveInt, OURS] = 1
    """Threads of torch in one fold; sums are rounded differently with another number."""
    shared_path: Annotated[bool, OURS] = False
    """The path of --out is on a disk that all machines of the cluster share, such as NFS."""
    machines: Annotated[tuple[Machines, ...], OURS] = ()
    """A cluster that grows on demand, at its largest; empty: as far as the autoscaler on this machine may go,
    else the machines that are up."""
    legs_per_run: Annotated[Literal["one", "subtree"], OURS] = "one"
    """one: every leg is a Ray Train run, level by level; subtree: a stem and all its branches are one run,
    which saves the start of a run (15 s) for each branch and gives up their parallelism."""
    max_failures: Annotated[NonNegativeInt, OURS] = 3
    """How often a run starts again from its checkpoints after it loses a worker. What the settings are to
    blame for, such as a learning rate at which a fold is no longer finite, is not tried again."""


def _mechanisms(kind: type[Mechanism], key: str) -> BeforeValidator:
    """Turn {name: settings} into mechanisms; `key` among the settings names one that is not called `name`."""

    def build(value: object) -> object:
        if not isinstance(value, Mapping):
            raise ValueError(f"must map a name to its settings, such as {{{min(kind.choices())}: {{}}}}")
        return {name: _mechanism(kind, key, name, settings) for name, settings in value.items()}

    return BeforeValidator(build)


def _mechanism(kind: type[Mechanism], key: str, name: object, settings: object) -> object:
    if isinstance(settings, Mechanism):
        return settings
    if settings is not None and not isinstance(settings, Mapping):
        raise ValueError(f"{name}: must be a mapping of settings, or nothing")
    fields = {str(k): v for k, v in (settings or {}).items()}
    chosen = str(fields.pop(key, name))
    try:
        return kind.make(chosen, **fields)
    except ValidationError as error:
        model = kind.choices()[chosen]
        raise ValueError("; ".join(f"{name}.{_explain(e, model)}" for e in error.errors())) from None


def _written(key: str) -> PlainSerializer:
    """The reverse: as a configuration would say it."""

    def write(value: dict[str, Mechanism]) -> dict[str, Any]:
        return {name: {key: found.name, **found.model_dump(mode="json")} for name, found in value.items()}

    return PlainSerializer(write)


Activations = Annotated[
    dict[str, Activation],
    _mechanisms(Activation, "structure"),
    _written("structure"),
    Field(min_length=1),
]
Selections = Annotated[
    dict[str, Selection],
    _mechanisms(Selection, "mechanism"),
    _written("mechanism"),
    Field(min_length=1),
]


class Experiment(Recipe):
    """One grid: rows (activations) x columns (selections) x folds x seeds on one data set."""

    name: str = Field(pattern=r"^[\w.-]+$")
    """Names the run's folder and its report."""
    data: DataSettings = DataSettings()
    synth: SynthSettings | None = None
    """Embedded data, made where no data folder is given."""
    audio: Audio = Audio()
    folds: Annotated[int, PAPER, Field(ge=2)] = 4
    """Cross-validation folds of the verified clips (section 4.2)."""
    fold_seed: Annotated[NonNegativeInt, OURS] = 0
    """Seed of the split into folds; the same for all seeds of training."""
    seeds: Annotated[tuple[NonNegativeInt, ...], OURS, Field(min_length=1)] = (0,)
    """Seeds of training: every cell is trained once with each."""
    stages: Annotated[tuple[StageSettings, ...], Field(min_length=1)]
    activations: Activations
    """Rows of the grid."""
    selections: Selections
    """Columns of the grid."""
    resources: Resources = Resources()
    report: ReportSettings = ReportSettings()
    ensembles: Annotated[dict[str, tuple[str, ...]], OURS] = Field(default_factory=dict)
    """Models to be averaged for Table 3: a name and its members, such as sigmoid/top_k."""

    def cell(self, selection: str) -> tuple[Stage, ...]:
        """The stages of every cell in this column."""
        return cell_stages(self.stages, self.selections[selection], self.optimizer.learning_rate)

    @model_validator(mode="after")
    def _stages_fit(self) -> Self:
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds {list(self.seeds)} names one twice")
        for name in self.selections:
            for number, stage in enumerate(self.cell(name)):
                self._check_stage(f"selections.{name} in stages.{number}", stage)
        return self

    @model_validator(mode="after")
    def _pooling_fits(self) -> Self:
        blocks = len(self.model.channels)
        sizes = {"batches.crop_frames": self.batches.crop_frames, "audio.n_mels": self.audio.n_mels}
        for name, size in sizes.items():
            if size >> blocks == 0:
                raise ValueError(
                    f"{name} ({size}) is too small for {blocks} blocks of 2x2 pooling, of model.channels"
                )
        return self

    @model_validator(mode="after")
    def _members_exist(self) -> Self:
        cells = [f"{row}/{column}" for row in self.activations for column in self.selections]
        cells += [f"{cell}/{seed}" for cell in cells for seed in self.seeds]
        for name, members in self.ensembles.items():
            for member in members:
                if member not in cells:
                    near = difflib.get_close_matches(member, cells, 1, 0)[0]
                    raise ValueError(f"ensembles.{name}: there is no cell {member}, did you mean {near}?")
        return self

    def _check_stage(self, where: str, stage: Stage) -> None:
        clips = unverified_clips(stage, self.batches.size)
        if stage.selection and not clips:
            raise ValueError(f"{where}: {stage.unverified} of a batch of {self.batches.size} is no clip")
        if clips == self.batches.size:
            raise ValueError(f"{where}: a batch needs at least one verified clip, lower unverified")
        if stage.selection:
            try:
                stage.selection.check(clips)
            except ValueError as error:
                raise ValueError(f"{where}: {error}") from error


class _UniqueKeys(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice instead of silently taking the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise ValueError(f"line {key_node.start_mark.line + 1}: {key} is given twice")
            seen.add(key)
        return super().construct_mapping(node, deep)


def load_experiment(path: Path, assignments: Sequence[str] = ()) -> Experiment:
    """Read the experiment in YAML file `path`, with `--set`'s assignments such as `stages.0.iterations=5`.

    Raises:
        ValueError: names the file and every key that is wrong, and the nearest valid key.
    """
    if not path.is_file():
        raise ValueError(f"{path}: no such configuration file")
    try:
        content = yaml.load(path.read_text(), _UniqueKeys)
    except (yaml.YAMLError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: must be a mapping of settings")
    for assignment in assignments:
        _assign(content, assignment)
    return parse_experiment(content, str(path))


def parse_experiment(content: Mapping[str, Any], source: str) -> Experiment:
    """The experiment in `content`; `source` is what errors call it.

    Raises:
        ValueError: as `load_experiment`.
    """
    try:
        return Experiment.model_validate(content)
    except ValidationError as error:
        problems = [f"{source}: {_explain(e, Experiment)}" for e in error.errors()]
        raise ValueError("\n".join(problems)) from None


def _assign(content: dict[str, Any], assignment: str) -> None:
    """Carry out one `--set a.b=c`; the value is YAML."""
    dotted, equals, text = assignment.partition("=")
    if not equals or not dotted:
        raise ValueError(f"--set {assignment}: write it as key=value, such as folds=2")
    *parents, last = dotted.split(".")
    place: Any = content
    for key in parents:
        place = _step(place, key, assignment)
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"--set {assignment}: the value is no YAML ({error})") from error
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
        raise ValueError(f"--set {assignment}: {key} is a value, it has no keys")
    return place[key]


def _index(place: list[Any], key: str, assignment: str) -> int:
    if not key.isdigit() or int(key) >= len(place):
        raise ValueError(f"--set {assignment}: {key} must be a number from 0 to {len(place) - 1}")
    return int(key)


def _explain(error: ErrorDetails, model: type[Settings]) -> str:
    """One line about one problem of a configuration."""
    # Names of union members (float, literal[...]) are in pydantic's path too: they are no keys.
    keys = [str(key) for key in error["loc"] if not str(key).startswith(("literal", "float", "constrained"))]
    where = ".".join(keys) or "the configuration"
    if error["type"] != "extra_forbidden":
        return f"{where}: {error['msg'].removeprefix('Value error, ')}" + _given(error)
    valid = _fields(model, keys[:-1])
    near = difflib.get_close_matches(keys[-1], valid, 1, 0)
    return f"{where}: unknown key" + (f", did you mean {near[0]}?" if near else "")


def _given(error: ErrorDetails) -> str:
    value = error["input"]
    simple = isinstance(value, str | int | float) and not (isinstance(value, float) and math.isnan(value))
    return f" (given: {value!r})" if simple else ""


def _fields(model: type[Settings], keys: Sequence[str]) -> list[str]:
    """Names of the settings at this place of the tree."""
    for key in keys:
        if key.isdigit():
            continue
        annotation = model.model_fields[key].annotation
        inner = [annotation, *get_args(annotation)]
        model = next(kind for kind in inner if isinstance(kind, type) and issubclass(kind, Settings))
    return list(model.model_fields)
