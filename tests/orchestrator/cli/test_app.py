"""The command line: what it says, where it says it, and the exit code; nothing here trains."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.cli.app import COMMANDS, command
from tests.orchestrator.cli.conftest import Stagegrid
from tests.places import ROOT, SMOKE

EXAMPLES = [line for _, *lines in COMMANDS.values() for line in lines]
HEAVY = {"ray._raylet", "torch._C", "pandas._libs", "librosa", "matplotlib", "sklearn"}
"""What is there once a heavy package has run."""


def python(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    asked = [sys.executable, "-c", code]
    env = os.environ | environment
    return subprocess.run(asked, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


# --- help ----------------------------------------------------------------------------------------------


def test_help_names_every_command_with_the_first_words_of_its_own(stagegrid: Stagegrid) -> None:
    code, out, err = stagegrid("--help")
    assert stagegrid("-h") == (code, out, err)
    assert (code, err) == (0, "")
    lines = " ".join(re.sub("[│╭─╮]", " ", out).split())
    for name, (summary, *_) in COMMANDS.items():
        assert f"{name} {summary}" in lines
        assert " ".join((command(name).help or "").split()).startswith(summary)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_described_and_every_example_shown(stagegrid: Stagegrid, name: str) -> None:
    code, out, _ = stagegrid(name, "--help")
    assert code == 0
    _, *examples = COMMANDS[name]
    assert set(examples) <= {line.strip() for line in out.splitlines()}
    assert [param.opts for param in command(name).params if not getattr(param, "help", None)] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_command_line(example: str) -> None:
    program, name, *arguments = shlex.split(example)
    assert program == "stagegrid"
    command(name).make_context(name, arguments)


def test_the_help_of_every_command_is_quick_because_it_imports_nothing_heavy() -> None:
    """The program's own not even what settings are made of."""
    end = "import sys; print(*sys.modules)"
    assert "pydantic" not in python(f"import orchestrator.cli.app; {end}").stdout.split()
    start = "import stagegrid; stagegrid.unload(stagegrid.HEAVY)"
    every = "from orchestrator.cli.app import COMMANDS, command; [command(name) for name in COMMANDS]"
    done = python(f"{start}; {every}; {end}")
    assert "orchestrator.cli.predict" in done.stdout
    assert HEAVY & set(done.stdout.split()) == set()


def test_versions_are_told_without_imports(stagegrid: Stagegrid) -> None:
    code, out, _ = stagegrid("--version")
    assert code == 0
    assert re.fullmatch(r"stagegrid \S+, ray \S+, torch \S+, Python 3\.\d+\.\d+\n", out)


def test_the_shell_completes_commands() -> None:
    program = "import sys; sys.argv[0] = 'stagegrid'; from orchestrator.cli.app import main; main()"
    asked = {"_STAGEGRID_COMPLETE": "complete_bash", "COMP_WORDS": "stagegrid ru", "COMP_CWORD": "1"}
    assert python(program, **asked).stdout.split() == ["run"]
    words = {"COMP_WORDS": "stagegrid watch runs/demo --ser", "COMP_CWORD": "3"}
    assert python(program, **asked | words).stdout.split() == ["--serve"]


# --- refusals ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["rnu"], "Did you mean 'run'?"),
        (["chek"], "Did you mean 'check'?"),
        (["status"], "Missing argument"),
        (["run", "--out", "x"], "Missing option '--config'"),
        (["status", "--wtach", "x"], "No such option"),
        (["plan", "--config", "c.yaml", "--speed", "fast"], "Invalid value for '--speed'"),
    ],
)
def test_a_wrong_command_line_is_told_on_standard_error(
    stagegrid: Stagegrid, arguments: list[str], words: str
) -> None:
    code, out, err = stagegrid(*arguments)
    assert (code, out) == (2, "")
    assert words in err


def test_without_a_command_there_is_help(stagegrid: Stagegrid) -> None:
    code, out, err = stagegrid()
    assert code == 2
    assert "Usage:" in out + err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report", "{out}"], "{out}: no run is here"),
        (["report", "{out}/nothing"], "{out}/nothing: no run is here"),
        (["verify", "{smoke}"], "{smoke}"),
        (["status", "{out}/" + "x" * 300], "x" * 300),
        (["status", "{out}/[bold]name[/bold]"], "{out}/[bold]name[/bold]: no run is here"),
        (["show", "{out}"], "{out}: no run is here"),
        (["diff", "{out}", "{out}"], "{out}: no run is here"),
        (["export", "{out}"], "say where to: --model FOLDER, --tensorboard FOLDER or --mlflow URI"),
        (["export", "{out}", "--tensorboard", "{out}/tb"], "{out}: no run is here"),
        (["predict", "{out}", "x.wav"], "{out}: no run is here"),
        (["submission", "{out}", "--data", "{out}"], "{out}: no run is here"),
        (["plan", "--config", "{out}/c.yaml"], "{out}/c.yaml: no such configuration file"),
        (
            ["plan", "--config", "{smoke}", "--set", "fold=3"],
            "{smoke}: fold: unknown key, did you mean fol",
        ),
        (["plan", "--config", "{smoke}", "--out", "{out}", "--data", "{out}"], "neither FSDKaggle2019.meta/"),
        (["plan", "--config", "{smoke}", "--out", "{smoke}"], "Not a directory"),
        (["run", "--config", "{smoke}", "--out", "gopher://x"], "gopher://x: not a place"),
        (["run", "--config", "{smoke}", "--out", "  "], "--out is empty: name a folder"),
        (["run", "--config", "{smoke}", "--out", "{smoke}"], "is a file: name a folder"),
        (["run", "--config", "{smoke}", "--out", "{smoke}/below"], "cannot be written to (Not a directory)"),
        (["submit", "{out}/c.yaml", "--config", "{smoke}", "--out", "s3://b/r"], "c.yaml"),
        (["synth", "{smoke}"], "{smoke} is a file: name a new folder"),
        (["init", "--demo", "--paper", "{out}"], "--demo and --paper are two configurations"),
    ],
)
def test_every_command_refuses_with_code_2_and_a_line_on_standard_error(
    stagegrid: Stagegrid, tmp_path: Path, arguments: list[str], message: str
) -> None:
    """Brackets are not taken for markup, nor are lines broken."""
    known = {"out": str(tmp_path), "smoke": str(SMOKE)}
    code, _, err = stagegrid(*(argument.format(**known) for argument in arguments))
    assert code == 2
    assert err.startswith("stagegrid: ")
    assert err.count("\n") == 1
    assert message.format(**known) in err


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


def test_a_prefix_stands_before_the_arguments(stagegrid: Stagegrid, tmp_path: Path) -> None:
    assert stagegrid(tmp_path, prefix=["status"]) == stagegrid("status", tmp_path)
