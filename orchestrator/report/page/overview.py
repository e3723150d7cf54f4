"""The beginning of the report's page, without any HTML: what the run is, the grid, the verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.legs.run import Run
from orchestrator.stats.assessment import (
    TRAINING,
    ClaimResult,
    Evidence,
    whole_grid,
)
from orchestrator.stats.claims import Claim
from orchestrator.stats.grid import Entry, Hole
from orchestrator.stats.paper import Published
from orchestrator.stats.predictions import SPLIT_NAMES
from orchestrator.stats.run_scores import RunScores
from orchestrator.stats.scoring import Score, ScoreKey
from orchestrator.stats.verdicts import counted


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
    missing = [f"{entry}: {hole}" for entry, hole in scores.holes.items()]
    for entry, of_entry in scores.entries.items():
        missing += [f"{entry}, seed {seed}: {hole}" for seed, hole in of_entry.missing_seeds.items()]
    return Summary(
        experiment.name, shape, f"{clips} of {len(run.manifest.vocabulary)} classes", tuple(missing)
    )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


@dataclass(frozen=True)
class GridCell:
    """An entry of the grid on one split."""

    score: Score | Hole
    rank: float = 0.0
    """0 for the lowest score of the split, 1 for the highest."""
    best: bool = False
    published: float | None = None


@dataclass(frozen=True)
class Grid:
    """All entries on one split."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[GridCell, ...]], ...]


def grids(run: Run, scores: RunScores, published: Published) -> list[Grid]:
    """The grid on cv and on the held-out clips, as far as they can be scored."""
    ties = scores.settings.ties
    return [_grid(run, scores, ScoreKey(split, ties=ties), published) for split in scores.splits_shown]


def _grid(run: Run, scores: RunScores, key: ScoreKey, published: Published) -> Grid:
    columns = tuple(run.experiment.selections)
    found = {entry: scores.find(entry, key) for entry in run.entries}
    values = [score.value for score in found.values() if isinstance(score, Score)]
    low, high = min(values, default=0.0), max(values, default=0.0)

    def cell(entry: Entry) -> GridCell:
        score = found[entry]
        if isinstance(score, Hole):
            return GridCell(score)
        rank = (score.value - low) / (high - low) if high > low else 1.0
        return GridCell(score, rank, score.value == high, published.table1(entry, key.split))

    rows = tuple((row, tuple(cell(Entry(row, c)) for c in columns)) for row in run.experiment.activations)
    return Grid(SPLIT_NAMES[key.split], columns, rows)


@dataclass(frozen=True)
class VerdictRow:
    """A claim and what all evidence says about it."""

    claim: Claim
    results: tuple[ClaimResult | None, ...]
    """By the columns of the table; None where a claim is not about such clips."""


@dataclass(frozen=True)
class Verdicts:
    """Claims with evidence of the same kind."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[VerdictRow, ...]


def verdicts(claims: Sequence[ClaimResult]) -> list[Verdicts]:
    """The claims over the whole grid, or all where there are none such: those about lwlrap, then the rest."""
    shown = whole_grid(claims)
    by_scores = [result for result in shown if result.evidence != TRAINING]
    by_training = [result for result in shown if result.evidence == TRAINING]
    titled = (("Claims about lwlrap", by_scores), ("Claims about training", by_training))
    return [_verdicts(title, results) for title, results in titled if results]


def _verdicts(title: str, results: Sequence[ClaimResult]) -> Verdicts:
    columns = list(dict.fromkeys(result.evidence for result in results))
    by_claim: dict[Claim, dict[Evidence, ClaimResult]] = {}
    for result in results:
        by_claim.setdefault(result.claim, {})[result.evidence] = result
    rows = tuple(
        VerdictRow(claim, tuple(of_claim.get(evidence) for evidence in columns))
        for claim, of_claim in by_claim.items()
    )
    names = tuple(SPLIT_NAMES[evidence.split] if evidence.split else "verdict" for evidence in columns)
    return Verdicts(title, names, rows)


def verdict_counts(claims: Sequence[ClaimResult]) -> str:
    """How often each verdict was given, in words."""
    counts = counted((result.verdict, result.words) for result in whole_grid(claims))
    told = ", ".join(f"{count} {words}" for words, count in counts.items())
    return f"Of {_counted(sum(counts.values()), 'verdict')}: {told}" if counts else ""
