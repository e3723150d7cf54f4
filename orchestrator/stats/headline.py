"""The report in two sentences: the best cell, what its parts bring, and how sure that is."""

from collections.abc import Sequence

from orchestrator.legs.run import Run
from orchestrator.stats.assessment import ClaimResult, whole_grid
from orchestrator.stats.best import ranked
from orchestrator.stats.grid import Entry, Hole
from orchestrator.stats.predictions import Split
from orchestrator.stats.run_scores import RunScores
from orchestrator.stats.scoring import Score, ScoreKey

PLAIN_COLUMN, PLAIN_ROW = "verified_only", "sigmoid"
"""Without a selection, and with one head: what the others are held against."""

CLIPS: dict[Split, str] = {
    "cv": "in cross-validation",
    "public": "on public test clips",
    "private": "on private test clips",
    "test": "on test clips",
}


def headline(run: Run, scores: RunScores, claims: Sequence[ClaimResult]) -> tuple[str, ...]:
    """The first sentences of terminal and page."""
    best = next((entry for entry in ranked(run) if entry in scores.entries), None)
    if best is None:
        return ("No cell can be scored yet.",)
    shown = [result for result in whole_grid(claims) if result.evidence.split == _last(scores)]
    gains = [
        gain
        for noun, found in (("selection", _columns(shown)), ("a second head", _rows(run, shown)))
        if (gain := _gain(noun, found))
    ]
    brought = f", where {' and '.join(gains)}" if gains else ""
    return f"Best cell by cross-validation: {best}, lwlrap {_values(scores, best)}{brought}.", _certainty(
        run, scores
    )


def _score(scores: RunScores, entry: Entry, split: Split) -> Score | None:
    score = scores.find(entry, ScoreKey(split, ties=scores.settings.ties))
    return score if isinstance(score, Score) else None


def _last(scores: RunScores) -> Split:
    """The split that differences are told of: held-out clips where there are some."""
    return scores.splits_shown[-1]


def _values(scores: RunScores, entry: Entry) -> str:
    """The held-out clips first: cross-validation may flatter."""
    known = [(split, _score(scores, entry, split)) for split in reversed(scores.splits_shown)]
    return " and ".join(f"{score.value:.4f} {CLIPS[split]}" for split, score in known if score)


def _columns(results: Sequence[ClaimResult]) -> dict[str, ClaimResult]:
    """Differences of selections from none, by the column."""
    found = {}
    for result in results:
        higher, lower = result.claim.pairs[0]
        if lower.selection == PLAIN_COLUMN and higher.activation == lower.activation:
            found[higher.selection] = result
    return found


def _rows(run: Run, results: Sequence[ClaimResult]) -> dict[str, ClaimResult]:
    """Differences of two heads from one, by the row."""
    rows = run.experiment.activations
    found = {}
    for result in results:
        higher, lower = result.claim.pairs[0]
        if lower.activation == PLAIN_ROW and rows[higher.activation].n_heads > rows[PLAIN_ROW].n_heads:
            found[higher.activation] = result
    return found


def _gain(noun: str, results: dict[str, ClaimResult]) -> str:
    """The largest of some differences, said to be that."""
    known = {n: r.shown for n, r in results.items() if not isinstance(r.shown, Hole)}
    if not known:
        return ""
    name = max(known, key=lambda name: known[name].estimate)
    choice = f", the best of {len(known)}" if len(known) > 1 else ""
    return f"{noun} brings {known[name]} ({name}{choice}: {results[name].words})"


def _certainty(run: Run, scores: RunScores) -> str:
    """What the intervals leave open."""
    seeds, split = len(run.experiment.seeds), _last(scores)
    trained = (
        "One training of each cell was run" if seeds == 1 else f"Means of {seeds} trainings of each cell"
    )
    shown = [score for entry in scores.entries if (score := _score(scores, entry, split))]
    level, clips = f"{scores.settings.level:.0%}", "clips" if split == "cv" else "test clips"
    if any(score.crossed for score in shown):
        models = seeds * run.experiment.folds
        folds = "" if split == "cv" else f", {models} models on the same test clips"
        return (
            f"{trained}{folds}: the {level} intervals say what other {clips} and other trainings would "
            "change."
        )
    return (
        f"{trained}: the {level} intervals say what other {clips} would change, not "
        f"what {'another training' if seeds == 1 else 'other trainings'} would."
    )
