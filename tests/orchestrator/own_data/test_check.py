"""A check finds all faults of all kinds, each with its place; `run` refuses exactly the sets with faults."""

from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from orchestrator.data.clip_table import Reading, read_tables
from orchestrator.data.folded import open_dataset
from orchestrator.data.layouts import DataSettings
from orchestrator.data.tables import Kind, Problem, Problems
from orchestrator.own_data.check import Request, check_dataset, class_facts, comparisons, part_facts
from orchestrator.own_data.findings import FIXES, Check, Finding, PublishedCount, RemarkKind, in_order
from orchestrator.own_data.sounds import SoundFacts
from orchestrator.settings.loading import load_experiment
from tests.orchestrator.data.small_sets import CLASSES, kaggle
from tests.orchestrator.own_data.faulty_set import FAULTS, META, faulty, healthy
from tests.places import META as REAL_META
from tests.places import SMOKE
from trainable.errors import UserError


def checked(folder: Path, *assignments: str) -> Check:
    experiment = load_experiment(SMOKE, assignments)
    return check_dataset(Request("smoke.yaml", experiment, folder), lambda done, total: None)


def files(folder: Path) -> dict[Path, tuple[bytes, int]]:
    return {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}


def test_a_healthy_set_has_no_faults(tmp_path: Path) -> None:
    check = checked(healthy(tmp_path))
    assert check.faults == ()
    assert (check.layout, check.classes) == ("zenodo", 3)
    assert {part.part: (part.clips, part.readable) for part in check.parts} == {
        "verified": (4, 4), "unverified": (2, 2), "test": (2, 2),
    }  # fmt: skip
    assert [fact.name for fact in check.per_class] == list(CLASSES)
    assert [sum(fact.folds) for fact in check.per_class] == [1, 2, 1], "without the officially bad clip"
    assert {finding.kind for finding in check.findings} == {"officially bad", "thin class"}


def test_every_fault_is_found_at_once_with_its_place_and_nothing_is_changed(tmp_path: Path) -> None:
    before = files(faulty(tmp_path))
    check = checked(tmp_path)
    assert files(tmp_path) == before
    assert Counter(fault.kind for fault in check.faults) == +Counter(FAULTS)
    lines = {(fault.kind, Path(fault.path).name, fault.line) for fault in check.faults}
    assert lines >= {
        ("table", "train_noisy_post_competition.csv", 3),
        ("table", "train_noisy_post_competition.csv", 4),
        ("table", "train_noisy_post_competition.csv", 5),
        ("clip twice", "train_curated_post_competition.csv", 5),
        ("file name", "train_curated_post_competition.csv", 6),
        ("label", "train_curated_post_competition.csv", 7),
        ("missing file", "train_noisy_post_competition.csv", 6),
        ("usage", "test_post_competition.csv", 2),
        ("bad file", "c.wav", None),
        ("list of label errors", "noise_truth.csv", 2),
    }
    assert any("did you mean Bark?" in fault.text for fault in check.faults)


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (f"{META}/vocabulary.csv", "vocabulary"),
        (f"{META}/test_post_competition.csv", "table"),
        ("FSDKaggle2019.audio_test", "missing file"),
    ],
)
def test_what_is_missing_as_a_whole_is_one_fault(tmp_path: Path, broken: str, kind: str) -> None:
    place = healthy(tmp_path) / broken
    place.rename(tmp_path / "elsewhere")
    (fault,) = checked(tmp_path).faults
    assert (fault.kind, fault.path) == (kind, str(place))
    place.write_bytes(b"\xff\n")
    (fault,) = checked(tmp_path).faults
    assert fault.path == str(place)


def test_what_run_refuses_is_a_fault_and_the_other_way_round(tmp_path: Path) -> None:
    """Every fault of `faulty` alone stops the strict reading too."""
    settings = load_experiment(SMOKE).data
    open_dataset(healthy(tmp_path / "healthy"), settings, 2, 0)
    with pytest.raises(UserError):
        open_dataset(faulty(tmp_path / "faulty"), settings, 2, 0)


def test_skipped_files_are_remarks(tmp_path: Path) -> None:
    bad = healthy(tmp_path) / "FSDKaggle2019.audio_train_noisy/c.wav"
    bad.write_bytes(b"RIFF")
    assert [fault.kind for fault in checked(tmp_path).faults] == ["bad file"]
    check = checked(tmp_path, "data.bad_clips=skip")
    assert check.faults == ()
    assert [f.path for f in check.findings if f.kind == "bad file, skipped"] == [str(bad)]


def test_too_few_clips_and_columns_without_clips_are_faults(tmp_path: Path) -> None:
    check = checked(healthy(tmp_path), "folds=4")
    assert [fault.kind for fault in check.faults] == ["folds"]
    assert [fact.folds for fact in check.per_class] == [(), (), ()]
    (tmp_path / META / "train_noisy_post_competition.csv").write_text("fname,labels\n")
    assert [fault.kind for fault in checked(tmp_path).faults] == ["columns of the grid"]


def test_a_kaggle_copy_without_test_labels_is_in_order(tmp_path: Path) -> None:
    zenodo = healthy(tmp_path / "zenodo")
    for path in kaggle(tmp_path / "kaggle").rglob("*.wav"):
        (source,) = zenodo.rglob(path.name)
        path.write_bytes(source.read_bytes())
    check = checked(tmp_path / "kaggle")
    assert [(part.part, part.labels) for part in check.parts][-1] == ("test", 0)
    assert {fault.kind for fault in check.faults} == {"class"}, "its third class has no verified clip"


def test_the_size_of_the_features_is_an_upper_bound(tmp_path: Path) -> None:
    needs = checked(healthy(tmp_path)).needs
    frames = 8 * (1 + 2000 // 882)
    assert (needs.frames, needs.bytes) == (frames, frames * 16 * 2)
    assert min(needs.disk_free, needs.memory) > 0


def test_no_data_set_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="neither FSDKaggle2019"):
        checked(tmp_path)


def read(folder: Path, check_audio: bool = True) -> Reading:
    return read_tables(folder, DataSettings(), Problems(), check_audio)


def compared(folder: Path, check_audio: bool = False) -> tuple[PublishedCount, ...]:
    reading = read(folder, check_audio)
    return comparisons(reading, part_facts(reading, {}), class_facts(reading, None))


def test_lengths_rates_and_channels_are_of_the_readable_files(tmp_path: Path) -> None:
    reading = read(healthy(tmp_path))
    lengths = iter([1, 2, 6])
    rows = [row for row in reading.rows if row.part == "verified"]
    sounds = {row.path: SoundFacts(samples=next(lengths) * 10, rate=10, channels=1) for row in rows[:3]}
    sounds[rows[3].path] = SoundFacts("broken")
    verified = part_facts(reading, sounds)[0]
    assert (verified.clips, verified.readable, verified.labels, verified.single) == (4, 3, 5, 3)
    assert (verified.shortest, verified.median, verified.longest, verified.seconds) == (1, 2, 6, 9)
    assert (verified.rates, verified.channels) == ({10: 3}, {1: 3})


def test_classes_are_counted_by_part(tmp_path: Path) -> None:
    facts = class_facts(read(healthy(tmp_path)), None)
    assert [(f.name, f.verified, f.unverified, f.test) for f in facts] == [
        ("Accordion", 1, 0, 1), ("Bark", 3, 1, 1), ("Zipper_(clothing)", 1, 1, 1),
    ]  # fmt: skip


def test_other_classes_are_not_compared(tmp_path: Path) -> None:
    assert compared(healthy(tmp_path), True) == ()


@pytest.mark.skipif(not REAL_META.is_dir(), reason="the real metadata is not here")
def test_the_real_tables_have_what_was_published(tmp_path: Path) -> None:
    (tmp_path / "FSDKaggle2019.meta").symlink_to(REAL_META)
    counts = compared(tmp_path)
    assert len(counts) == 14
    assert all(count.is_equal for count in counts)
    table = REAL_META / "train_noisy_post_competition.csv"
    (tmp_path / "FSDKaggle2019.meta").unlink()
    (tmp_path / "FSDKaggle2019.meta").mkdir()
    for path in REAL_META.iterdir():
        (tmp_path / "FSDKaggle2019.meta" / path.name).write_bytes(path.read_bytes())
    cut = table.read_bytes().splitlines(keepends=True)[:-1]
    (tmp_path / "FSDKaggle2019.meta" / table.name).write_bytes(b"".join(cut))
    odd = [count.name for count in compared(tmp_path) if not count.is_equal]
    assert odd[0] == "unverified clips"
    assert "unverified clips of a class" in odd


def test_every_kind_has_something_to_do() -> None:
    assert set(FIXES) == {*get_args(Kind), *get_args(RemarkKind)}


def test_faults_come_first_by_kind_and_each_once() -> None:
    label = Finding.fault(Problem("label", "t.csv", 3, "t.csv, line 3: unknown"))
    table = Finding.fault(Problem("table", "t.csv", 2, "t.csv, line 2: blank"))
    silent = Finding.remark("silent", "a.wav has no signal")
    assert in_order([silent, label, table, label]) == (table, label, silent)
