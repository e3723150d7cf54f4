"""What commands cost that compute nothing: CPU seconds of whole processes, run in turn.

The reference is the bare import of the libraries that most of them cannot do without. A kept report is what
a run with nothing left to do ends with.
"""

import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.report.build import write_report
from tests.benchmarks.table import Row, compared
from tests.orchestrator.fake_run import make_fake_run
from tests.places import ROOT

ROUNDS, SIDE = 3, 100
SIZES = "1,4,8,36,144"
BARE = "import typer, rich.console, pydantic, numpy, yaml, pyarrow.parquet, pyarrow.fs, jinja2, psutil"
STAGES = "stages:\n- {iterations: 10000}\n- {iterations: 10000, unverified: 0.5}\n- {iterations: 5000}\n"
REPORT = """
from orchestrator.legs.run import Run
from orchestrator.report.unchanged import unchanged_report
from orchestrator.files.store import Store
assert unchanged_report(Run.open(Store.open({folder!r})))
"""
ANEW = """
from orchestrator.legs.run import Run
from orchestrator.report.build import write_report
from orchestrator.files.store import Store
write_report(Run.open(Store.open({folder!r})))
"""


@dataclass(frozen=True)
class Measured:
    """A line of the table."""

    name: str
    words: list[str]
    target: float | None = None
    """CPU seconds."""


def cpu_seconds(words: list[str]) -> float:
    """CPU seconds of one process, its children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def large_grid(folder: Path) -> Path:
    """The configuration of SIDE x SIDE cells."""
    rows = [f"  a{i}: {{structure: sigmoid, head_weights: [{1 + i / 100}]}}" for i in range(SIDE)]
    columns = [f"  t{i}: {{mechanism: threshold, alpha: {0.5 + i / 300}}}" for i in range(SIDE)]
    text = "\n".join(["name: large", STAGES + "activations:", *rows, "selections:", *columns])
    path = folder / "large.yaml"
    path.write_text(text)
    return path


def lines(folder: Path) -> list[Measured]:
    """What is measured, the limit first."""
    cli, out = ["-m", "orchestrator.cli.app"], str(folder / "run")
    large = str(large_grid(folder))
    return [
        Measured("bare imports (limit)", ["-c", BARE]),
        Measured("--help", [*cli, "--help"], 0.3),
        Measured("status of a finished run", [*cli, "status", out], 0.8),
        Measured(
            f"plan of {SIDE**2} cells, 5 cluster sizes",
            [*cli, "plan", "--config", large, "--speed", "5", "--devices", SIZES],
            2.0,
        ),
        Measured("report kept", ["-c", REPORT.format(folder=out)]),
        Measured("report made anew", ["-c", ANEW.format(folder=out)]),
    ]


def rows() -> list[Row]:
    """Each command beside the imports it cannot do without, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        write_report(make_fake_run(Path(folder) / "run"))
        measured = lines(Path(folder))
        rounds = [[cpu_seconds(line.words) for line in measured] for _ in range(ROUNDS)]
    pairs = [[[row[place], row[0]] for row in rounds] for place in range(len(measured))]
    table = [compared(line.name, pair) for line, pair in zip(measured, pairs, strict=True)]
    return [replace(row, seconds=line.target) for row, line in zip(table, measured, strict=True)][1:]
