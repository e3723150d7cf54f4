"""The command line: what it says, where it says it, and the exit code; nothing here trains."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestrator.cli import app, options
from orchestrator.data.clip_table import read_dataset
from orchestrator.data.layouts import DataSettings
from orchestrator.legs import artifacts
from tests.orchestrator.fake_run import make_fake_run
from tests.places import ROOT, SMOKE
from trainable.errors import UserError

Stagegrid = Callable[..., tuple[int, str, str]]
COMMANDS = {
    command.callback.__name__: command.callback for command in app.app.registered_commands if command.callback
}


@pytest.fixture
def stagegrid(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stagegrid:
    """The program with these arguments: exit code, standard output, standard error."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(options.console, "width", 200)

    def call(*arguments: object, prefix: list[str] | None = None) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["stagegrid", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            app.main(prefix)
        output = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, output.out, output.err

    return call


def test_help_names_every_command(stagegrid: Stagegrid) -> None:
    code, out, err = stagegrid("--help")
    assert stagegrid("-h") == (code, out, err)
    assert (code, err) == (0, "")
    assert {"run", "plan", "status", "report"} < set(COMMANDS)
    assert all(command in out for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does(command: str) -> None:
    result = CliRunner().invoke(app.app, [command, "--help"])
    assert result.exit_code == 0
    first = (COMMANDS[command].__doc__ or "?").splitlines()[0].split(":")[0]
    assert first in " ".join(result.output.split())


def test_help_is_quick_because_it_imports_neither_ray_nor_torch() -> None:
    asked = (
        "import sys\n"
        "from orchestrator.cli.app import main\n"
        "sys.argv = ['stagegrid', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n"
        "    print({'ray', 'torch', 'librosa', 'matplotlib'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == "set()\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "No such command 'nonsense'"),
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


def test_what_the_user_can_mend_is_one_message_without_a_traceback(
    stagegrid: Stagegrid, tmp_path: Path
) -> None:
    """Nor are its brackets taken for markup, nor its lines broken."""
    place = tmp_path / ("long " * 40 + "[bold]name[/bold]")
    code, out, err = stagegrid("status", place)
    assert (code, out) == (2, "")
    assert err == f"stagegrid: {place}: no run is here (run.json is missing): start one with stagegrid run\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report", "{out}"], "{out}: no run is here"),
        (["export", "{out}"], "say where to: --model FOLDER, --tensorboard FOLDER or --mlflow URI"),
        (["export", "{out}", "--tensorboard", "{out}/tb"], "{out}: no run is here"),
        (["predict", "{out}", "x.wav"], "{out}: no run is here"),
        (["submission", "{out}", "--data", "{out}"], "{out}: no run is here"),
        (["plan", "--config", "{out}/c.yaml"], "{out}/c.yaml: no such configuration file"),
        (
            ["plan", "--config", "{smoke}", "--set", "fold=3"],
            "{smoke}: fold: unknown key, did you mean folds?",
        ),
        (["plan", "--config", "{smoke}", "--like", "{out}"], "{out}: no run is here"),
        (["plan", "--config", "{smoke}", "--out", "{out}", "--data", "{out}"], "neither FSDKaggle2019.meta/"),
        (["run", "--config", "{smoke}", "--out", "gopher://x"], "gopher://x: not a place"),
        (["submit", "{out}/c.yaml", "--config", "{smoke}", "--out", "s3://b/r"], "c.yaml"),
        (["synth", "{smoke}"], "{smoke} is a file: name a new folder"),
    ],
)
def test_every_command_refuses_with_code_2_on_standard_error(
    stagegrid: Stagegrid, tmp_path: Path, arguments: list[str], message: str
) -> None:
    known = {"out": str(tmp_path), "smoke": str(SMOKE)}
    code, _, err = stagegrid(*(argument.format(**known) for argument in arguments))
    assert code == 2
    assert err.startswith("stagegrid: ")
    assert message.format(**known) in err
    assert "Traceback" not in err


def test_any_other_error_keeps_its_traceback(stagegrid: Stagegrid, monkeypatch: pytest.MonkeyPatch) -> None:
    class Fault(ValueError):
        """No UserError: a fault of this program."""

    def broken(*_: object) -> None:
        raise Fault

    monkeypatch.setattr(app, "app", broken)
    code, _, err = stagegrid()
    assert code == 70
    assert "a fault of this program" in err
    (log,) = re.findall(r"traceback is in (\S+\.log)", err)
    assert "raise Fault" in Path(log).read_text()
    Path(log).unlink()
    assert not issubclass(Fault, UserError)


def test_a_prefix_stands_before_the_arguments(stagegrid: Stagegrid, tmp_path: Path) -> None:
    assert stagegrid(tmp_path, prefix=["status"]) == stagegrid("status", tmp_path)


def test_synth_writes_what_it_was_asked_for(stagegrid: Stagegrid, tmp_path: Path) -> None:
    numbers = {"classes": 3, "verified": 5, "unverified": 4, "test": 2, "longest": 0.5}
    options = [word for name, value in numbers.items() for word in (f"--{name}", value)]
    code, out, _ = stagegrid("synth", tmp_path / "data", *options)
    assert code == 0
    assert out == f"11 clips of 3 classes in {tmp_path / 'data'}\n"
    table = read_dataset(tmp_path / "data", DataSettings())
    assert table.clips["part"].value_counts().to_dict() == {"verified": 5, "unverified": 4, "test": 2}
    assert len(table.vocabulary) == 3


def test_plan_counts_the_iterations_of_the_grid(stagegrid: Stagegrid) -> None:
    """Three rows: stems of 6 and three branches of 9 each, instead of nine cells of 15."""
    code, out, _ = stagegrid("plan", "--config", SMOKE, "--set", "folds=3")
    assert code == 0
    assert f"{3 * (6 + 3 * 9)} iterations in each fold; without shared stems {9 * 15}" in out
    assert "--like" in out.splitlines()[-1]


def test_seeds_on_the_command_line_are_seeds_of_the_configuration(stagegrid: Stagegrid) -> None:
    code, out, _ = stagegrid("plan", "--config", SMOKE, "--seeds", 3)
    assert code == 0
    assert "27 cells from 36 legs" in out
    assert stagegrid("plan", "--config", SMOKE, "--set", "seeds=3") == (0, out, "")


def test_plan_says_how_many_seeds_a_difference_needs(stagegrid: Stagegrid, tmp_path: Path) -> None:
    make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k", "threshold"), seeds=(0, 1))
    options = ("--config", SMOKE, "--speed", 1, "--detect", ".2")
    code, _, err = stagegrid("plan", *options, "--out", tmp_path)
    assert code == 2
    assert "--seeds 2 first" in err
    rows = ("sigmoid", "sigmoid_softmax")
    make_fake_run(tmp_path / "two", activations=rows, selections=("top_k", "threshold"), seeds=(0, 1))
    code, out, err = stagegrid("plan", *options, "--out", tmp_path / "two")
    assert (code, err) == (0, "")
    assert "Seeds that find a difference of 0.2" in out
    assert "power 80% at alpha 0.05" in out


def test_plan_tells_the_time_on_one_device_at_a_stated_speed(stagegrid: Stagegrid) -> None:
    """Of two folds on one device each has half its speed: 99 iterations x 2 at 2 a second."""
    code, out, _ = stagegrid(
        "plan", "--config", SMOKE, "--speed", 2, "--start", 0, "--devices", "1", "--set",
        "resources.legs_per_run=one",
    )  # fmt: skip
    assert code == 0
    assert out.splitlines()[-1].split()[:2] == ["1", "1:39"]


def test_status_of_a_finished_run(stagegrid: Stagegrid, tmp_path: Path) -> None:
    make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",))
    code, out, _ = stagegrid("status", tmp_path)
    assert code == 0
    assert "1/1 legs" in out
    assert (tmp_path / artifacts.REPORT / "live.html").is_file()


def test_export_says_how_many_cells_were_new(stagegrid: Stagegrid, tmp_path: Path) -> None:
    make_fake_run(tmp_path / "run", activations=("sigmoid",), selections=("top_k", "threshold"))
    for new in (2, 0):
        code, out, _ = stagegrid("export", tmp_path / "run", "--tensorboard", tmp_path / "tb")
        assert (code, out) == (0, f"{new} new cells in {tmp_path / 'tb'}\n")


def test_two_runs_are_compared(stagegrid: Stagegrid, tmp_path: Path) -> None:
    for name, size in (("old", 16), ("new", 32)):
        batches = {"size": size, "crop_frames": 100, "clip_frames": 200}
        make_fake_run(
            tmp_path / name, activations=("sigmoid",), selections=("top_k",), config={"batches": batches}
        )
    code, out, _ = stagegrid("diff", tmp_path / "old", tmp_path / "new")
    assert code == 0
    assert "  batches.size 16 -> 32\n" in out
    assert "sigmoid/top_k" in out
    code, _, err = stagegrid("diff", tmp_path / "old", tmp_path / "nowhere")
    assert code == 2
    assert "no run is here" in err


def test_a_cell_is_shown_and_an_unknown_one_refused(stagegrid: Stagegrid, tmp_path: Path) -> None:
    make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",))
    for words in ((), ("--cell", "sigmoid/top_k")):
        code, out, _ = stagegrid("show", tmp_path, *words)
        assert code == 0
        assert out.startswith("sigmoid/top_k: 1 of 1 cells in cross-validation")
    code, _, err = stagegrid("show", tmp_path, "--cell", "sigmoid/topk")
    assert code == 2
    assert "did you mean sigmoid/top_k?" in err
