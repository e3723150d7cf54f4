import pytest

from orchestrator.legs.run import Run
from orchestrator.stats.diagnostics import Diagnostics, diagnose
from tests.orchestrator.fake_run import Numbers, make_fake_run

SMALL = Numbers(verified=24, unverified=40, test=10, classes=5, iterations=(4, 30, 3), batch=16)


@pytest.fixture(scope="package")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_fake_run(
        tmp_path_factory.mktemp("run"),
        activations=("sigmoid", "sigmoid_sparsemax"),
        selections=("verified_only", "keep_all", "top_k", "threshold", "random_k"),
        numbers=SMALL,
        failed=[("sigmoid", "threshold")],
    )


@pytest.fixture(scope="package")
def diagnostics(run: Run) -> Diagnostics:
    return diagnose(run)
