"""An experiment: all settings of one grid, checked before anything is computed."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from orchestrator.data.groups import FoldGroup
from orchestrator.data.layouts import DataSettings
from orchestrator.data.synth.synthesize import SynthSettings
from orchestrator.settings.axes import Activations, Selections, named
from orchestrator.settings.messages import shortened
from trainable.config import ELSEWHERE, NO_RESULT, OURS, PAPER, Audio, Seed, Settings, TrainingSettings
from trainable.errors import did_you_mean
from trainable.record import unverified_clips
from trainable.stages import Stage, StageSettings, cell_stages

MOST_SEEDS = 10_000


def counted(seeds: object) -> object:
    """Seeds 0 to n - 1 for a number n; anything else as it is."""
    if isinstance(seeds, bool) or not isinstance(seeds, int):
        return seeds
    if not 1 <= seeds <= MOST_SEEDS:
        raise ValueError(f"a number of seeds is 1 to {MOST_SEEDS}; a single seed is written [{seeds}]")
    return tuple(range(seeds))


LegsPerRun = Literal["one", "subtree", "forest"]


class Machines(Settings):
    """Machines of one kind."""

    cpus: Annotated[float, Field(ge=0), OURS]
    """CPUs of each that Ray may use."""
    gpus: Annotated[float, Field(ge=0), OURS] = 0
    """GPUs of each."""
    count: Annotated[PositiveInt, OURS] = 1
    """How many there are when the cluster is at its largest."""


class Resources(Settings):
    """What a fold gets of the cluster."""

    cpus_per_fold: Annotated[PositiveFloat | Literal["auto"], OURS, NO_RESULT] = "auto"
    """CPUs that one fold's worker reserves; auto: one, or a share where all folds need to fit."""
    gpus_per_fold: Annotated[Annotated[float, Field(ge=0)] | Literal["auto"], OURS, NO_RESULT] = "auto"
    """GPUs that one fold's worker reserves; auto: an equal share of those in the cluster, at most one."""
    features: Annotated[Literal["memory", "disk", "auto"], OURS, NO_RESULT] = "auto"
    """Where each machine has the features in training. memory: in Ray's object store; disk: in a file that is
    mapped into memory and may be larger than it; auto: disk where the object store has too little room."""
    features_folder: Annotated[str, OURS, NO_RESULT] = ""
    """Folder of that file on each machine; empty: /var/tmp/stagegrid-<number of the user>. The file stays for
    the next run, until the features of another one take its place."""
    threads_per_fold: Annotated[PositiveInt, Field(le=1024), OURS] = 1
    """Threads of torch in one fold; sums are rounded differently with another number."""
    shared_path: Annotated[bool, OURS, NO_RESULT] = False
    """The path of --out is on a disk that all machines of the cluster share, such as NFS."""
    machines: Annotated[tuple[Machines, ...], OURS, NO_RESULT] = ()
    """A cluster that grows on demand, at its largest; empty: as far as the autoscaler on this machine may go,
    else the machines that are up."""
    legs_per_run: Annotated[LegsPerRun, OURS, NO_RESULT] = "one"
    """one: every leg is a Ray Train run, level by level; subtree: a stem and all its branches are one run,
    which saves the start of a run for each branch and gives up their parallelism; forest: as many runs as fit
    at once share all stems with their branches, so that nothing is started twice."""
    max_failures: Annotated[NonNegativeInt, OURS, NO_RESULT] = 3
    """How often a run starts again from its checkpoints after it loses a worker. What the settings are to
    blame for, such as a learning rate at which a fold is no longer finite, is not tried again."""
    hang_minutes: Annotated[PositiveFloat, OURS, NO_RESULT] = 10.0
    """A fold without a sign of life for so long is ended and goes on from its state: more than an evaluation
    takes, and than the first iteration where compute.compile is on."""


class ReportSettings(Settings):
    """How scores, intervals and verdicts are made from predictions; no trained model depends on it."""

    clip_sigma: Annotated[PositiveFloat | None, OURS] = 10.0
    """Standard deviations at which class-normalised scores are clipped; a low value ties the highest scores
    of rare classes (docs/statistics.md). null: no clipping."""
    resamples: Annotated[int, Field(ge=100, le=1_000_000), OURS] = 10_000
    """Bootstrap samples of the clips, the same ones for every cell."""
    level: Annotated[float, Field(gt=0, lt=1), OURS] = 0.95
    """Coverage of intervals, and certainty of verdicts."""
    bootstrap_seed: Annotated[Seed, OURS] = 0
    """Seed of the bootstrap samples."""
    ties: Annotated[Literal["group", "challenge"], OURS] = "group"
    """Rank of equal scores in the tables: group counts all of them as above (eq. 10); challenge sorts,
    ties to the higher class index, as the challenge's own code. Both are in the list of all scores."""
    embed_clips: Annotated[bool, OURS] = False
    """Put the first 5 seconds of the clips to be checked into the page itself, some 3 MB, so that it can be
    sent to others; without it a page on a disk points at the files there."""


class Experiment(TrainingSettings):
    """One grid: rows (activations) x columns (selections) x folds x seeds on one data set."""

    name: Annotated[str, AfterValidator(named), NO_RESULT]
    """Names the run's folder and its report."""
    data: Annotated[DataSettings, ELSEWHERE] = DataSettings()
    synth: Annotated[SynthSettings | None, ELSEWHERE] = None
    """Embedded data, made where no data folder is given."""
    audio: Annotated[Audio, ELSEWHERE] = Audio()
    folds: Annotated[int, PAPER, Field(ge=2)] = 4
    """Cross-validation folds of the verified clips (section 4.2)."""
    fold_seed: Annotated[Seed, OURS, ELSEWHERE] = 0
    """Seed of the split into folds; the same for all seeds of training."""
    fold_group: Annotated[FoldGroup, OURS, ELSEWHERE] = "none"
    """What a fold keeps together; none: files of equal bytes alone; source: also the clips of a source, by
    the column source of the verified clips' table, or where there is none by runs of its freesound_id."""
    seeds: Annotated[tuple[Seed, ...], OURS, ELSEWHERE, Field(min_length=1), BeforeValidator(counted)] = (0,)
    """Seeds of training: every cell is trained once with each. A number such as 5: the seeds 0 to 4."""
    stages: Annotated[tuple[StageSettings, ...], ELSEWHERE, Field(min_length=1)]
    activations: Annotated[Activations, ELSEWHERE]
    """Rows of the grid."""
    selections: Annotated[Selections, ELSEWHERE]
    """Columns of the grid."""
    resources: Resources = Resources()
    report: Annotated[ReportSettings, NO_RESULT] = ReportSettings()
    ensembles: Annotated[dict[str, tuple[str, ...]], OURS, NO_RESULT] = Field(default_factory=dict)
    """Models to be averaged for Table 3: a name and its members, such as sigmoid/top_k."""

    def cell(self, selection: str) -> tuple[Stage, ...]:
        """The stages of every cell in this column."""
        return cell_stages(self.stages, self.selections[selection], self.optimizer.learning_rate)

    def check_parts(self, clips: Mapping[str, int]) -> None:
        """Refuse a data set without unverified clips where a stage draws some; `clips` counts each part.

        Raises:
            ValueError: names a column and what to do.
        """
        if clips.get("unverified"):
            return
        for name in self.selections:
            if any(stage.selection for stage in self.cell(name)):
                raise ValueError(
                    f"selections.{name} needs unverified clips, and the data set has none: leave the column "
                    "out, or set stages.*.unverified to 0"
                )

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
            named(name, "ensembles")
            if not members:
                raise ValueError(f"ensembles.{name}: name its members, such as {cells[0]}")
            for member in members:
                if member not in cells:
                    shown = shortened(member)
                    hint = did_you_mean(member, cells, least=0)
                    raise ValueError(f"ensembles.{name}: there is no cell {shown}{hint}")
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
