"""A check on a terminal and in check.json; the data set stays as it is."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.cli.check import check_text
from orchestrator.own_data.findings import FIXES, Check
from tests.orchestrator.cli.conftest import Stagegrid
from tests.orchestrator.own_data.faulty_set import FAULTS, faulty, healthy
from tests.orchestrator.own_data.test_check import checked, files
from tests.places import SMOKE


@pytest.mark.parametrize("width", [80, 120])
def test_faults_are_shown_by_kind_with_counts_examples_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    Console(width=width).print(check_text(checked(faulty(tmp_path))))
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= width
    words = " ".join(text.split())
    for kind, count in FAULTS.items():
        assert (f"{kind}: {count} " in words) == (count > 0)
        assert (f"to do: {FIXES[kind]}" in words) == (count > 0)  # type: ignore[index]
    assert "... and 1 more" in words
    assert "FSDKaggle2019.meta/train_noisy_post_competition.csv, line 6: gone.wav has" in words


def test_it_ends_with_0_and_writes_all_that_it_has_seen(stagegrid: Stagegrid, tmp_path: Path) -> None:
    folder = healthy(tmp_path / "data")
    before = files(folder)
    code, out, err = stagegrid("check", "--config", "smoke", "--data", folder, "--out", tmp_path / "found")
    assert (code, err) == (0, "")
    assert "0 faults, 3 remarks in" in out
    assert files(folder) == before
    written = Check.model_validate_json((tmp_path / "found/check.json").read_text())
    assert (written.data, written.config, written.faults) == (str(folder), "smoke", ())


def test_it_ends_with_1_where_there_is_a_fault(
    stagegrid: Stagegrid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = stagegrid("check", "--config", SMOKE, "--data", faulty(tmp_path / "data"))
    assert code == 1
    assert f"{sum(FAULTS.values())} faults" in out
    findings = json.loads((tmp_path / "check.json").read_text())["findings"]
    assert sum(finding["is_fault"] for finding in findings) == sum(FAULTS.values())


def test_it_writes_nothing_into_the_data_set(
    stagegrid: Stagegrid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(healthy(tmp_path))
    monkeypatch.chdir(tmp_path)
    code, out, _ = stagegrid("check", "--config", "smoke", "--data", ".")
    assert (code, files(tmp_path)) == (0, before)
    assert "--out FOLDER writes all of them to check.json there" in out
    code, _, err = stagegrid("check", "--config", "smoke", "--data", ".", "--out", "FSDKaggle2019.meta")
    assert code == 2
    assert "is in the data set's folder, which is not changed" in err
