"""A model as a folder that can be given away: weights, settings, and a card that says what it is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from orchestrator.files.store import Store
from orchestrator.legs.run import Run
from orchestrator.report.inputs import difference_from_fsdkaggle2019, read_clips, read_predictions
from orchestrator.stats.grid import Interval
from orchestrator.stats.predictions import SPLITS, ensemble_of, make_pools
from orchestrator.stats.scoring import Score, ScoreKey, cell_sums, ensemble_sums, score_cells
from orchestrator.tagging.systems import System, read_weights
from trainable.errors import UserError
from trainable.tagger import MODEL, ModelFile, Tagger, read_model_file

CARD = "README.md"
ONNX = "model.onnx"
CLASSES_SHOWN = 200
TEMPLATES = Environment(
    loader=PackageLoader("orchestrator.tagging"),
    autoescape=False,  # Markdown, and its own filter `plain` for whatever a label may hold
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def export_model(run: Run, system: System, folder: Path, onnx: bool = False) -> list[str]:
    """Write the system to `folder` (see `trainable.tagger`), model.json last; the names of its files.

    `onnx`: also model.onnx, which needs neither torch nor this program.

    Raises:
        UserError: the folder holds something else, or ONNX is not installed.
    """
    described, weights = read_weights(run, system)
    tagger = Tagger.assemble(described, weights, "cpu")  # refused here, not where it is opened
    files = {member.file: data for member, data in zip(described.members, weights, strict=True)}
    if onnx:
        from orchestrator.tagging.onnx_file import onnx_bytes

        files[ONNX] = onnx_bytes(tagger)
    files[CARD] = model_card(run, system, described, onnx).encode()
    store = Store.open(folder)
    _clear(store)
    for name, data in files.items():
        store.write(name, data)
    store.write_model(MODEL, described)
    return [*files, MODEL]


def _clear(store: Store) -> None:
    """Remove a model that is here; nothing else is touched."""
    left = store.names()
    if not left:
        return
    if MODEL not in left:
        raise UserError(f"{store} holds something else ({left[0]}): name a new folder for the model")
    members = [member.file for member in read_model_file(Path(store.base)).members]
    for name in (MODEL, CARD, ONNX, *members):
        store.delete(name)


def score_system(run: Run, system: System) -> dict[ScoreKey, Score]:
    """lwlrap of the system's networks together, with bootstrap intervals, on every split with labels."""
    settings, pools = run.experiment.report, make_pools(read_clips(run))
    members = [read_predictions(run, cell)[0] for cell in system.cells]
    sums = ensemble_sums(ensemble_of(members, settings.clip_sigma), pools, settings)
    return score_cells({system.name: {0: sums}}, pools, settings)[system.name]


def score_networks(run: Run, system: System) -> dict[ScoreKey, Score]:
    """lwlrap of one network, the mean of all, on the same splits; none where they are not of one cell."""
    if len({cell.entry for cell in system.cells}) > 1:
        return {}
    settings, pools = run.experiment.report, make_pools(read_clips(run))
    sums = {
        cell.seed: cell_sums({"raw": read_predictions(run, cell)[0]}, {}, pools, settings)
        for cell in system.cells
    }
    return score_cells({system.name: sums}, pools, settings)[system.name]


@dataclass(frozen=True)
class CardLine:
    """A line of the card's table of scores."""

    lwlrap: float
    interval: Interval
    over: str
    """The interval covers other samples of these: clips, or clips and trainings."""
    networks: str
    clips: str


def model_card(run: Run, system: System, file: ModelFile, onnx: bool) -> str:
    """The text of README.md: what the model is, how good, made from what, and how it is opened."""
    counts = run.clips["part"].value_counts()
    return TEMPLATES.get_template("model_card.md.j2").render(
        name=system.name,
        file=file,
        level=run.experiment.report.level,
        lines=tuple(card_lines(run, system)),
        clips={part: counts[part] for part in ("verified", "unverified", "test") if part in counts},
        difference=difference_from_fsdkaggle2019(run),
        manifest=run.manifest,
        onnx=onnx,
        classes=file.vocabulary[:CLASSES_SHOWN],
    )


def card_lines(run: Run, system: System) -> Iterator[CardLine]:
    """The system's scores on every split that has labels: all networks together, then one of them."""
    together, single = score_system(run, system), score_networks(run, system)
    ties = run.experiment.report.ties
    of_single = f"one network, mean of {len(system.cells) * run.experiment.folds}"
    for split in SPLITS:
        if score := together.get(ScoreKey(split, "blend", ties=ties)):
            yield CardLine(score.value, score.interval, "clips", "all networks together", split)
        mean = single.get(ScoreKey(split, ties=ties))
        if mean and mean.crossed:
            yield CardLine(mean.value, mean.shown, "clips and trainings", of_single, split)


def plain(text: str) -> str:
    """Text that is no markup: what a label may hold is anybody's choice."""
    return re.sub(r"[^\w .,:;+()&'-]", "?", text)[:100]


TEMPLATES.filters["plain"] = plain
