"""One trained run for all tests of this room."""

from pathlib import Path

import pytest

from orchestrator.legs.run import Run
from tests.orchestrator.tagging.trained_run import make_trained_run


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two rows, two columns, an ensemble; nobody may change it."""
    folder: Path = tmp_path_factory.mktemp("trained")
    return make_trained_run(folder)
