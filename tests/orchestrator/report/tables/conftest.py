from dataclasses import dataclass

import pytest

from orchestrator.legs.run import Run
from orchestrator.report.tables.files import Tables, make_tables
from orchestrator.stats.assessment import ClaimResult
from orchestrator.stats.paper import Published
from orchestrator.stats.run_scores import RunScores
from tests.orchestrator.fake_run import make_fake_run
from tests.orchestrator.measured import claims_about, scores_of

FAST = {"report": {"resamples": 200}}
MEMBERS = {"best": ["sigmoid_softmax/threshold", "sigmoid_sparsemax/threshold"], "lost": ["sigmoid/top_k"]}
ANOTHER = Published("its 6 classes are not those of FSDKaggle2019")


@dataclass(frozen=True)
class Results:
    """All that tables are made of."""

    run: Run
    scores: RunScores
    claims: list[ClaimResult]

    @classmethod
    def of(cls, run: Run) -> "Results":
        scores = scores_of(run)
        return cls(run, scores, claims_about(run, scores, ANOTHER))

    def tables(self) -> Tables:
        return make_tables(self.run, self.scores, self.claims, ANOTHER)


@pytest.fixture(scope="package")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Three by three, of which one cell was not run and one has failed."""
    run = make_fake_run(
        tmp_path_factory.mktemp("run"), missing={("sigmoid_softmax", "top_k")}, failed={("sigmoid", "top_k")},
        config=FAST | {"ensembles": MEMBERS},
    )  # fmt: skip
    return Results.of(run)


@pytest.fixture(scope="package")
def tables(results: Results) -> Tables:
    return results.tables()
