"""Every claim about speed in one table: `python -m tests.benchmarks [--times N] [NAME ...]`.

Without names: all but features, grid, forecast and start, which start Ray and take minutes.
`--times`: the grid is the demo with so many times its iterations.
"""

import argparse
import importlib
import os
from pathlib import Path

from tests.benchmarks.table import HEAD

LONG = {"features", "forecast", "grid", "start"}


def _names() -> list[str]:
    return sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*_names(), []])
    parser.add_argument("--times", type=float, default=0.1)
    given = parser.parse_args()
    os.environ["STAGEGRID_BENCH_TIMES"] = str(given.times)
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f} at the start: only what other programs leave is measured")
    print(HEAD, flush=True)
    for name in given.names or [name for name in _names() if name not in LONG]:
        for row in importlib.import_module(f"tests.benchmarks.bench_{name}").rows():
            print(row.line(), flush=True)


if __name__ == "__main__":
    main()
