"""What an interval allows to say about a claim: the one place of verdicts and of their words."""

from collections import Counter
from collections.abc import Iterable
from enum import Enum

from orchestrator.stats.bootstrap import Difference
from orchestrator.stats.grid import Hole


class Verdict(Enum):
    """On a claim that one number is higher than another."""

    HIGHER = "higher"
    """The whole interval of the difference is above zero."""
    UNCLEAR = "unclear"
    """Zero is in it."""
    LOWER = "lower"
    """All of it is below."""
    EXPLORATORY = "no verdict"
    """There is an interval, and no verdict is due."""
    NOT_JUDGED = "not judged"
    """There is no difference to judge."""


WORDS = {
    Verdict.HIGHER: ("higher in these models", "confirmed"),
    Verdict.UNCLEAR: ("no clear difference", "not distinguishable"),
    Verdict.LOWER: ("lower in these models", "contradicted"),
    Verdict.NOT_JUDGED: ("not judged", "not judged"),
}
"""Of these models, and of more trainings."""


class Standing(Enum):
    """What a difference can say: it decides the words."""

    THESE_MODELS = "these models"
    """Its interval is over other clips, not over another training."""
    EXPLORATORY = "exploratory"
    """Its interval is over other clips and trainings, but it is not of the claims that are judged."""
    TOO_FEW = "too few trainings"
    """It is of the claims that are judged, with fewer than ENOUGH degrees of freedom."""
    JUDGED = "judged"
    """Its interval is over other clips and trainings, corrected for the number of claims judged."""

    def words(self, verdict: Verdict) -> str:
        """A verdict for people."""
        if verdict is Verdict.EXPLORATORY:
            return f"no verdict ({self.value})"
        return WORDS[verdict][self is Standing.JUDGED]


def verdict_on(difference: Difference | Hole) -> Verdict:
    """By the interval of a difference; none where there is no difference."""
    if isinstance(difference, Hole):
        return Verdict.NOT_JUDGED
    if difference.low > 0:
        return Verdict.HIGHER
    return Verdict.LOWER if difference.high < 0 else Verdict.UNCLEAR


def counted(verdicts: Iterable[tuple[Verdict, str]]) -> dict[str, int]:
    """How often each verdict was given, by its words."""
    order = list(Verdict)
    return dict(Counter(words for _, words in sorted(verdicts, key=lambda given: order.index(given[0]))))
