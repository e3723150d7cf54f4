"""The documented import: a run's cells from Python."""

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

import orchestrator.api
from orchestrator.api import Run, TrainedModel
from orchestrator.legs.run import Run as RunFolder
from orchestrator.report.inputs import read_predictions
from orchestrator.stats.predictions import blended
from orchestrator.tagging.model_folder import export_model
from orchestrator.tagging.systems import choose_system
from tests.orchestrator.tagging.trained_run import clips_of, make_trained_run
from trainable.errors import UserError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return make_trained_run(tmp_path_factory.mktemp("run"), "activations={sigmoid: {}}", "ensembles={}")


def test_a_model_tags_as_the_run_has(folder: RunFolder) -> None:
    model, clips = Run(Path(folder.store.base)).model("sigmoid/top_k"), clips_of(folder, "test")
    (written,) = blended(read_predictions(folder, choose_system(folder, model.name).cells[0])[0]).test
    np.testing.assert_allclose(model.scores(clips), written.scores, atol=1e-5, rtol=0)
    tags = model.tag(clips[3])
    assert list(tags.values()) == sorted(tags.values(), reverse=True)
    assert tags == pytest.approx(
        dict(zip(model.vocabulary, written.scores[3].tolist(), strict=True)), abs=1e-5
    )
    assert model.scores([]).shape == (0, len(model.vocabulary))
    assert model.scores([clips[0], clips[0]]).shape == (2, len(model.vocabulary))


def test_windows_and_samples_have_the_shapes_that_are_promised(folder: RunFolder, tmp_path: Path) -> None:
    model = Run(folder.store.base).model()
    sound = np.random.default_rng(0).normal(0, 0.1, 3 * model.sample_rate).astype(np.float32)
    soundfile.write(tmp_path / "x.wav", sound, model.sample_rate, subtype="FLOAT")
    spans, scores = model.windows(tmp_path / "x.wav", window=1.0)
    assert (spans.shape, scores.shape) == ((5, 2), (5, 4))
    assert model.windows(tmp_path / "x.wav")[1].shape == (1, 4)
    assert model.tag_samples(sound) == pytest.approx(model.tag(tmp_path / "x.wav"), abs=1e-6)


def test_names_are_what_model_takes(folder: RunFolder) -> None:
    run = Run(folder.store.base)
    assert {"sigmoid/top_k", "sigmoid/top_k/0"} < set(run.names)
    assert all(run.model(name).vocabulary == run.vocabulary for name in run.names)
    with pytest.raises(UserError, match="did you mean sigmoid/top_k"):
        run.model("sigmoid/topk")


def test_an_exported_model_is_opened_without_its_run(folder: RunFolder, tmp_path: Path) -> None:
    export_model(folder, choose_system(folder, "sigmoid/top_k"), tmp_path)
    clips = clips_of(folder, "test")
    there = TrainedModel.load(tmp_path)
    np.testing.assert_array_equal(
        there.scores(clips), Run(folder.store.base).model("sigmoid/top_k").scores(clips)
    )


def test_what_cannot_be_read_is_named(folder: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no run is here"):
        Run(tmp_path)
    with pytest.raises(UserError, match=r"gone\.wav"):
        Run(folder.store.base).model().tag("gone.wav")


def test_the_docstring_names_what_there_is() -> None:
    used = re.findall(r"(?:run|model)\.(\w+)", orchestrator.api.__doc__ or "")
    assert used
    assert all(hasattr(Run, name) or hasattr(TrainedModel, name) for name in used)
