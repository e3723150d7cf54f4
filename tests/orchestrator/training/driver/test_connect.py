import stat
from pathlib import Path

import pyarrow.fs as pafs
import pytest

from orchestrator.files.store import Store
from orchestrator.training.driver.connect import _protect_token, check_storage


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RAY_AUTH_MODE", "to be put back")
    monkeypatch.delenv("RAY_AUTH_MODE")
    return tmp_path


def test_a_new_token_is_for_its_owner_alone(home: Path) -> None:
    _protect_token()
    token = home / ".ray" / "auth_token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert stat.S_IMODE(token.parent.stat().st_mode) == 0o700
    assert len(token.read_text()) == 64


def test_a_token_that_is_there_stays(home: Path) -> None:
    (home / ".ray").mkdir()
    (home / ".ray" / "auth_token").write_text("mine")
    _protect_token()
    assert (home / ".ray" / "auth_token").read_text() == "mine"


def test_who_has_chosen_keeps_the_choice(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    _protect_token()
    assert not (home / ".ray").exists()


def test_a_path_of_one_machine_is_no_place_for_several(tmp_path: Path) -> None:
    out = Store.open(tmp_path)
    with pytest.raises(ValueError, match=r"the cluster has 2: .*resources\.shared_path"):
        check_storage(out, 2, shared_path=False)
    check_storage(out, 2, shared_path=True)
    check_storage(out, 1, shared_path=False)
    objects = Store(pafs.SubTreeFileSystem(str(tmp_path), pafs.LocalFileSystem()), "bucket")
    check_storage(objects, 2, shared_path=False)
