"""The report of a run of the paper's size, 9 cells x 4 folds, 4481 test clips: its numbers, and all of it.

The whole one has all unverified clips, which six cells judge, and 25,000 iterations in its curves.
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from orchestrator.legs import artifacts
from orchestrator.report.build import write_ensembles, write_report
from orchestrator.report.inputs import published_beside
from orchestrator.report.tables.files import make_tables, write_tables
from tests.benchmarks.table import Row
from tests.orchestrator.fake_run import Numbers, make_fake_run
from tests.orchestrator.measured import claims_about, scores_of

PAPER_SIZE = Numbers(verified=4964, unverified=100, test=4481, classes=80, separation=3.0)
REAL_SIZE = replace(PAPER_SIZE, unverified=19_815, iterations=(10_000, 10_000, 5_000), batch=64)
SCHEDULE = {"evaluate_every": 250, "checkpoint_every": 500}
RESAMPLES, TARGET = 10_000, 15.0
ENSEMBLES = {"best": ["sigmoid_softmax/threshold", "sigmoid_sparsemax/threshold"]}
CONFIG = {"report": {"resamples": RESAMPLES}, "ensembles": ENSEMBLES}


def rows() -> Iterator[Row]:
    """Everything between a finished run and its tables, then all of a report, figures and page included."""
    yield from _numbers()
    with tempfile.TemporaryDirectory() as folder:
        run = make_fake_run(Path(folder), folds=4, numbers=REAL_SIZE, config=CONFIG | {"schedule": SCHEDULE})
        wall, cpu = time.perf_counter(), time.process_time()
        write_report(run)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    yield Row("whole report at the real size", wall, seconds=TARGET)
    yield Row("  of it CPU of its process", cpu)


def _numbers() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        run = make_fake_run(Path(folder), folds=4, numbers=PAPER_SIZE, config=CONFIG)
        ticks = [time.perf_counter()]
        scores = scores_of(run)
        ticks.append(time.perf_counter())
        published = published_beside(run)
        claims = claims_about(run, scores, published)
        ticks.append(time.perf_counter())
        report = run.store / artifacts.REPORT
        write_tables(make_tables(run, scores, claims, published), run, scores, published, report)
        write_ensembles(run, scores.ensembles.complete, report)
        ticks.append(time.perf_counter())
    spent = [after - before for before, after in pairwise(ticks)]
    steps = [Row(f"  of it {name}", t) for name, t in zip(("scores", "claims", "tables"), spent, strict=True)]
    return [Row("report's numbers at the paper's size", sum(spent), seconds=TARGET), *steps]
