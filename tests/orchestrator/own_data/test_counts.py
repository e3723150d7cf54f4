"""Counts of clips and labels, and beside what was published."""

from pathlib import Path

import pytest

from orchestrator.data.clip_table import Reading, read_tables
from orchestrator.data.layouts import DataSettings
from orchestrator.data.tables import Problems
from orchestrator.own_data.counts import class_facts, comparisons, part_facts
from orchestrator.own_data.sounds import Sound
from tests.orchestrator.own_data.faulty_set import healthy
from tests.places import META


def read(folder: Path, check_audio: bool = True) -> Reading:
    return read_tables(folder, DataSettings(), Problems(), check_audio)


def test_lengths_rates_and_channels_are_of_the_readable_files(tmp_path: Path) -> None:
    reading = read(healthy(tmp_path))
    lengths = iter([1, 2, 6])
    rows = [row for row in reading.rows if row.part == "verified"]
    sounds = {row.path: Sound(samples=next(lengths) * 10, rate=10, channels=1) for row in rows[:3]}
    sounds[rows[3].path] = Sound("broken")
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
    assert comparisons(read(healthy(tmp_path))) == ()


@pytest.mark.skipif(not META.is_dir(), reason="the real metadata is not here")
def test_the_real_tables_have_what_was_published(tmp_path: Path) -> None:
    (tmp_path / "FSDKaggle2019.meta").symlink_to(META)
    counts = comparisons(read(tmp_path, check_audio=False))
    assert len(counts) == 14
    assert all(count.is_equal for count in counts)
    table = META / "train_noisy_post_competition.csv"
    (tmp_path / "FSDKaggle2019.meta").unlink()
    (tmp_path / "FSDKaggle2019.meta").mkdir()
    for path in META.iterdir():
        (tmp_path / "FSDKaggle2019.meta" / path.name).write_bytes(path.read_bytes())
    cut = table.read_bytes().splitlines(keepends=True)[:-1]
    (tmp_path / "FSDKaggle2019.meta" / table.name).write_bytes(b"".join(cut))
    odd = [count.what for count in comparisons(read(tmp_path, check_audio=False)) if not count.is_equal]
    assert odd[0] == "unverified clips"
    assert "unverified clips of a class" in odd
