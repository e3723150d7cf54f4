"""Scoring whole clips."""

import numpy as np
import pytest
import torch

from tests.trainable.tiny import BANDS, CLASSES, data, settings, task
from trainable.bank import Bank
from trainable.evaluation import f_score_and_lwlrap, score_clips
from trainable.model import CnnGru


def _model() -> CnnGru:
    torch.manual_seed(0)
    return CnnGru(settings().model, BANDS, CLASSES, n_heads=2)


def test_scores_are_those_of_each_clip_alone() -> None:
    bank, activation, model, clips = data().bank, task().activation, _model(), np.array([5, 0, 17, 3, 40])
    scores = score_clips(
        model, activation, bank, clips, settings(batches={"size": 3}).batches
    )  # two at a time
    assert not model.training
    assert scores.dtype == np.float32
    for clip, row in zip(clips, scores, strict=True):
        with torch.no_grad():
            alone = activation.predict(model(bank.whole(np.array([clip]))))[0]
        np.testing.assert_allclose(row, alone.numpy(), rtol=1e-5, atol=1e-7)


def test_it_is_told_how_many_clips_are_scored() -> None:
    told: list[tuple[int, int]] = []
    two_at_a_time = settings(batches={"size": 3}).batches
    clips = np.arange(5)
    score_clips(
        _model(), task().activation, data().bank, clips, two_at_a_time, lambda *how_far: told.append(how_far)
    )
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_a_device_is_waited_for_once_all_is_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    """Meta stands for a device: it computes no values, so the first one that is read back is an error."""
    monkeypatch.setattr("trainable.bank.send", lambda array, device: torch.from_numpy(array).to(device))
    frames = np.zeros((50, BANDS), np.float16)
    bank = Bank([frames], np.array([0, 10, 20, 30, 40, 50]), 24, device="meta")
    told: list[int] = []
    with pytest.raises(NotImplementedError, match="meta"):
        score_clips(
            _model().to("meta"), task().activation, bank, np.arange(5),
            settings(batches={"size": 3}).batches, lambda done, _: told.append(done),
        )  # fmt: skip
    assert told == [2, 4, 5]


def test_at_least_one_clip_at_a_time() -> None:
    tiny = settings(batches={"size": 1}).batches
    assert score_clips(_model(), task().activation, data().bank, np.arange(3), tiny).shape == (3, CLASSES)


def test_no_clips_have_no_scores() -> None:
    nothing = np.zeros(0, np.int64)
    scores = score_clips(_model(), task().activation, data().bank, nothing, settings().batches)
    assert scores.shape == (0, CLASSES)
    assert scores.dtype == np.float32


def test_the_f_score_comes_first_and_has_the_threshold() -> None:
    truth = np.array([[1, 0, 0], [0, 1, 1]], np.uint8)
    scores = np.array([[0.9, 0.1, 0.2], [0.1, 0.8, 0.7]], np.float32)
    assert f_score_and_lwlrap(truth, scores, 0.4) == (1.0, 1.0)
    assert f_score_and_lwlrap(truth, scores, 0.75) == (0.8, 1.0)  # two of three labels found, nothing else
