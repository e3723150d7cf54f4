"""Groups of clips that folds keep together, against plain loops over all pairs of clips."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.data.clip_table import read_dataset
from orchestrator.data.folded import FoldedDataset, fold_dataset, open_dataset
from orchestrator.data.folds import assign_folds
from orchestrator.data.groups import BY_COLUMN, BY_IDS, group_clips, joined, source_column, sources, torn
from orchestrator.data.layouts import DataSettings, PlainSettings
from tests.orchestrator.data.small_sets import sounding, write_csv
from tests.places import META
from trainable.arrays import Ints
from trainable.errors import UserError

needs_data = pytest.mark.skipif(not META.exists(), reason="the real tables are not beside the checkout")


def table(labels: list[str], ids: list[int] | None = None, source: list[str] | None = None) -> pd.DataFrame:
    count = len(labels)
    return pd.DataFrame(
        {
            "fname": [f"{place}.wav" for place in range(count)],
            "labels": [tuple(text) for text in labels],
            "source": source or [""] * count,
            "freesound_id": [str(number) for number in ids] if ids else [""] * count,
        }
    )


def spread(together: list[set[int]], clips: int) -> list[set[int]]:
    """Groups by painting: a clip takes its neighbours' colour until nothing changes."""
    colour = list(range(clips))
    changed = True
    while changed:
        changed = False
        for pair in together:
            least = min(colour[clip] for clip in pair)
            for clip in pair:
                if colour[clip] != least:
                    colour[clip], changed = least, True
    return [{other for other in range(clips) if colour[other] == colour[clip]} for clip in range(clips)]


def as_sets(groups: Ints) -> list[set[int]]:
    return [set(np.flatnonzero(groups == group).tolist()) for group in groups]


@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["a", "b", "ab"])), min_size=1, max_size=40))
def test_runs_of_ids_are_what_all_pairs_say(clips: list[tuple[int, str]]) -> None:
    ids, labels = [number for number, _ in clips], [text for _, text in clips]
    near = [
        {i, j}
        for i, j in combinations(range(len(clips)), 2)
        if abs(ids[i] - ids[j]) <= 5 and set(labels[i]) & set(labels[j])
    ]
    frame = table(labels, ids=ids)
    groups = group_clips(frame, "source")
    assert as_sets(groups) == spread(near, len(clips))
    assert source_column(frame) == BY_IDS
    first = [groups.tolist().index(group) for group in range(groups.max() + 1)]
    assert first == sorted(first), "numbered in the order of their first clips"
    assert group_clips(frame, "none").tolist() == list(range(len(clips)))


def test_a_column_source_goes_before_ids_and_an_empty_one_is_alone() -> None:
    frame = table(["a", "b", "a", "a"], ids=[1, 2, 3, 4], source=["x", "x", "", ""])
    assert group_clips(frame, "source").tolist() == [0, 0, 1, 2]
    assert source_column(frame) == BY_COLUMN


def test_without_sources_there_are_none_to_keep_together() -> None:
    frame = table(["a", "b"])
    assert sources(frame) is None
    with pytest.raises(UserError, match=r"neither a column source .* nor freesound_id: add one, or set"):
        group_clips(frame, "source")
    frame["freesound_id"] = ["12", "x1"]
    with pytest.raises(UserError, match=r"1\.wav: the freesound_id 'x1' is no number"):
        group_clips(frame, "source")


@given(
    st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=20),
    st.lists(st.integers(0, 3), min_size=20, max_size=20),
)
def test_chains_and_torn_groups_against_loops(pairs: list[tuple[int, int]], folds: list[int]) -> None:
    groups = joined(20, pairs)
    expected = spread([set(pair) for pair in pairs], 20)
    assert as_sets(groups) == expected
    lonely = [all(folds[other] == folds[clip] for other in expected[clip]) for clip in range(20)]
    assert torn(groups, np.array(folds)) == lonely.count(False)


@given(
    sizes=st.lists(st.integers(1, 3), min_size=30, max_size=120),
    classes=st.integers(1, 5),
    n_folds=st.integers(2, 5),
    seed=st.integers(0, 99),
)
def test_no_group_is_split_and_labels_are_even_where_groups_are_small(
    sizes: list[int], classes: int, n_folds: int, seed: int
) -> None:
    """Groups of one label, as a source mostly has: counts by plain loops."""
    label = [place % classes for place in range(len(sizes))]
    group_of = [place for place, size in enumerate(sizes) for _ in range(size)]
    targets = np.eye(classes, dtype=np.uint8)[[label[group] for group in group_of]]
    fold_of = assign_folds(targets, n_folds, seed, np.array(group_of))
    seen: dict[int, int] = {}
    counts = {(fold, name): 0 for fold in range(n_folds) for name in range(classes)}
    for clip, group in enumerate(group_of):
        assert seen.setdefault(group, int(fold_of[clip])) == fold_of[clip], "a group in two folds"
        counts[int(fold_of[clip]), label[group]] += 1
    for name in range(classes):
        total = sum(size for place, size in enumerate(sizes) if label[place] == name)
        for fold in range(n_folds):
            assert abs(counts[fold, name] - total / n_folds) <= 2


def test_more_folds_than_groups_are_refused() -> None:
    targets = np.ones((6, 1), np.uint8)
    with pytest.raises(UserError, match="3 verified groups of clips cannot fill 4 folds"):
        assign_folds(targets, 4, 0, np.array([0, 0, 1, 1, 2, 2]))


def test_files_of_equal_bytes_are_of_one_group_whatever_is_set(tmp_path: Path) -> None:
    folder = sounding(tmp_path)
    clips = read_dataset(folder, DataSettings()).clips
    verified = clips[clips["part"] == "verified"]
    assert group_clips(verified, "none").tolist() == [0, 1, 2], "equal in size, not in content"
    first, last = (Path(verified["path"].iloc[place]) for place in (0, 2))
    last.write_bytes(first.read_bytes())
    assert group_clips(verified, "none").tolist() == [0, 1, 0]
    for seed in range(8):
        fold_of = open_dataset(folder, DataSettings(), 2, seed).fold_of
        assert fold_of[0] == fold_of[2] != fold_of[1]


def test_files_that_differ_in_their_last_byte_are_not_equal(tmp_path: Path) -> None:
    contents = [b"\0" * 40_000 + end for end in (b"a", b"b", b"a")]
    paths = [tmp_path / f"{place}.wav" for place in range(3)]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    verified = table(["a", "a", "a", "a"]).assign(path=[*map(str, paths), str(tmp_path / "none.wav")])
    assert group_clips(verified, "none").tolist() == [0, 1, 0, 2]


def test_the_plain_layout_may_name_sources(tmp_path: Path) -> None:
    rows = [(f"{n}.wav", "a", "day 1" if n < 3 else "day 2") for n in range(6)]
    write_csv(tmp_path / "clips.csv", ("fname", "labels", "source"), rows)
    plain = PlainSettings(verified_csv="clips.csv", verified_folder="audio")
    read = read_dataset(tmp_path, DataSettings(plain=plain), check_audio=False)
    fold_of = fold_dataset(read, 2, 0, "source").fold_of
    assert len(set(fold_of[:3])) == len(set(fold_of[3:])) == 1
    assert fold_of[0] != fold_of[5]


def targets_of(dataset: FoldedDataset) -> Ints:
    return dataset.targets[: len(dataset.fold_of)].astype(np.int64)


def lines(clips: pd.DataFrame, part: str) -> list[Any]:
    return list(clips[clips["part"] == part].itertuples())


@needs_data
def test_the_real_sources_are_kept_together_and_labels_even_as_far_as_they_allow(tmp_path: Path) -> None:
    """2,511 of 4,964 clips are torn from their source by plain folds; sources have up to 40 clips of a class.

    Dealt alone, the largest source first, a class could be as even as `alone`: within two of that it is.
    """
    (tmp_path / "FSDKaggle2019.meta").symlink_to(META)
    read = read_dataset(tmp_path, DataSettings(), check_audio=False)
    verified = read.clips[read.clips["part"] == "verified"]
    groups = sources(verified)
    assert groups is not None
    plain, kept = (fold_dataset(read, 4, 0, group) for group in ("none", "source"))
    assert torn(groups, plain.fold_of) == 2511
    assert torn(groups, kept.fold_of) == 0
    sizes = [targets_of(kept)[groups == group].sum(0).max() for group in range(groups.max() + 1)]
    assert max(sizes) == 40
    tested = {int(line.freesound_id): set(line.labels) for line in lines(read.clips, "test")}
    near_test = [
        line
        for line in lines(read.clips, "verified")
        if any(set(line.labels) & tested.get(int(line.freesound_id) + d, set()) for d in range(-5, 6))
    ]
    assert len(near_test) == 7
    for column in targets_of(kept).T:
        share = column.sum() / 4
        counts = [int(column[kept.fold_of == fold].sum()) for fold in range(4)]
        alone = [0.0] * 4
        for size in sorted(np.bincount(groups, weights=column), reverse=True):
            alone[alone.index(min(alone))] += size
        unavoidable = max(abs(count - share) for count in alone)
        assert max(abs(count - share) for count in counts) <= unavoidable + 2
    assert np.ptp(np.bincount(kept.fold_of)) <= 4
