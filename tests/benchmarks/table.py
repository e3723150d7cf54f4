"""The table of all benchmarks: ours beside a simple reference, run in turn in one process or machine."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Call = Callable[[], object]
HEAD = f"{'what':48} {'ours':>10} {'reference':>10} {'ratio':>8} {'target':>9} {'limit':>7}  reached"


@dataclass(frozen=True)
class Row:
    """One claim: medians in seconds, and the median of the rounds' ratios."""

    what: str
    ours: float
    reference: float | None = None
    """The simple other way; None: nothing else does the same."""
    ratio: float | None = None
    """Ours divided by the reference, round by round."""
    target: float | None = None
    """Largest ratio that keeps the claim."""
    seconds: float | None = None
    """Most seconds that keep the claim."""
    limit: float | None = None
    """Ratio that cannot be beaten, where it is known."""

    @property
    def far(self) -> float | None:
        """How many times the target the measured value is; None where there is no target."""
        if self.seconds is not None:
            return self.ours / self.seconds
        return None if self.target is None or self.ratio is None else self.ratio / self.target

    def line(self) -> str:
        """The row as text."""
        target = f"{self.seconds:.2f} s" if self.seconds is not None else _times(self.target)
        verdict = "" if self.far is None else "yes" if self.far <= 1 else f"no: {self.far:.2f} of the target"
        times = f"{_seconds(self.ours):>10} {_seconds(self.reference):>10} {_times(self.ratio):>8}"
        return f"{self.what:48} {times} {target:>9} {_times(self.limit):>7}  {verdict}"


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2f} s" if value >= 1 else f"{1e3 * value:.2f} ms"


def _times(value: float | None) -> str:
    return "" if value is None else f"{value:.3g} x"


def in_turn(
    calls: Sequence[Call], rounds: int, clock: Callable[[], float] = time.perf_counter, warm_up: int = 1
) -> list[list[float]]:
    """Seconds of each call, round by round: (rounds, calls)."""

    def spent(call: Call) -> float:
        start = clock()
        call()
        return clock() - start

    return [[spent(call) for call in calls] for _ in range(rounds + warm_up)][warm_up:]


def compared(
    what: str, rounds: list[list[float]], target: float | None = None, limit: float | None = None
) -> Row:
    """A row of what came first in each round against what came second."""
    ours, reference = (statistics.median(column) for column in list(zip(*rounds, strict=True))[:2])
    ratio = statistics.median(row[0] / row[1] for row in rounds)
    return Row(what, ours, reference, ratio, target, limit=limit)
