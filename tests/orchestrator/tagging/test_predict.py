"""All recordings, kept as they come in, each done once: what does not fit is not believed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from orchestrator.files.store import Store
from orchestrator.legs.run import Run
from orchestrator.tagging import predict as module
from orchestrator.tagging.predict import TAGGED_WITH, ScoreFolder, TaggedWith, predict
from orchestrator.tagging.systems import choose_system, open_tagger
from orchestrator.tagging.tag import Bad, Hearing, Tagged, tag_recordings
from tests.orchestrator.tagging.trained_run import clips_of
from trainable.errors import UserError
from trainable.tagger import Tagger

MINE = TaggedWith(system="a/b", model="1" * 16, vocabulary=("x", "y"), hearing=Hearing(window=1.0))
STAMPS = {"a.wav": "1-1", "b.wav": "2-2", "c.wav": "3-3"}


@pytest.fixture
def tagger(trained: Run) -> Tagger:
    return open_tagger(trained, choose_system(trained, "sigmoid/top_k"), "cpu")


def quiet(done: int, total: int) -> None:
    """Nobody looks."""


def test_recordings_come_back_in_their_order_with_progress(trained: Run, tagger: Tagger) -> None:
    paths, seen = [*clips_of(trained, "test"), "gone.wav"], list[tuple[int, int]]()
    hearing = Hearing.of(tagger)
    done = predict(tagger, paths, hearing, lambda *numbers: seen.append(numbers))
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

    monkeypatch.setattr(module, "RECORDINGS_PER_PART", 2)
    made_by = TaggedWith.of(tagger.file, hearing)
    monkeypatch.setattr(module, "tag_recordings", interrupted)
    with pytest.raises(KeyboardInterrupt):
        predict(tagger, paths, hearing, quiet, ScoreFolder.open(Store.open(tmp_path), made_by))
    monkeypatch.setattr(module, "tag_recordings", noted)
    done = predict(tagger, paths, hearing, quiet, ScoreFolder.open(Store.open(tmp_path), made_by))
    assert asked == paths[5:]
    whole = predict(tagger, paths, hearing, quiet)
    for one, other in zip(done.tagged, whole.tagged, strict=True):
        assert one.path == other.path
        assert one.scores_C == pytest.approx(other.scores_C, abs=1e-6)


def tags(path: str, windows: int = 1) -> Tagged:
    rng = np.random.default_rng(len(path) + windows)
    spans = tuple((k / 2, k / 2 + 1.0) for k in range(windows))
    return Tagged(path, spans, rng.random((windows, 2), np.float32))


def same(one: Tagged, other: Tagged) -> bool:
    return (one.path, one.spans) == (other.path, other.spans) and (one.scores_WC == other.scores_WC).all()


def test_what_is_kept_is_known_to_the_next_command(tmp_path: Path) -> None:
    kept = [tags("a.wav"), tags("b.wav", windows=3)]
    ScoreFolder.open(Store.open(tmp_path), MINE).add(kept, STAMPS)
    known = ScoreFolder.open(Store.open(tmp_path), MINE).known(STAMPS)
    assert set(known) == {"a.wav", "b.wav"}
    assert all(same(known[one.path], one) for one in kept)


def test_a_recording_that_has_changed_is_done_again(tmp_path: Path) -> None:
    parts = ScoreFolder.open(Store.open(tmp_path), MINE)
    parts.add([tags("a.wav")], STAMPS)
    parts.add([tags("b.wav")], STAMPS)
    assert set(parts.known(STAMPS | {"b.wav": "9-9"})) == {"a.wav"}
    assert len(Store.open(tmp_path).names(".parquet")) == 1


def test_a_part_that_is_none_is_removed(tmp_path: Path) -> None:
    parts = ScoreFolder.open(Store.open(tmp_path), MINE)
    parts.add([tags("a.wav")], STAMPS)
    (name,) = Store.open(tmp_path).names(".parquet")
    whole = (tmp_path / name).read_bytes()
    for broken in (whole[:-20], b"", b"PAR1"):
        (tmp_path / name).write_bytes(broken)
        assert parts.known(STAMPS) == {}
        assert not (tmp_path / name).exists()


@pytest.mark.parametrize("change", [{"model": "2" * 16}, {"hearing": Hearing(window=2.0)}])
def test_another_systems_scores_are_refused_or_replaced(tmp_path: Path, change: dict[str, object]) -> None:
    ScoreFolder.open(Store.open(tmp_path), MINE).add([tags("a.wav")], STAMPS)
    other = MINE.model_copy(update=change)
    with pytest.raises(UserError, match="holds something else"):
        ScoreFolder.open(Store.open(tmp_path), other)
    assert ScoreFolder.open(Store.open(tmp_path), other, replace=True).known(STAMPS) == {}


def test_what_was_on_the_way_goes_when_it_is_elsewhere(tmp_path: Path) -> None:
    parts = ScoreFolder.open(Store.open(tmp_path / "x.csv.parts"), MINE, replace=True)
    assert (tmp_path / "x.csv.parts" / TAGGED_WITH).exists()
    parts.remove()
    assert list(tmp_path.iterdir()) == []
