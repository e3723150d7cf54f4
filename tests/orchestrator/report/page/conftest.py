from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.files.store import Store
from orchestrator.legs.run import Run
from orchestrator.report.build import headline
from orchestrator.report.diagnostics import Diagnostics
from orchestrator.report.figures.draw import make_figures
from orchestrator.report.figures.style import Picture
from orchestrator.report.inputs import ranking
from orchestrator.report.page.page import Findings, write_page
from orchestrator.report.tables.files import make_tables
from orchestrator.report.unchanged import PAGE
from orchestrator.stats.assessment import ClaimResult
from orchestrator.stats.paper import Published
from orchestrator.stats.run_scores import RunScores
from tests.orchestrator.fake_run import Numbers, make_fake_run
from tests.orchestrator.measured import claims_about, diagnostics_of, scores_of

SMALL = Numbers(verified=24, unverified=40, test=16, classes=4, iterations=(8, 8, 4), batch=16)
QUICK = {"report": {"resamples": 100}}
EVIL = '<b>&"'
ANOTHER = Published("another data set")


@dataclass(frozen=True)
class Made:
    """What a page is made of."""

    run: Run
    scores: RunScores
    claims: list[ClaimResult]
    diagnostics: Diagnostics
    figures: list[Picture]

    @classmethod
    def of(cls, run: Run) -> "Made":
        scores = scores_of(run)
        claims, diagnostics = claims_about(run, scores, ANOTHER), diagnostics_of(run)
        return cls(run, scores, claims, diagnostics, make_figures(run, scores, claims, diagnostics))

    def page(self, folder: Path) -> str:
        run, scores, claims = self.run, self.scores, self.claims
        tables = make_tables(run, scores, claims, ANOTHER)
        first = headline(scores, claims, list(ranking(run)))
        findings = Findings(first, scores, claims, ANOTHER, tables, self.diagnostics, self.figures)
        write_page(run, findings, Store.open(folder))
        return (folder / PAGE).read_text()


@pytest.fixture(scope="package")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_fake_run(
        tmp_path_factory.mktemp("run"), numbers=SMALL, failed=[("sigmoid_softmax", "threshold")],
        missing=[("sigmoid", "top_k")], vocabulary=[EVIL, "dog", "cat", "$x$"], config=QUICK,
    )  # fmt: skip


@pytest.fixture(scope="package")
def made(run: Run) -> Made:
    return Made.of(run)
