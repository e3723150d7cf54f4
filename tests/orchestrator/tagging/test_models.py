"""What `predict` and the Python facade open: a run, or an exported model."""

from pathlib import Path

import pytest

from orchestrator.legs.run import Run
from orchestrator.tagging.model_folder import export_model
from orchestrator.tagging.models import open_model
from orchestrator.tagging.systems import choose_system
from trainable.errors import UserError


def test_a_run_is_opened_by_name_or_at_its_best_cell(trained: Run) -> None:
    assert open_model(trained.store.base, "sigmoid/top_k").named == "sigmoid/top_k"
    assert "best in cross-validation, lwlrap 0." in open_model(trained.store.base).named


def test_an_exported_model_is_opened_under_its_own_name_alone(trained: Run, tmp_path: Path) -> None:
    export_model(trained, choose_system(trained, "sigmoid/top_k"), tmp_path)
    assert open_model(str(tmp_path)).tagger.file.name == "sigmoid/top_k"
    assert open_model(str(tmp_path), "sigmoid/top_k").named == "sigmoid/top_k"
    with pytest.raises(UserError, match=r"is the model sigmoid/top_k alone"):
        open_model(str(tmp_path), "sigmoid/verified_only")


def test_a_folder_with_neither_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no run is here"):
        open_model(str(tmp_path))
