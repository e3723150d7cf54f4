"""Options that several commands have."""

from pathlib import Path

import pytest

from orchestrator.cli.options import _complete_config
from tests.orchestrator.cli.conftest import Stagegrid
from tests.orchestrator.data.small_sets import zenodo
from tests.places import SMOKE


@pytest.mark.parametrize("command", ["check", "plan", "run"])
def test_object_storage_holds_no_recordings(stagegrid: Stagegrid, tmp_path: Path, command: str) -> None:
    words = [command, "--config", "smoke", "--data", "s3://bucket/data", "--out", tmp_path]
    code, _, err = stagegrid(*words)
    assert code == 2
    assert "recordings are read from a folder" in err


def test_a_data_folder_is_known_by_its_whole_path(
    stagegrid: Stagegrid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Ray that was started in another folder finds it too."""
    zenodo(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    code, _, err = stagegrid("plan", "--config", "smoke", "--data", "data", "--out", "run")
    assert code == 2
    assert str(tmp_path / "data") in err


def test_the_shell_completes_configurations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("demo-mine.yaml").touch()
    assert _complete_config("de") == ["demo", "demo-mine.yaml"]
    assert _complete_config("demo-") == ["demo-mine.yaml"]


def test_seeds_on_the_command_line_are_seeds_of_the_configuration(stagegrid: Stagegrid) -> None:
    code, out, _ = stagegrid("plan", "--config", SMOKE, "--seeds", 3)
    assert code == 0
    assert "27 cells from 36 legs" in out
    assert stagegrid("plan", "--config", SMOKE, "--set", "seeds=3") == (0, out, "")
