"""Run every benchmark, or those named: `python -m tests.benchmarks [logmel ...]`."""

import importlib
import sys
from pathlib import Path


def main(names: list[str]) -> None:
    found = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))
    for module in found:
        if not names or module.removeprefix("bench_") in names:
            print(f"== {module.removeprefix('bench_')}")
            importlib.import_module(f"tests.benchmarks.{module}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
