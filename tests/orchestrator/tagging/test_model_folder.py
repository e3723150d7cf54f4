"""An exported model is the run's cell, touches nothing else, and its card has the numbers of its networks."""

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from orchestrator.data.sound_files import read_audio
from orchestrator.legs.run import Run
from orchestrator.report.inputs import read_clips, read_predictions
from orchestrator.stats.grid import Entry
from orchestrator.stats.predictions import blended, make_pools, within
from orchestrator.stats.scoring import ScoreKey
from orchestrator.tagging import model_folder as module
from orchestrator.tagging.model_folder import (
    card_lines,
    export_model,
    model_card,
    score_networks,
    score_system,
)
from orchestrator.tagging.systems import choose_system, open_tagger, read_weights
from tests.orchestrator.fake_run import make_fake_run
from tests.orchestrator.measured import scores_of
from tests.orchestrator.tagging.trained_run import clips_of
from trainable.errors import UserError
from trainable.metrics import lwlrap
from trainable.tagger import Tagger


def test_the_folder_tags_as_the_cell_does(trained: Run, tmp_path: Path) -> None:
    system = choose_system(trained, "both")
    names = export_model(trained, system, tmp_path)
    assert sorted(names) == sorted(path.name for path in tmp_path.iterdir())
    assert names[-2:] == ["README.md", "model.json"]
    assert "sigmoid.top_k.s0.fold-1.safetensors" in names
    here, there = open_tagger(trained, system, "cpu"), Tagger.load(tmp_path, "cpu")
    rate = here.file.audio.sample_rate
    clips = [here.frames(read_audio(path, rate)) for path in clips_of(trained, "test")]
    np.testing.assert_array_equal(here.score(clips), there.score(clips))


def test_another_model_in_the_folder_is_replaced_whole(trained: Run, tmp_path: Path) -> None:
    export_model(trained, choose_system(trained, "both"), tmp_path)
    names = export_model(trained, choose_system(trained, "sigmoid/top_k"), tmp_path)
    assert sorted(names) == sorted(path.name for path in tmp_path.iterdir())
    assert Tagger.load(tmp_path).file.name == "sigmoid/top_k"


def test_a_folder_with_other_files_is_refused_and_stays(trained: Run, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match=r"holds something else \(thesis\.tex\)"):
        export_model(trained, choose_system(trained, "both"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_the_scores_are_those_of_all_networks_together(trained: Run) -> None:
    system = choose_system(trained, "sigmoid/top_k")
    scores, pool = score_system(trained, system), make_pools(read_clips(trained))["test"]
    (blend,) = blended(read_predictions(trained, system.cells[0])[0]).test
    places, values = within(pool, blend)
    assert scores[ScoreKey("test", "blend")].value == pytest.approx(
        lwlrap(pool.truth[places], values), abs=1e-9
    )
    interval = scores[ScoreKey("test", "blend")].interval
    assert interval.low < scores[ScoreKey("test", "blend")].value < interval.high


def test_of_single_networks_there_may_be_an_interval_over_other_trainings(tmp_path: Path) -> None:
    """The report's own; of two networks, or of several cells together, there is none."""
    config = {"report": {"resamples": 100}, "ensembles": {"both": ["sigmoid/top_k", "sigmoid/threshold"]}}
    run = make_fake_run(tmp_path, activations=["sigmoid"], folds=4, config=config)
    entry, system = Entry("sigmoid", "top_k"), choose_system(run, "sigmoid/top_k")
    lines = [
        (line.lwlrap, line.interval.low, line.interval.high, line.over, line.networks, line.clips)
        for line in card_lines(run, system)
    ]
    expected = scores_of(run).entries[entry].scores[ScoreKey("private")]
    assert expected.crossed is not None
    single = "one network, mean of 4"
    low, high = expected.crossed.low, expected.crossed.high
    assert (expected.value, low, high, "clips and trainings", single, "private") in lines
    assert (single, "cv") not in [line[4:] for line in lines], "one training a clip"
    assert [line[3] for line in lines if line[4] == "all networks together"] == ["clips"] * 4
    assert score_networks(run, choose_system(run, "both")) == {}


def test_the_card_has_scores_with_intervals_data_licence_and_classes(trained: Run) -> None:
    system = choose_system(trained, "sigmoid/top_k")
    card = model_card(trained, system, read_weights(trained, system)[0], onnx=False)
    assert card.startswith("# sigmoid/top_k\n")
    assert len(re.findall(r"^\| 0\.\d{4} \| 0\.\d{4} to [01]\.\d{4} \| clips \|", card, re.MULTILINE)) == 4
    assert "clips and trainings" not in card, "two networks are too few"
    assert "16 verified, 24 unverified, 16 test clips. Not FSDKaggle2019" in card
    assert "what its licence allows" in card
    assert all(f"`{name}`" in card for name in trained.manifest.vocabulary)
    assert "onnx" not in card


def test_the_real_data_set_has_its_own_note(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "difference_from_fsdkaggle2019", lambda run: "")
    system = choose_system(trained, "sigmoid/top_k")
    card = model_card(trained, system, read_weights(trained, system)[0], onnx=True)
    assert "FSDKaggle2019 is published under CC BY 4.0" in card
    assert "model.onnx" in card


def test_the_code_on_the_card_works_as_printed(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    export_model(trained, choose_system(trained, "sigmoid/top_k"), tmp_path)
    rate = trained.experiment.audio.sample_rate
    soundfile.write(tmp_path / "x.wav", np.random.default_rng(0).normal(0, 0.1, rate), rate)
    (code,) = re.findall(r"```python\n(.*?)```", (tmp_path / "README.md").read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    assert all(name in capsys.readouterr().out for name in trained.manifest.vocabulary[:1])


def test_a_label_is_never_markup(trained: Run) -> None:
    described = read_weights(trained, choose_system(trained, "sigmoid/top_k"))[0]
    hostile = ("`</code><script>alert(1)</script>", "[x](javascript:alert(1))", "a", "b\n# c")
    system = choose_system(trained, "sigmoid/top_k")
    card = model_card(trained, system, described.model_copy(update={"vocabulary": hostile}), onnx=False)
    assert "<script" not in card
    assert "](" not in card
    assert "\n# c" not in card
