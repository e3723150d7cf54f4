"""Scores, claims and tables of a run of the paper's size: 9 cells x 4 folds, 4481 test clips.

    python -m tests.benchmarks.bench_report [resamples]

Prints the seconds of each step after the run's random predictions are made.
"""

import sys
import tempfile
import time
from pathlib import Path

from orchestrator.artifacts import files
from orchestrator.report.claims.assessment import assess_claims
from orchestrator.report.claims.published import Published
from orchestrator.report.scores.ensembles import write_ensembles
from orchestrator.report.scores.run_scores import score_run
from orchestrator.report.tables.all_tables import make_tables
from orchestrator.report.tables.files import write_tables
from tests.orchestrator.fake_run import Numbers, make_fake_run

PAPER_SIZE = Numbers(verified=4964, unverified=100, test=4481, classes=80, separation=3.0)
ENSEMBLES = {"best": ["sigmoid_softmax/threshold", "sigmoid_sparsemax/threshold"]}


def main(resamples: int = 10_000) -> float:
    """Time everything between a finished run and its tables; return the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        config = {"report": {"resamples": resamples}, "ensembles": ENSEMBLES}
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
    for name, before, after in zip(("scores", "claims", "tables"), ticks, ticks[1:], strict=False):
        print(f"{name:10} {after - before:6.1f} s")
    print(
        f"{'all':10} {ticks[-1] - ticks[0]:6.1f} s with {resamples} resamples of {len(scores.entries)} cells"
    )
    return ticks[-1] - ticks[0]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
