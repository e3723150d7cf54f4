"""What an interval allows to say about a claim: the one place of verdicts and of their words."""

from collections import Counter
from collections.abc import Iterable
from enum import Enum

from orchestrator.artifacts.run import Hole
from orchestrator.report.scores.bootstrap import Difference


class Verdict(Enum):
    """On a claim that one number is higher than another."""

    HIGHER = "higher"
    """The whole interval of the difference is above zero."""
    UNCLEAR = "unclear"
    """Zero is in it."""
    LOWER = "lower"
    """All of it is below."""
    NOT_JUDGED = "not judged"
    """There is no difference to judge."""

    def words(self, one_training: bool) -> str:
        """For people. Intervals hold other clips open: of one training they speak of its models alone."""
        return (OF_THESE_MODELS if one_training else OF_MORE_TRAININGS)[self]


OF_THESE_MODELS = {
    Verdict.HIGHER: "higher in these models",
    Verdict.UNCLEAR: "no clear difference",
    Verdict.LOWER: "lower in these models",
    Verdict.NOT_JUDGED: "not judged",
}
OF_MORE_TRAININGS = {
    Verdict.HIGHER: "confirmed",
    Verdict.UNCLEAR: "not distinguishable",
    Verdict.LOWER: "contradicted",
    Verdict.NOT_JUDGED: "not judged",
}


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
