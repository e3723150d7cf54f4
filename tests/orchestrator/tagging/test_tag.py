"""Tagging gives the run's own scores; a bad recording stops nobody; long ones are cut."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from orchestrator.legs.run import Run
from orchestrator.report.inputs import read_predictions
from orchestrator.stats.predictions import blended, ensemble_of
from orchestrator.tagging.systems import all_systems, choose_system, open_tagger
from orchestrator.tagging.tag import Bad, Hearing, Tagged, tag_recordings
from tests.orchestrator.tagging.trained_run import clips_of
from trainable.arrays import Array
from trainable.errors import UserError
from trainable.tagger import Tagger


@pytest.fixture
def tagger(trained: Run) -> Tagger:
    return open_tagger(trained, choose_system(trained, "sigmoid_sparsemax/top_k"), "cpu")


def scores(tagger: Tagger, paths: list[str]) -> Array:
    results = list(tag_recordings(tagger, paths, Hearing.of(tagger)))
    assert all(isinstance(result, Tagged) for result in results)
    return np.stack([result.scores_C for result in results if isinstance(result, Tagged)])


@pytest.mark.parametrize("row", ["sigmoid", "sigmoid_sparsemax"])
@pytest.mark.parametrize("column", ["verified_only", "top_k"])
def test_a_cell_gives_the_scores_that_the_run_has_written(trained: Run, row: str, column: str) -> None:
    """Of the test clips by all folds together, as the run blends them."""
    system = choose_system(trained, f"{row}/{column}")
    (written,) = blended(read_predictions(trained, system.cells[0])[0]).test
    assert np.ptp(written.scores, axis=0).max() > 1e-3  # else any clip would do
    again = scores(open_tagger(trained, system, "cpu"), clips_of(trained, "test"))
    np.testing.assert_allclose(again, written.scores, atol=1e-5, rtol=0)


def test_each_fold_gives_the_scores_of_its_own_file(trained: Run, tagger: Tagger) -> None:
    cell = choose_system(trained, "sigmoid_sparsemax/top_k").cells[0]
    for fold, network in enumerate(tagger.networks):
        member = tagger.file.members[fold]
        one = Tagger(tagger.file.model_copy(update={"members": (member,)}), (network,), tagger.device)
        written = trained.predictions(cell, fold).of("test")
        np.testing.assert_allclose(scores(one, clips_of(trained, "test")), written.scores, atol=1e-5, rtol=0)


def test_an_ensemble_gives_the_scores_of_its_report(trained: Run) -> None:
    cells = all_systems(trained)["both"]
    members = [read_predictions(trained, cell)[0] for cell in cells]
    (written,) = ensemble_of(members, trained.experiment.report.clip_sigma)["raw"].test
    ensemble = open_tagger(trained, choose_system(trained, "both"), "cpu")
    assert len(ensemble.networks) == 4
    np.testing.assert_allclose(scores(ensemble, clips_of(trained, "test")), written.scores, atol=1e-5, rtol=0)


def test_a_bad_recording_is_named_and_the_others_are_tagged(
    trained: Run, tagger: Tagger, tmp_path: Path
) -> None:
    good, text = clips_of(trained, "test")[:3], tmp_path / "text.wav"
    text.write_text("no sound")
    cut = tmp_path / "cut.wav"
    cut.write_bytes(Path(good[0]).read_bytes()[:-100])
    paths = [good[0], str(text), good[1], str(cut), str(tmp_path / "missing.wav"), good[2]]
    results = list(tag_recordings(tagger, paths, Hearing.of(tagger)))
    assert [result.path for result in results] == paths
    bad = [result for result in results if isinstance(result, Bad)]
    assert [result.path for result in bad] == [str(text), str(cut), str(tmp_path / "missing.wav")]
    assert all(result.path in result.reason for result in bad)
    kept = np.stack([result.scores_C for result in results if isinstance(result, Tagged)])
    np.testing.assert_allclose(kept, scores(tagger, good), atol=1e-6)


def test_a_long_recording_has_the_highest_score_of_its_windows(tagger: Tagger, tmp_path: Path) -> None:
    rate = tagger.file.audio.sample_rate
    sound = np.sin(2 * np.pi * 440 * np.arange(40 * rate) / rate).astype(np.float32)
    sound[: 20 * rate] = 0
    soundfile.write(tmp_path / "long.flac", sound, rate)
    (result,) = tag_recordings(tagger, [str(tmp_path / "long.flac")], Hearing.of(tagger, 10.0))
    assert isinstance(result, Tagged)
    assert result.spans == tuple((5.0 * k, 5.0 * k + 10) for k in range(7))
    assert result.seconds == 40
    assert (result.scores_C == result.scores_WC.max(0)).all()
    column = int(np.ptp(result.scores_WC, axis=0).argmax())
    assert result.scores_WC[:, column].max() == result.scores_WC[int(result.peak(column) / 5), column]


def test_a_window_is_scored_as_the_same_sound_alone(tagger: Tagger, tmp_path: Path) -> None:
    rate = tagger.file.audio.sample_rate
    noise = np.random.default_rng(0).normal(0, 0.1, 35 * rate).astype(np.float32)
    soundfile.write(tmp_path / "long.wav", noise, rate, subtype="FLOAT")
    soundfile.write(tmp_path / "part.wav", noise[5 * rate : 15 * rate], rate, subtype="FLOAT")
    paths = [str(tmp_path / name) for name in ("long.wav", "part.wav")]
    long, part = tag_recordings(tagger, paths, Hearing.of(tagger, 10.0))
    assert isinstance(long, Tagged)
    assert isinstance(part, Tagged)
    np.testing.assert_allclose(long.scores_WC[1], part.scores_WC[0], atol=1e-5)


def test_a_window_has_a_length(tagger: Tagger) -> None:
    for length in (0.0, -1.0, float("nan"), float("inf"), 0.001):
        with pytest.raises(UserError, match="--window"):
            Hearing.of(tagger, length)
    assert Hearing.of(tagger).window == pytest.approx(tagger.file.clip_seconds)
