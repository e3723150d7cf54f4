"""An exported model is the run's cell, and touches nothing else."""

from pathlib import Path

import numpy as np
import pytest

from orchestrator.features.audio import read_audio
from orchestrator.legs.run import Run
from orchestrator.tagging.model_folder import export_model
from orchestrator.tagging.systems import choose_system, open_tagger
from tests.orchestrator.tagging.trained_run import clips_of
from trainable.errors import UserError
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
