"""Who is to blame is the type of an exception."""

import ast
from pathlib import Path

import numpy as np
import pytest

import trainable
from tests.trainable.tiny import MemoryWorker, data, task
from trainable.config import Audio
from trainable.errors import Diverged, UserError, did_you_mean
from trainable.fold import train_fold
from trainable.logmel import LogMel
from trainable.stages import StageSettings

ARGUMENTS = {"config", "activations", "selection", "metrics"}
"""Modules that refuse settings, which pydantic makes a message of, or a metric's arguments."""


def _raised(source: Path) -> set[str]:
    nodes = [node for node in ast.walk(ast.parse(source.read_text())) if isinstance(node, ast.Raise)]
    return {ast.unparse(node.exc).split("(")[0] for node in nodes if node.exc}


def test_nothing_else_is_raised() -> None:
    for source in Path(trainable.__path__[0]).glob("*.py"):
        allowed = {"UserError", "Diverged", "NotImplementedError"}
        assert _raised(source) <= allowed | ({"ValueError"} if source.stem in ARGUMENTS else set()), source


def test_a_users_clip_is_a_users_error() -> None:
    with pytest.raises(UserError, match="no samples"):
        LogMel(Audio())(np.zeros(0, np.float32))
    with pytest.raises(UserError, match="not finite"):
        LogMel(Audio())(np.full(44100, np.nan, np.float32))


def test_a_users_audio_settings_are_a_users_error() -> None:
    with pytest.raises(UserError, match=r"raise audio\.n_fft"):
        LogMel(Audio(sample_rate=16000, window=400, n_fft=512, n_mels=256, f_min=0, f_max=8000))


def test_a_fold_that_diverges_is_told_from_other_errors_of_the_user() -> None:
    wild = task(stages=(StageSettings(iterations=3, learning_rate=1e30),))
    with pytest.raises(UserError) as caught:
        train_fold(wild, data(), MemoryWorker())
    assert type(caught.value) is Diverged


def test_the_nearest_name_is_asked_for() -> None:
    assert did_you_mean("topk", ["gmm", "top_k"]) == ", did you mean top_k?"
    assert did_you_mean("topk", ["top_k"], before="; ", shown={"top_k": "Top"}) == "; did you mean Top?"
    assert did_you_mean("zzz", ["top_k"]) == did_you_mean("zzz", []) == ""
    assert did_you_mean("z" * 10**7, ["top_k"], least=0) == ", did you mean top_k?"
