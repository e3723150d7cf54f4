"""The ONNX graph gives the scores of torch, from samples on, by another library."""

import sys
from pathlib import Path

import numpy as np
import pytest
from onnxruntime import InferenceSession

from orchestrator.data.sound_files import read_audio
from orchestrator.legs.run import Run
from orchestrator.tagging.model_folder import export_model
from orchestrator.tagging.onnx_file import onnx_bytes
from orchestrator.tagging.systems import choose_system
from tests.orchestrator.tagging.trained_run import clips_of
from tests.trainable.test_tagger import system
from trainable.arrays import Array
from trainable.config import Audio
from trainable.errors import UserError
from trainable.tagger import Tagger

RATE = 8000


def session(tagger: Tagger) -> InferenceSession:
    return InferenceSession(onnx_bytes(tagger), providers=["CPUExecutionProvider"])


def clips() -> dict[str, Array]:
    """Shorter and longer than what is heard at once (0.8 s), with ends that are cut off, and extremes."""
    rng, times = np.random.default_rng(0), np.arange(RATE) / RATE
    noise = rng.normal(0, 0.1, 2 * RATE).astype(np.float32)
    tone = np.sin(2 * np.pi * 440 * times).astype(np.float32)
    silence = np.zeros(RATE // 2, np.float32)
    return {
        "one sample": noise[:1],
        "shorter than a hop": noise[:100],
        "shorter than a window": noise[:300],
        "short": noise[:2000],
        "as long as is heard": noise[: int(0.8 * RATE)],
        "long": noise,
        "a tone": tone,
        "silent ends": np.concatenate([silence, tone[:3000], silence]),
        "silence": silence,
        "quiet": noise * np.float32(1e-4),
        "full scale": np.sign(noise),
    }


@pytest.mark.parametrize(
    "rows",
    [
        ("sigmoid",),
        ("sigmoid_softmax", "sigmoid_sparsemax"),
        ("sigmoid_entmax15", "softmax", "sparsemax", "asymmetric"),
    ],
    ids=lambda rows: "+".join(rows),
)
def test_every_structure_gives_the_same_scores(rows: tuple[str, ...]) -> None:
    tagger = Tagger.assemble(*system(*rows), "cpu")
    graph, seen = session(tagger), []
    for name, samples in clips().items():
        (scores,) = graph.run(None, {"samples": samples})
        expected = tagger.score([tagger.frames(samples)])[0]
        np.testing.assert_allclose(scores, expected, atol=2e-4, rtol=0, err_msg=name)
        seen.append(scores)
    assert np.ptp(seen, axis=0).max() > 0.05  # it hears


@pytest.mark.parametrize(
    "change",
    [
        {"trim_db": None},
        {"top_db": None},
        {"hop": 320},
        {"hop": 100, "window": 333},
        {"n_fft": 511},
        {"spectrum": "magnitude"},
    ],
)
def test_every_audio_setting_gives_the_same_scores(change: dict[str, object]) -> None:
    file, weights = system("sigmoid")
    audio = Audio.model_validate(file.audio.model_dump() | change)
    tagger = Tagger.assemble(file.model_copy(update={"audio": audio}), weights, "cpu")
    graph = session(tagger)
    for name, samples in clips().items():
        (scores,) = graph.run(None, {"samples": samples})
        expected = tagger.score([tagger.frames(samples)])[0]
        np.testing.assert_allclose(scores, expected, atol=2e-4, rtol=0, err_msg=name)


def test_an_exported_run_tags_its_test_clips_the_same(trained: Run, tmp_path: Path) -> None:
    names = export_model(trained, choose_system(trained, "sigmoid_sparsemax/top_k"), tmp_path, onnx=True)
    assert "model.onnx" in names
    tagger, graph = Tagger.load(tmp_path, "cpu"), InferenceSession(tmp_path / "model.onnx")
    for path in clips_of(trained, "test"):
        samples = read_audio(path, tagger.file.audio.sample_rate)
        (scores,) = graph.run(None, {"samples": samples})
        np.testing.assert_allclose(scores, tagger.score([tagger.frames(samples)])[0], atol=1e-5, rtol=0)


def test_without_onnx_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(UserError, match=r"pip install 'stagegrid\[onnx\]'"):
        onnx_bytes(Tagger.assemble(*system("sigmoid"), "cpu"))
