"""Every file that a run leaves: its name, and the schema of what is JSON.

OUT/run.json                RunManifest
    legs.md                 which leg's folder is what, for people (manifest)
    clips.parquet           every clip with its labels and fold: `tables.CLIP_COLUMNS`
    noise_truth.parquet     fname, given, true, kind; only where the data set knows its label errors
    data/                   the embedded data set, where no other was given (data.synth.synthesize)
    features/<id>/          log-mel frames (features.feature_set)
    features/recordings.parquet     checksums of the sound files (features.recordings)
    .lock, lock.json        who fills the grid now (files.processes)
    driver.json             DriverNote: what the driver sees, fresh while it is at work (progress)
    ray/                    Ray's own notes; nothing is read from them
    legs/<leg id>/leg.json      LegIdentity, written first
                  fold-<k>/curves.parquet       a row for each iteration: `tables.CURVE_COLUMNS`
                           predictions.parquet  raw scores of validation and test clips (tables)
                           unverified.parquet   the final model's scores of unverified clips (tables);
                                                only where a selection has judged some
                           judgements.parquet   what the selection made of them: `tables.JUDGEMENT_COLUMNS`
                           weights.safetensors  of the last prediction
                           state.pt             where a branch or an interrupted fold goes on (fold_folder)
                           state.previous.pt    the one before, while the fold trains
                           progress.json        FoldProgress
                           fold.json            FoldResult, written last: this fold is done
                  result.json                   LegResult, written last: the leg is done
                  failure.json, failure.log     LegFailure, and the traceback; gone when it is tried again
    report/                 the report (report.build)
           live.html        the run as it is now (watch.live_page)
           made.json        ReportNote: what it was made from (report.unchanged)
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, TypeAdapter

from orchestrator.files.integrity import Sealed, StoredFile
from orchestrator.files.store import Artifact
from orchestrator.legs.plan import Leg
from orchestrator.stats.grid import Cell

RUN = "run.json"
CLIPS = "clips.parquet"
NOISE_TRUTH = "noise_truth.parquet"
DATA = "data"
RAY = "ray"
DRIVER = "driver.json"
LEGS = "legs"
LEGS_INDEX = "legs.md"
REPORT = "report"
LIVE_PAGE = "live.html"
MADE = "made.json"
LEG = "leg.json"
RESULT = "result.json"
FAILURE = "failure.json"
FAILURE_LOG = "failure.log"

CURVES = "curves.parquet"
PREDICTIONS = "predictions.parquet"
UNVERIFIED = "unverified.parquet"
JUDGEMENTS = "judgements.parquet"
WEIGHTS = "weights.safetensors"
STATE = "state.pt"
PREVIOUS_STATE = "state.previous.pt"
PROGRESS = "progress.json"
FOLD = "fold.json"


def fold_name(fold: int) -> str:
    """Name of a fold's folder in its leg's."""
    return f"fold-{fold}"


def is_fold(name: str) -> bool:
    """Whether a name in a leg's folder is a fold's."""
    return name.startswith("fold-")


class LegIdentity(Artifact):
    """leg.json: what a leg is."""

    label: str
    """Name for people: row, columns, seed."""
    identity: dict[str, Any]
    """All that can change its outcome; the leg's id is a hash of it."""


class FoldResult(Artifact):
    """fold.json: how the training of a fold ended."""

    iterations: int
    """Iterations from the root of the tree to the leg's end."""
    own_iterations: int
    """Iterations done by the process that finished the fold."""
    seconds: float
    """Seconds since that process took up the leg."""
    rate: float | None
    """Iterations per second of that process."""
    lwlrap: float
    """lwlrap of the validation clips, at the end."""
    fscore: float
    """Micro F-score of the validation clips, at the end."""
    device: str
    """torch's name of the device that trained it."""
    node: str
    """Ray's id of the machine."""
    files: dict[str, StoredFile]
    """What the fold has left, by name."""


class LegResult(Artifact, Sealed):
    """result.json: a trained leg."""

    folds: tuple[FoldResult, ...]
    """Results of the folds, in the order of their numbers."""
    fold_files: tuple[StoredFile, ...]
    """What the fold.json of each was when it was written."""

    @property
    def lwlrap(self) -> float:
        """Mean lwlrap of the folds' validation clips."""
        return sum(fold.lwlrap for fold in self.folds) / len(self.folds)


class LegFailure(Artifact):
    """failure.json: why a leg has no result."""

    reason: str
    """The reason in one line."""
    log: str | None = None
    """File with the traceback, where the fault is this program's."""


class FoldProgress(Artifact):
    """progress.json: how far a fold is, for people. Never read back by training."""

    iteration: int
    """Iterations of the cell that are done."""
    first: int
    """Iterations before this leg."""
    last: int
    """Iterations of the cell at this leg's end."""
    rate: float | None
    """Iterations per second of this process."""
    loss: float | None
    """Newest batch loss (eq. 1)."""
    eta: float | None
    """Newest updatable threshold (eq. 2)."""
    T: float | None
    """Newest ranked loss T_t."""
    kept: float | None
    """Share of unverified clips whose loss counted in the newest batch."""
    fscore: float | None
    """Newest F-score of the validation clips."""
    lwlrap: float | None
    """Newest lwlrap of the validation clips."""
    host: str
    """Machine of the worker."""
    pid: int
    """Number of the worker's process on it."""
    time: float
    """When this was written: seconds since 1970."""
    scored: int = 0
    """Clips that have their scores in the pass that goes on now: validation, test or unverified clips."""
    to_score: int = 0
    """Clips of that pass; 0 between passes."""
    history: dict[str, list[float | None]] = Field(default_factory=dict)
    """Each curve from the first iteration to the newest in some 60 values, to be drawn."""


_cell = TypeAdapter(Cell)


def _listed(ends: dict[Cell, str]) -> list[dict[str, Any]]:
    return [{**vars(cell), "leg": leg} for cell, leg in ends.items()]


def _mapped(ends: object) -> object:
    """Cells and their legs as run.json lists them, or as they are in memory."""
    if not isinstance(ends, list):
        return ends
    try:
        return {_cell.validate_python(cell): cell["leg"] for cell in ends}
    except KeyError:
        raise ValueError("a cell does not say which leg it ends with") from None


class Timing(Artifact):
    """How long the training of a whole grid took."""

    seconds: float
    """From the first run's start to the last one's end."""
    runs: int
    """Number of Ray Train runs."""
    runs_at_once: int
    """How many of these runs trained at a time."""
    share: float
    """Share of a device (a GPU, or a CPU where there are none) that each fold had."""


class RunManifest(Artifact, Sealed):
    """run.json: what a run is; enough to tell what its numbers mean, and to do it again."""

    config: dict[str, Any]
    """All settings, as they were read."""
    source: str
    """The configuration file."""
    assignments: list[str]
    """What --set changed in it."""
    vocabulary: list[str]
    """The classes, in the order of all scores."""
    layout: str
    """Layout of the data set's folder."""
    dropped: list[str]
    """Officially bad clips that were left out."""
    skipped: dict[str, str] = Field(default_factory=dict)
    """Clips that were left out because their files are bad, with the reason."""
    data_folder: str
    """The data set's folder."""
    features: str
    """Content hash of the features."""
    data_id: str
    """Hash of features, labels and folds."""
    legs: list[Leg]
    """All legs, parents first."""
    cells: Annotated[dict[Cell, str], BeforeValidator(_mapped), PlainSerializer(_listed)]
    """All cells: row, column and seed, and the id of the leg at whose end the cell's model is."""
    iterations: int
    """Iterations of one fold of the whole grid with shared stems."""
    iterations_alone: int
    """Iterations of one fold of the whole grid with every cell trained on its own."""
    files: dict[str, StoredFile]
    """clips.parquet and, where there is one, noise_truth.parquet."""
    environment: dict[str, str]
    """Versions, hardware, git commit."""
    started: str
    """When the command ran last: UTC, ISO 8601."""
    seconds: float | None = None
    """How long the last command took; null while it runs or where it was killed."""
    timing: Timing | None = None
    """How long the training took, where one command has done all of it."""
