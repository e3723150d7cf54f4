"""The claims that are judged together: a fixed family, corrected for its size.

Of many claims about nothing some would come out at 95 % each. So verdicts are kept for what the paper itself
claims over the whole grid, on the held-out clips, for Table 2 in cross-validation, and of training but for
what holds in part by construction: fixed before any result. Everything else is exploratory.
"""

from collections.abc import Sequence

from orchestrator.stats.claims import NOT_IN_PAPER, Claim
from orchestrator.stats.predictions import Split


def in_family(claim: Claim, split: Split | None, held_out: Split) -> bool:
    """Whether a claim by the scores of a split, or by training (None), is one of those."""
    judged_on = held_out if claim.clips == "all" else "cv"
    papers = claim.scope.is_whole_grid and claim.source != NOT_IN_PAPER and claim.judged
    return papers and split in (judged_on, None)


def holm(p: Sequence[float]) -> list[float]:
    """Corrected p-values: rejecting those up to alpha errs in the whole family with at most alpha.

    Holm (1979, Scandinavian Journal of Statistics 6, 65-70); nothing is assumed of their dependence. A claim
    of the family that cannot be tested has p = 1: the family's size does not depend on results.
    """
    corrected, worst = [1.0] * len(p), 0.0
    for rank, place in enumerate(sorted(range(len(p)), key=lambda place: p[place])):
        worst = max(worst, min(1.0, (len(p) - rank) * p[place]))
        corrected[place] = worst
    return corrected
