"""Mutate and read until the time is up; print the seeds of what fails."""

import argparse
import itertools
import signal
import sys
import time
import traceback
from random import Random
from types import FrameType

from tests.fuzz.mutations import mutated
from tests.fuzz.targets import TARGETS, attempt

HANGS = 20
"""Seconds after which a case counts as failed."""
FAILURES = 20
"""Seeds of one target that are printed."""


def case(name: str, seed: int) -> bytes:
    """The bytes of a case."""
    return mutated(TARGETS[name].seeds(), Random(f"{name} {seed}"))


def fails(name: str, seed: int) -> bool:
    """Whether a case ends in anything but a value or a UserError; says how."""
    data = case(name, seed)
    signal.alarm(HANGS)
    try:
        attempt(name, data)
    except Exception:
        print(f"--target {name} --seed {seed}: {data[:300]!r}")
        traceback.print_exc(file=sys.stdout)
        return True
    finally:
        signal.alarm(0)
    return False


def _hangs(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"not done after {HANGS} seconds")


def main() -> int:
    """Exit code 1 where a case failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--target", choices=TARGETS, help="only this one")
    parser.add_argument("--seed", type=int, help="only this case of --target")
    parser.add_argument("--first", type=int, default=0, help="seed of the first case")
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, _hangs)
    if options.seed is not None:
        return int(fails(options.target, options.seed))
    names = [options.target] if options.target else list(TARGETS)
    failed, until, cases = dict.fromkeys(names, 0), time.monotonic() + 60 * options.minutes, 0
    for seed in itertools.count(options.first):
        for name in names:
            if time.monotonic() > until:
                print(f"{cases} cases, up to seed {seed}; failed: {sum(failed.values())}")
                return int(any(failed.values()))
            if failed[name] < FAILURES:
                failed[name] += fails(name, seed)
                cases += 1
    raise AssertionError


if __name__ == "__main__":
    sys.exit(main())
