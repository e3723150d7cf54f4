"""All recordings, kept as they come in, each done once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.files.store import Store
from orchestrator.legs.run import Run
from orchestrator.tagging import predict as module
from orchestrator.tagging.parts import Parts, TaggingJob
from orchestrator.tagging.predict import predict
from orchestrator.tagging.systems import choose_system, open_tagger
from orchestrator.tagging.tag import Bad, Hearing, Tagged, tag_recordings
from tests.orchestrator.tagging.trained_run import clips_of
from trainable.tagger import Tagger


@pytest.fixture
def tagger(trained: Run) -> Tagger:
    return open_tagger(trained, choose_system(trained, "sigmoid/top_k"), "cpu")


def quiet(done: int, total: int) -> None:
    """Nobody looks."""


def test_recordings_come_back_in_their_order_with_progress(trained: Run, tagger: Tagger) -> None:
    paths, seen = [*clips_of(trained, "test"), "gone.wav"], list[tuple[int, int]]()
    hearing = Hearing.of(tagger)
    done = predict(tagger, paths, hearing, lambda *numbers: seen.append(numbers), on_ray=False)
    assert [one.path for one in done.tagged] == paths[:-1]
    assert [bad.path for bad in done.bad] == ["gone.wav"]
    assert seen == [(count, 17) for count in range(18)]


def test_a_command_that_ended_early_goes_on_where_it_was(
    trained: Run, tagger: Tagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, hearing, asked = clips_of(trained, "test"), Hearing.of(tagger), list[str]()

    def interrupted(tagger: Tagger, todo: list[str], hearing: Hearing) -> Iterator[Tagged | Bad]:
        for number, result in enumerate(tag_recordings(tagger, todo, hearing)):
            if number == 5:
                raise KeyboardInterrupt
            yield result

    def noted(tagger: Tagger, todo: list[str], hearing: Hearing) -> Iterator[Tagged | Bad]:
        asked.extend(todo)
        return tag_recordings(tagger, todo, hearing)

    monkeypatch.setattr(module, "PART", 2)
    job = TaggingJob.of(tagger.file, hearing)
    monkeypatch.setattr(module, "tag_recordings", interrupted)
    with pytest.raises(KeyboardInterrupt):
        predict(tagger, paths, hearing, quiet, Parts.open(Store.open(tmp_path), job))
    monkeypatch.setattr(module, "tag_recordings", noted)
    done = predict(tagger, paths, hearing, quiet, Parts.open(Store.open(tmp_path), job))
    assert asked == paths[5:]
    whole = predict(tagger, paths, hearing, quiet)
    for one, other in zip(done.tagged, whole.tagged, strict=True):
        assert one.path == other.path
        assert one.scores_C == pytest.approx(other.scores_C, abs=1e-6)
