"""The beginning of the report's page, without any HTML: what the run is, the grid, the verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.artifacts.run import Run
from orchestrator.report.claims.claims import ClaimResult
from orchestrator.report.figures.grids import SPLIT_NAMES, splits_shown
from orchestrator.report.scores.bootstrap import Difference
from orchestrator.report.scores.run_scores import Entry, RunScores
from orchestrator.report.scores.scoring import Score, What


@dataclass(frozen=True)
class Summary:
    """The page's first lines."""

    name: str
    shape: str
    """Rows x columns, folds, seeds."""
    clips: str
    missing: tuple[str, ...]
    """Cells without a result, with the reason."""


def summary(run: Run, scores: RunScores) -> Summary:
    """What the run is about, in two sentences, and what is not there."""
    experiment, counts = run.experiment, run.clips["part"].value_counts()
    seeds = experiment.seeds
    shape = (
        f"{_counted(len(experiment.activations), 'activation')} × "
        f"{_counted(len(experiment.selections), 'selection')}, {experiment.folds} folds, "
        + (f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {', '.join(map(str, seeds))}")
    )
    clips = ", ".join(
        f"{counts.get(part, 0):,} {part.replace('test', 'test clips')}"
        for part in ("verified", "unverified", "test")
    )
    missing = [f"{entry}: {reason}" for entry, reason in scores.holes.items()]
    for entry, found in scores.entries.items():
        missing += [f"{entry}, seed {seed}: {reason}" for seed, reason in found.missing_seeds.items()]
    return Summary(
        experiment.name, shape, f"{clips} of {len(run.manifest.vocabulary)} classes", tuple(missing)
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


@dataclass(frozen=True)
class GridCell:
    """An entry of the grid on one split."""

    score: Score | None
    reason: str
    """Why there is no score."""
    rank: float
    """0 for the lowest score of the split, 1 for the highest."""
    best: bool


@dataclass(frozen=True)
class Grid:
    """All entries on one split."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[GridCell, ...]], ...]


def grids(run: Run, scores: RunScores) -> list[Grid]:
    """The grid on cv and on the held-out clips, as far as they can be scored."""
    return [_grid(run, scores, What(split, ties=scores.settings.ties)) for split in splits_shown(scores)]


def _grid(run: Run, scores: RunScores, what: What) -> Grid:
    columns = tuple(run.experiment.selections)
    found = {row: [scores.find(Entry(row, c), what) for c in columns] for row in run.experiment.activations}
    values = [score.value for row in found.values() for score in row if isinstance(score, Score)]
    low, high = min(values, default=0.0), max(values, default=0.0)

    def cell(score: Score | str) -> GridCell:
        if isinstance(score, str):
            return GridCell(None, score, 0.0, False)
        rank = (score.value - low) / (high - low) if high > low else 1.0
        return GridCell(score, "", rank, score.value == high)

    rows = tuple((name, tuple(map(cell, row))) for name, row in found.items())
    return Grid(SPLIT_NAMES[what.split], columns, rows)


@dataclass(frozen=True)
class VerdictRow:
    """A claim and what every split says about it."""

    sentence: str
    where: str
    source: str
    splits: tuple[ClaimResult | None, ...]


@dataclass(frozen=True)
class Verdicts:
    """Claims about the same splits."""

    title: str
    splits: tuple[str, ...]
    rows: tuple[VerdictRow, ...]


def verdicts(claims: Sequence[ClaimResult]) -> list[Verdicts]:
    """The claims over the whole grid, or all where there are none such: those about lwlrap, then the rest."""
    chosen = _whole(claims)
    about_scores = [found for found in chosen if found.split != "curves"]
    about_curves = [found for found in chosen if found.split == "curves"]
    titled = (("Claims about lwlrap", about_scores), ("Claims about the selection threshold", about_curves))
    return [_verdicts(title, found) for title, found in titled if found]


def _whole(claims: Sequence[ClaimResult]) -> list[ClaimResult]:
    whole = [found for found in claims if found.claim.where.startswith("all ") or found.split == "curves"]
    return whole or list(claims)


def _verdicts(title: str, claims: Sequence[ClaimResult]) -> Verdicts:
    splits = [str(split) for split in dict.fromkeys(found.split for found in claims)]
    table: dict[tuple[str, str, str], dict[str, ClaimResult]] = {}
    for found in claims:
        key = (found.claim.statement, found.claim.where, found.claim.source)
        table.setdefault(key, {})[found.split] = found
    rows = tuple(VerdictRow(*key, tuple(of.get(split) for split in splits)) for key, of in table.items())
    names = tuple("verdict" if split == "curves" else SPLIT_NAMES[split] for split in splits)
    return Verdicts(title, names, rows)


def verdict_counts(claims: Sequence[ClaimResult]) -> str:
    """How often each verdict was given, in words."""
    found = [result.verdict for result in _whole(claims)]
    names = ("confirmed", "not distinguishable", "contradicted", "not judged")
    counts = [f"{found.count(name)} {name}" for name in names if name in found]
    return f"Of {_counted(len(found), 'verdict')}: {', '.join(counts)}" if found else ""


def difference_text(difference: Difference) -> str:
    """A difference with its interval."""
    return f"{difference.estimate:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]"
