"""What people read when a configuration is wrong."""

import re
from pathlib import Path

import pytest

from orchestrator.experiment.loading import load_experiment
from tests.orchestrator.experiment.tiny_config import write


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("model.chanels=[8]", "model.chanels: unknown key, did you mean channels?"),
        ("fold=3", "fold: unknown key, did you mean folds?"),
        ("stages.0.iteration=3", "stages.0.iteration: unknown key, did you mean iterations?"),
        ("selections.strict.kk=3", "strict.kk: unknown key, did you mean k?"),
        ("selections.strict.mechanism=tresh", "unknown selection 'tresh': choose from"),
        ("selections.strict.k=4", "k = 4 masks all 4 unverified clips"),
        ("activations.wide.head_weights=[1]", "head_weights needs 2 values"),
        ("seeds=[1, 1]", "names one twice"),
        ("stages.7.iterations=3", "7 must be a number from 0 to 1"),
        ("stages.1.unverified=1", "at least one verified clip"),
        ("stages.1.unverified=0.01", "is no clip"),
        ("augment.time_warp=50", "lower it"),
        ("audio.f_max=30000", "f_min < f_max"),
        ("audio.n_mels=4", "audio.n_mels (4) is too small for"),
        ("model.channels=[4, 4, 4, 4, 4, 4, 4]", "batches.crop_frames (100) is too small for 7 blocks"),
        ("folds=1", "folds: Input should be greater than or equal to 2 (given: 1)"),
        ("name.x=1", "name is a value"),
        ("ensembles.all=[wide/verified]", "there is no cell wide/verified, did you mean wide/verified_only?"),
        ("seeds=[1", "--set seeds=[1: the value is no YAML"),
        ("folds", "write it as key=value"),
    ],
)
def test_what_is_wrong_is_named_with_its_key(tmp_path: Path, change: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        load_experiment(write(tmp_path), [change])
