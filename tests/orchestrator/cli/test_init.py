"""A configuration or a data set to begin with."""

from pathlib import Path

import pytest

from orchestrator.data.clip_table import read_dataset
from orchestrator.data.layouts import DataSettings
from tests.orchestrator.cli.conftest import Stagegrid
from tests.orchestrator.own_data.own_sets import own_set


def test_init_writes_what_plan_and_check_can_use(
    stagegrid: Stagegrid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_set(tmp_path / "own", {"good": 12, "web": 12})
    monkeypatch.chdir(tmp_path / "own")
    code, out, _ = stagegrid("init")
    assert code == 0
    assert "found:   12 verified, 12 unverified clips (plain layout)" in out
    assert out.splitlines()[-1] == "next:    stagegrid check --config stagegrid.yaml --data ."
    for command in ("check", "plan"):
        assert stagegrid(command, "--config", "stagegrid.yaml", "--data", ".")[0] == 0
    code, _, err = stagegrid("init")
    assert code == 2
    assert "stagegrid.yaml is there already, and stays as it is" in err


@pytest.mark.parametrize("name", ["demo", "paper"])
def test_init_writes_a_shipped_configuration(stagegrid: Stagegrid, tmp_path: Path, name: str) -> None:
    assert stagegrid("init", f"--{name}", tmp_path)[0] == 0
    assert stagegrid("plan", "--config", tmp_path / "stagegrid.yaml")[0] == 0


def test_init_says_what_a_guess_was(stagegrid: Stagegrid, tmp_path: Path) -> None:
    _, out, _ = stagegrid("init", own_set(tmp_path, {"sounds": 6}))
    assert "a guess: sounds.csv is the table of verified clips" in out


def test_synth_writes_what_it_was_asked_for(stagegrid: Stagegrid, tmp_path: Path) -> None:
    numbers = {"classes": 3, "verified": 5, "unverified": 4, "test": 2, "longest": 0.5}
    options = [word for name, value in numbers.items() for word in (f"--{name}", value)]
    code, out, _ = stagegrid("synth", tmp_path / "data", *options)
    assert (code, out) == (0, f"11 clips of 3 classes in {tmp_path / 'data'}\n")
    table = read_dataset(tmp_path / "data", DataSettings())
    assert table.clips["part"].value_counts().to_dict() == {"verified": 5, "unverified": 4, "test": 2}
    assert len(table.vocabulary) == 3
