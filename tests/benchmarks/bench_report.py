"""Scores, claims and tables of a run of the paper's size: 9 cells x 4 folds, 4481 test clips."""

import tempfile
import time
from itertools import pairwise
from pathlib import Path

from orchestrator.artifacts import files
from orchestrator.report.claims.assessment import assess_claims
from orchestrator.report.claims.published import Published
from orchestrator.report.scores.ensembles import write_ensembles
from orchestrator.report.scores.run_scores import score_run
from orchestrator.report.tables.all_tables import make_tables
from orchestrator.report.tables.files import write_tables
from tests.benchmarks.table import Row
from tests.orchestrator.fake_run import Numbers, make_fake_run

PAPER_SIZE = Numbers(verified=4964, unverified=100, test=4481, classes=80, separation=3.0)
RESAMPLES, TARGET = 10_000, 15.0
ENSEMBLES = {"best": ["sigmoid_softmax/threshold", "sigmoid_sparsemax/threshold"]}


def rows() -> list[Row]:
    """Everything between a finished run and its tables; figures and pages are not in it."""
    with tempfile.TemporaryDirectory() as folder:
        config = {"report": {"resamples": RESAMPLES}, "ensembles": ENSEMBLES}
        run = make_fake_run(Path(folder), folds=4, numbers=PAPER_SIZE, config=config)
        ticks = [time.perf_counter()]
        scores = score_run(run)
        ticks.append(time.perf_counter())
        published = Published.beside(run)
        claims = assess_claims(run, scores, published)
        ticks.append(time.perf_counter())
        report = run.store / files.REPORT
        write_tables(make_tables(run, scores, claims, published), run, scores, published, report)
        write_ensembles(run, scores.ensembles.complete, report)
        ticks.append(time.perf_counter())
    spent = [after - before for before, after in pairwise(ticks)]
    steps = [Row(f"  of it {name}", t) for name, t in zip(("scores", "claims", "tables"), spent, strict=True)]
    return [Row("report's numbers at the paper's size", sum(spent), seconds=TARGET), *steps]
