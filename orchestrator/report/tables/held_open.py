"""What the intervals of a table hold open, in words: other clips, and other trainings."""

from collections.abc import Sequence

from orchestrator.legs.run import Run
from orchestrator.stats.assessment import ClaimResult
from orchestrator.stats.components import ENOUGH
from orchestrator.stats.grid import Hole
from orchestrator.stats.predictions import Split
from orchestrator.stats.run_scores import RunScores
from orchestrator.stats.scoring import ScoreKey
from orchestrator.stats.verdicts import Standing


def where_open(run: Run, scores: RunScores) -> str:
    """Of scores, on each split that is shown."""
    kinds: dict[str, list[str]] = {}
    for split in scores.splits_shown:
        kinds.setdefault(_kind(run, scores, split), []).append(split)
    return "; ".join(f"{' and '.join(splits)}: {kind}" for kind, splits in kinds.items())


def _kind(run: Run, scores: RunScores, split: Split) -> str:
    key = ScoreKey(split, ties=scores.settings.ties)
    found = [entry.scores[key] for entry in scores.entries.values() if key in entry.scores]
    models = sorted({len(s.by_seed) * run.experiment.folds for s in found if s.crossed})
    if not models:
        return f"other clips alone, bootstrap of {scores.settings.resamples} samples: one training was run"
    return f"other clips and other trainings, {' or '.join(map(str, models))} models a cell"


KEPT = {
    "none": "files of equal bytes are kept together, sources are not: cross-validation may flatter",
    "source": "clips of one source are kept together",
}
"""By `fold_group`."""


def kept_together(run: Run) -> str:
    """What the folds keep together, and which score to look at first."""
    has_test = bool((run.clips["part"] == "test").any())
    return KEPT[run.experiment.fold_group] + ("; test clips are the primary score" if has_test else "")


def held_open(claims: Sequence[ClaimResult]) -> str:
    """Of claims: what their verdicts are kept for."""
    family = sum(result.corrected_p is not None for result in claims)
    said = (
        "confirmed, contradicted and not distinguishable are said only with other clips and other trainings "
        f"held open by at least {ENOUGH} degrees of freedom, of the {family} claims of the paper about the "
        "whole grid, corrected for their number (Holm); everything else is exploratory"
    )
    why = why_these_models(claims)
    return f"{said}; in these models: {why}, nothing is known of another" if why else said


def why_these_models(claims: Sequence[ClaimResult]) -> str:
    """Why some differences are of these models alone; empty where none is."""
    alone = [r for r in claims if r.standing is Standing.THESE_MODELS and not isinstance(r.difference, Hole)]
    if not alone:
        return ""
    return "too few trainings of the same seeds" if any(r.unpaired for r in alone) else "one training was run"
