"""Scores, claims and tables of a run of the paper's size: 9 cells x 4 folds, 4481 test clips.

    python -m tests.benchmarks.bench_report [resamples]

Prints the seconds of each step after the run's random predictions are made.
"""

import sys
import tempfile
import time
from pathlib import Path

from orchestrator.experiment.report_settings import ReportSettings
from orchestrator.report.claims.claims import judge_claims
from orchestrator.report.scores.run_scores import score_run
from orchestrator.report.tables.files import write_tables
from tests.orchestrator.fake_run import Numbers, make_fake_run

PAPER_SIZE = Numbers(verified=4964, unverified=100, test=4481, classes=80, separation=3.0)
MEMBERS = {"best": ("sigmoid_softmax/threshold", "sigmoid_sparsemax/threshold")}


def main(resamples: int = 10_000) -> float:
    """Time everything between a finished run and its tables; return the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        run = make_fake_run(Path(folder), folds=4, numbers=PAPER_SIZE)
        ticks = [time.perf_counter()]
        scores = score_run(run, ReportSettings(resamples=resamples), MEMBERS)
        ticks.append(time.perf_counter())
        claims = judge_claims(run, scores)
        ticks.append(time.perf_counter())
        write_tables(run, scores, claims, run.store)
        ticks.append(time.perf_counter())
    for name, before, after in zip(("scores", "claims", "tables"), ticks, ticks[1:], strict=False):
        print(f"{name:10} {after - before:6.1f} s")
    print(
        f"{'all':10} {ticks[-1] - ticks[0]:6.1f} s with {resamples} resamples of {len(scores.entries)} cells"
    )
    return ticks[-1] - ticks[0]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
