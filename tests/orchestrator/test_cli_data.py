"""The commands about data sets, and what holds for the help of all commands."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from orchestrator.cli import app
from orchestrator.cli.examples import EXAMPLES
from orchestrator.cli.options import _complete_config
from orchestrator.own_data.findings import Check
from tests.orchestrator.cli.test_app import COMMANDS, Stagegrid, stagegrid
from tests.orchestrator.data.small_sets import zenodo
from tests.orchestrator.own_data.faulty_set import FAULTS, faulty, healthy
from tests.orchestrator.own_data.own_sets import own_set
from tests.orchestrator.own_data.test_check import files
from tests.places import ROOT, SMOKE

__all__ = ["stagegrid"]
PROGRAM = typer.main.get_group(app.app)


# --- help ----------------------------------------------------------------------------------------------


def test_every_option_and_argument_of_every_command_is_described() -> None:
    commands = {"": PROGRAM, **PROGRAM.commands}.items()
    bare = [(name, param.opts) for name, command in commands for param in command.params if not helped(param)]
    assert bare == []


def helped(parameter: Any) -> bool:
    return bool(getattr(parameter, "help", None))


def test_every_command_has_examples_that_its_help_shows() -> None:
    assert set(EXAMPLES) == set(COMMANDS)
    for name, command in PROGRAM.commands.items():
        for example in EXAMPLES[name]:
            assert example in (command.epilog or "")


@pytest.mark.parametrize("example", [line for lines in EXAMPLES.values() for line in lines])
def test_every_example_is_a_command_line(example: str) -> None:
    program, name, *arguments = shlex.split(example)
    assert program == "stagegrid"
    PROGRAM.commands[name].make_context(name, arguments)


def test_help_shows_its_examples_one_a_line(stagegrid: Stagegrid) -> None:
    _, out, _ = stagegrid("check", "--help")
    lines = [line.strip() for line in out.splitlines()]
    assert set(EXAMPLES["check"]) < set(lines)


def test_versions_are_told_without_imports(stagegrid: Stagegrid) -> None:
    code, out, _ = stagegrid("--version")
    assert code == 0
    assert re.fullmatch(r"stagegrid \S+, ray \S+, torch \S+, Python 3\.\d+\.\d+\n", out)


@pytest.mark.parametrize(("typed", "meant"), [("rnu", "run"), ("chek", "check"), ("verfiy", "verify")])
def test_the_nearest_command_is_named(stagegrid: Stagegrid, typed: str, meant: str) -> None:
    code, _, err = stagegrid(typed)
    assert code == 2
    assert f"Did you mean '{meant}'?" in err


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ("selections.treshold={}", "did you mean threshold?"),
        ("activations.sigmod={}", "did you mean sigmoid?"),
        ("selections.mine={mechanism: topk}", "did you mean top_k?"),
        ("ensembles={e: [sigmoid/topk]}", "did you mean sigmoid/top_k?"),
        ("selections.threshold.alhpa=0.5", "did you mean alpha?"),
    ],
)
def test_the_nearest_mechanism_cell_or_setting_is_named(stagegrid: Stagegrid, change: str, hint: str) -> None:
    code, _, err = stagegrid("plan", "--config", "demo", "--set", change)
    assert code == 2
    assert hint in err


def test_debug_shows_the_traceback_wherever_it_stands(stagegrid: Stagegrid, tmp_path: Path) -> None:
    for words in (["--debug", "status", tmp_path], ["status", tmp_path, "--debug"]):
        code, _, err = stagegrid(*words)
        assert code == 2
        assert "Traceback" in err
        assert f"stagegrid: {tmp_path}: no run is here" in err
    assert "Traceback" not in stagegrid("status", tmp_path)[2]


def test_the_shell_completes_commands_and_configurations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = os.environ | {
        "_STAGEGRID_COMPLETE": "complete_bash", "COMP_WORDS": "stagegrid ru", "COMP_CWORD": "1",
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    program = "import sys; sys.argv[0] = 'stagegrid'; from orchestrator.cli.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], env=asked, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["run"]
    monkeypatch.chdir(tmp_path)
    Path("demo-mine.yaml").touch()
    assert _complete_config("de") == ["demo", "demo-mine.yaml"]
    assert _complete_config("demo-") == ["demo-mine.yaml"]


# --- check ---------------------------------------------------------------------------------------------


def test_check_ends_with_0_and_writes_what_it_found(stagegrid: Stagegrid, tmp_path: Path) -> None:
    folder = healthy(tmp_path / "data")
    before = files(folder)
    code, out, err = stagegrid("check", "--config", "smoke", "--data", folder, "--out", tmp_path / "found")
    assert (code, err) == (0, "")
    assert "0 faults, 3 remarks in" in out
    assert files(folder) == before
    written = Check.model_validate_json((tmp_path / "found/check.json").read_text())
    assert (written.data, written.config, written.faults) == (str(folder), "smoke", ())


def test_check_ends_with_1_where_there_is_a_fault(
    stagegrid: Stagegrid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = stagegrid("check", "--config", SMOKE, "--data", faulty(tmp_path / "data"))
    assert code == 1
    assert f"{sum(FAULTS.values())} faults" in out
    findings = json.loads((tmp_path / "check.json").read_text())["findings"]
    assert sum(finding["is_fault"] for finding in findings) == sum(FAULTS.values())


def test_check_writes_nothing_into_the_data_set(
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


@pytest.mark.parametrize("command", ["check", "plan", "run"])
def test_object_storage_is_no_place_for_recordings(
    stagegrid: Stagegrid, tmp_path: Path, command: str
) -> None:
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


# --- init ----------------------------------------------------------------------------------------------


def test_init_writes_what_plan_and_check_can_use(
    stagegrid: Stagegrid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_set(tmp_path / "own", {"good": 12, "web": 12})
    monkeypatch.chdir(tmp_path / "own")
    code, out, _ = stagegrid("init")
    assert code == 0
    assert "found:   12 verified, 12 unverified clips (plain layout)" in out
    assert out.splitlines()[-1] == "next:    stagegrid check --config stagegrid.yaml --data ."
    assert stagegrid("check", "--config", "stagegrid.yaml", "--data", ".")[0] == 0
    assert stagegrid("plan", "--config", "stagegrid.yaml", "--data", ".")[0] == 0
    code, _, err = stagegrid("init")
    assert code == 2
    assert "stagegrid.yaml is there already, and stays as it is" in err


@pytest.mark.parametrize("name", ["demo", "paper"])
def test_init_writes_a_shipped_configuration(stagegrid: Stagegrid, tmp_path: Path, name: str) -> None:
    assert stagegrid("init", f"--{name}", tmp_path)[0] == 0
    assert stagegrid("plan", "--config", tmp_path / "stagegrid.yaml")[0] == 0
    assert stagegrid("init", "--demo", "--paper", tmp_path)[0] == 2


def test_init_says_what_a_guess_was(stagegrid: Stagegrid, tmp_path: Path) -> None:
    _, out, _ = stagegrid("init", own_set(tmp_path, {"sounds": 6}))
    assert "a guess: sounds.csv is the table of verified clips" in out
