"""Scores as they come in: what is known is not done again, what does not fit is not believed."""

from pathlib import Path

import numpy as np
import pytest

from orchestrator.files.store import Store
from orchestrator.tagging.parts import JOB, Parts, TaggingJob
from orchestrator.tagging.tag import Hearing, Tagged
from trainable.errors import UserError

MINE = TaggingJob(system="a/b", model="1" * 16, vocabulary=("x", "y"), hearing=Hearing(window=1.0))
STAMPS = {"a.wav": "1-1", "b.wav": "2-2", "c.wav": "3-3"}


def tagged(path: str, windows: int = 1) -> Tagged:
    rng = np.random.default_rng(len(path) + windows)
    spans = tuple((k / 2, k / 2 + 1.0) for k in range(windows))
    return Tagged(path, spans, rng.random((windows, 2), np.float32))


def same(one: Tagged, other: Tagged) -> bool:
    return (one.path, one.spans) == (other.path, other.spans) and (one.scores_WC == other.scores_WC).all()


def test_what_is_kept_is_known_to_the_next_command(tmp_path: Path) -> None:
    kept = [tagged("a.wav"), tagged("b.wav", windows=3)]
    Parts.open(Store.open(tmp_path), MINE).add(kept, STAMPS)
    known = Parts.open(Store.open(tmp_path), MINE).known(STAMPS)
    assert set(known) == {"a.wav", "b.wav"}
    assert all(same(known[one.path], one) for one in kept)


def test_a_recording_that_has_changed_is_done_again(tmp_path: Path) -> None:
    parts = Parts.open(Store.open(tmp_path), MINE)
    parts.add([tagged("a.wav")], STAMPS)
    parts.add([tagged("b.wav")], STAMPS)
    assert set(parts.known(STAMPS | {"b.wav": "9-9"})) == {"a.wav"}
    assert len(Store.open(tmp_path).names(".parquet")) == 1


def test_a_part_that_is_none_is_removed(tmp_path: Path) -> None:
    parts = Parts.open(Store.open(tmp_path), MINE)
    parts.add([tagged("a.wav")], STAMPS)
    (name,) = Store.open(tmp_path).names(".parquet")
    whole = (tmp_path / name).read_bytes()
    for broken in (whole[:-20], b"", b"PAR1"):
        (tmp_path / name).write_bytes(broken)
        assert parts.known(STAMPS) == {}
        assert not (tmp_path / name).exists()


@pytest.mark.parametrize("change", [{"model": "2" * 16}, {"hearing": Hearing(window=2.0)}])
def test_another_systems_scores_are_refused_or_replaced(tmp_path: Path, change: dict[str, object]) -> None:
    Parts.open(Store.open(tmp_path), MINE).add([tagged("a.wav")], STAMPS)
    other = MINE.model_copy(update=change)
    with pytest.raises(UserError, match="holds something else"):
        Parts.open(Store.open(tmp_path), other)
    assert Parts.open(Store.open(tmp_path), other, replace=True).known(STAMPS) == {}


def test_a_folder_with_other_files_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match=r"holds something else \(thesis\.tex\)"):
        Parts.open(Store.open(tmp_path), MINE)
    assert (tmp_path / "thesis.tex").exists()


def test_what_was_on_the_way_goes_when_it_is_elsewhere(tmp_path: Path) -> None:
    parts = Parts.open(Store.open(tmp_path / "x.csv.parts"), MINE, replace=True)
    assert (tmp_path / "x.csv.parts" / JOB).exists()
    parts.remove()
    assert list(tmp_path.iterdir()) == []
