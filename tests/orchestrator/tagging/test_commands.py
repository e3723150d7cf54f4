"""predict, submission and export --model as a stranger types them."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from orchestrator.cli import app, options
from orchestrator.legs.run import Run
from orchestrator.report.inputs import read_predictions
from orchestrator.stats.predictions import blended
from orchestrator.tagging.systems import choose_system
from tests.orchestrator.tagging.trained_run import clips_of

Stagegrid = Callable[..., tuple[object, str, str]]


@pytest.fixture
def stagegrid(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stagegrid:
    """The program with these arguments: exit code or last words, standard output, standard error."""
    monkeypatch.setattr(options.console, "width", 100)

    def call(*arguments: object) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["stagegrid", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            app.main()
        output = capsys.readouterr()
        return ended.value.code, output.out, output.err

    return call


def test_predict_shows_the_best_classes(trained: Run, stagegrid: Stagegrid) -> None:
    clip = clips_of(trained, "test")[0]
    code, out, _ = stagegrid("predict", trained.store.base, clip, "--cell", "sigmoid/top_k", "--top", 2)
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "sigmoid/top_k: 2 networks on cpu"
    assert lines[1].startswith(clip[:60])
    assert sum(name in out for name in trained.manifest.vocabulary) == 2


def test_predict_without_a_name_takes_the_best_cell_and_says_so(trained: Run, stagegrid: Stagegrid) -> None:
    code, out, _ = stagegrid("predict", trained.store.base, clips_of(trained, "test")[0])
    assert code == 0
    assert f"{choose_system(trained).name} (best in cross-validation, lwlrap 0." in out


def test_predict_writes_what_the_run_has_written(trained: Run, stagegrid: Stagegrid, tmp_path: Path) -> None:
    """To 1e-5, in CSV, JSON and Parquet; nothing stays beside them."""
    folder, cell = Path(clips_of(trained, "test")[0]).parent, choose_system(trained, "sigmoid/top_k").cells[0]
    (written,) = blended(read_predictions(trained, cell)[0]).test
    names = trained.clips["fname"].to_numpy()[written.rows].tolist()
    for option, name in (("--csv", "x.csv"), ("--json", "x.json"), ("--parquet", "x")):
        asked = ("predict", trained.store.base, folder, "--cell", "sigmoid/top_k", option, tmp_path / name)
        code, out, err = stagegrid(*asked)
        assert (code, err) == (0, "")
        assert f"16 recordings, 4 classes: {tmp_path / name}" in out
    table = pd.read_csv(tmp_path / "x.csv")
    assert [Path(path).name for path in table["path"]] == names
    np.testing.assert_allclose(table.iloc[:, 1:], written.scores, atol=1e-5, rtol=0)
    content = json.loads((tmp_path / "x.json").read_text())["recordings"]
    np.testing.assert_allclose(
        [list(one["scores"].values()) for one in content], written.scores, atol=1e-5, rtol=0
    )
    parts = pd.concat(map(pd.read_parquet, (tmp_path / "x").glob("*.parquet"))).set_index("path")
    parquet = np.stack([parts["scores"][str(folder / name)] for name in names])
    np.testing.assert_allclose(parquet, written.scores, atol=1e-5, rtol=0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x", "x.csv", "x.json"]


def test_predict_takes_a_list_on_stdin(
    trained: Run, stagegrid: Stagegrid, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clips = clips_of(trained, "test")[:3]
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{clip}\n" for clip in clips)))
    code, _, _ = stagegrid("predict", trained.store.base, "-", "--csv", tmp_path / "x.csv")
    assert code == 0
    assert pd.read_csv(tmp_path / "x.csv")["path"].tolist() == clips


def test_a_bad_recording_is_named_the_others_are_written_and_the_code_is_1(
    trained: Run, stagegrid: Stagegrid, tmp_path: Path
) -> None:
    (tmp_path / "bad [red]x.wav").write_text("no sound")
    clips = [*clips_of(trained, "test")[:2], tmp_path / "bad [red]x.wav"]
    code, out, err = stagegrid("predict", trained.store.base, *clips, "--csv", tmp_path / "x.csv")
    assert code == "1 of 3 recordings are bad: see above"  # Python ends with 1 and these words
    assert f"{tmp_path / 'bad [red]x.wav'}: cannot be read" in err
    assert "2 recordings" in out
    assert len(pd.read_csv(tmp_path / "x.csv")) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--cell", "sigmoid/topk"), "did you mean sigmoid/top_k?"),
        (("--ensemble", "bth"), "did you mean both?"),
        (("--cell", "sigmoid/top_k", "--ensemble", "both"), "not both"),
        (("--csv", "a.csv", "--json", "b.json"), "name one of --csv, --json and --parquet"),
        (("--window", "0"), "--window 0 is no length"),
        (("--csv", "/tmp"), "'/tmp' is no name of a file"),
        (("--device", "abacus"), "there is no device abacus here: choose from cpu"),
    ],
)
def test_predict_refuses_what_it_cannot_do(
    trained: Run, stagegrid: Stagegrid, arguments: tuple[str, ...], message: str
) -> None:
    code, _, err = stagegrid("predict", trained.store.base, clips_of(trained, "test")[0], *arguments)
    assert code == 2, err
    assert message in err


def kaggle_copy(trained: Run, folder: Path) -> Path:
    """The run's test clips as the competition would give them."""
    clips = [Path(path) for path in clips_of(trained, "test")]
    (folder / "test").symlink_to(clips[0].parent)
    header = ",".join(["fname", *reversed(trained.manifest.vocabulary)])
    rows = [f"{clip.name},0,0,0,0" for clip in reversed(clips)]
    (folder / "sample_submission.csv").write_text("\n".join([header, *rows]) + "\n")
    return folder


def test_submission_fills_in_the_form(trained: Run, stagegrid: Stagegrid, tmp_path: Path) -> None:
    data, place = kaggle_copy(trained, tmp_path), tmp_path / "out" / "submission.csv"
    code, out, err = stagegrid(
        "submission", trained.store.base, "--cell", "sigmoid/top_k", "--data", data, "-o", place
    )
    assert (code, err) == (0, "")
    assert f"16 rows, 4 classes: {place}" in out
    table, form = pd.read_csv(place), pd.read_csv(data / "sample_submission.csv")
    assert table["fname"].tolist() == form["fname"].tolist()
    assert table.columns.tolist() == form.columns.tolist()
    (written,) = blended(read_predictions(trained, choose_system(trained, "sigmoid/top_k").cells[0])[0]).test
    np.testing.assert_allclose(table[trained.manifest.vocabulary][::-1], written.scores, atol=1e-5, rtol=0)
    assert [path.name for path in place.parent.iterdir()] == ["submission.csv"]


def test_submission_with_a_bad_clip_writes_nothing_but_keeps_what_is_done(
    trained: Run, stagegrid: Stagegrid, tmp_path: Path
) -> None:
    data = kaggle_copy(trained, tmp_path)
    clips = (data / "test").resolve()
    (data / "test").unlink()
    (data / "test").mkdir()
    for clip in clips.iterdir():
        (data / "test" / clip.name).write_bytes(clip.read_bytes())
    bad = sorted((data / "test").iterdir())[3]
    whole = bad.read_bytes()
    bad.write_bytes(b"no sound")
    asked = ("submission", trained.store.base, "--data", data, "-o", tmp_path / "s.csv")
    code, _, err = stagegrid(*asked)
    assert code == "1 of 16 recordings are bad: see above"
    assert str(bad) in err
    assert not (tmp_path / "s.csv").exists()
    bad.write_bytes(whole)
    assert stagegrid(*asked)[0] == 0
    assert len(pd.read_csv(tmp_path / "s.csv")) == 16


def test_export_writes_a_model_that_predict_opens(trained: Run, stagegrid: Stagegrid, tmp_path: Path) -> None:
    code, out, _ = stagegrid("export", trained.store.base, "--model", tmp_path / "m", "--ensemble", "both")
    assert code == 0
    assert "both: sigmoid.top_k.s0.fold-0.safetensors" in out
    code, out, _ = stagegrid("predict", tmp_path / "m", clips_of(trained, "test")[0])
    assert code == 0
    assert out.splitlines()[0] == "both: 4 networks on cpu"
    code, _, err = stagegrid("export", trained.store.base, "--onnx", "--tensorboard", tmp_path / "tb")
    assert code == 2
    assert "--model FOLDER" in err
