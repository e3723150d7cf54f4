import pytest

from orchestrator.legs.run import Run
from orchestrator.report.figures.style import Picture
from tests.orchestrator.fake_run import make_fake_run
from tests.orchestrator.report.figures.drawn import QUICK, SMALL, figures


@pytest.fixture(scope="package")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two by three, of which one cell has failed; classes have names that are markup and mathematics."""
    return make_fake_run(
        tmp_path_factory.mktemp("run"), numbers=SMALL, activations=("sigmoid", "sigmoid_softmax"),
        failed=[("sigmoid_softmax", "threshold")], vocabulary=["a_b", "$x^2$", "<b>&\"", "d"], config=QUICK,
    )  # fmt: skip


@pytest.fixture(scope="package")
def made(run: Run) -> dict[str, Picture]:
    return figures(run)
