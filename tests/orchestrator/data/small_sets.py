"""The same six clips in both layouts of FSDKaggle2019, and what the reader makes of them."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from orchestrator.data.clip_table import ClipTable, read_dataset
from orchestrator.data.layouts import DataSettings

Rows = list[tuple[str, ...]]
CLASSES = ("Accordion", "Bark", "Zipper_(clothing)")
VERIFIED: Rows = [("b.wav", "Bark"), ("a.wav", "Accordion,Bark"), ("f76181c4.wav", "Bark")]
THIRD = ("third.wav", "Zipper_(clothing)")
UNVERIFIED: Rows = [("d.wav", "Zipper_(clothing)"), ("c.wav", "Bark")]
TEST: Rows = [("9.wav", "Bark", "Private"), ("1.wav", "Accordion,Zipper_(clothing)", "Public")]
NAMES = ("train_curated", "train_noisy", "test")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def write_wavs(folder: Path, rows: Iterable[Sequence[str]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for row in rows:
        (folder / row[0]).touch()


def zenodo(folder: Path) -> Path:
    meta = folder / "FSDKaggle2019.meta"
    write_csv(meta / "train_curated_post_competition.csv", ("fname", "labels"), VERIFIED)
    write_csv(meta / "train_noisy_post_competition.csv", ("fname", "labels"), UNVERIFIED)
    write_csv(meta / "test_post_competition.csv", ("fname", "labels", "usage"), TEST)
    (meta / "vocabulary.csv").write_text("\n".join(f"{i},{name}" for i, name in enumerate(CLASSES)))
    for name, rows in zip(NAMES, (VERIFIED, UNVERIFIED, TEST), strict=True):
        write_wavs(folder / f"FSDKaggle2019.audio_{name}", rows)
    return folder


def sounding(folder: Path) -> Path:
    """A data set with a verified clip of every class, all of them sounds."""
    zenodo(folder)
    table = folder / "FSDKaggle2019.meta" / "train_curated_post_competition.csv"
    write_csv(table, ("fname", "labels"), [*VERIFIED, THIRD])
    (folder / "FSDKaggle2019.audio_train_curated" / THIRD[0]).touch()
    for number, path in enumerate(sorted(folder.glob("FSDKaggle2019.audio_*/*.wav"))):
        soundfile.write(path, np.full(500, 0.1 + 0.01 * number), 22050, subtype="PCM_16")
    return folder


def kaggle(folder: Path, nested: bool = False) -> Path:
    # Another order of rows and of classes than the Zenodo copy's.
    write_csv(folder / "train_curated.csv", ("fname", "labels"), reversed(VERIFIED))
    write_csv(folder / "train_noisy.csv", ("fname", "labels"), reversed(UNVERIFIED))
    scores = [(row[0], "0", "0", "0") for row in TEST]
    write_csv(folder / "sample_submission.csv", ("fname", *CLASSES), scores)
    for name, rows in zip(NAMES, (VERIFIED, UNVERIFIED, TEST), strict=True):
        write_wavs(folder / name / name if nested else folder / name, rows)
    return folder


def summary(table: ClipTable) -> list[tuple[object, ...]]:
    clips = table.clips[["fname", "part", "labels", "usage"]]
    return [tuple(row) for row in clips.itertuples(index=False)]


EXPECTED = [
    ("a.wav", "verified", ("Accordion", "Bark"), ""),
    ("b.wav", "verified", ("Bark",), ""),
    ("c.wav", "unverified", ("Bark",), ""),
    ("d.wav", "unverified", ("Zipper_(clothing)",), ""),
    ("1.wav", "test", ("Accordion", "Zipper_(clothing)"), "Public"),
    ("9.wav", "test", ("Bark",), "Private"),
]


def problem(folder: Path, settings: DataSettings | None = None) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        read_dataset(folder, settings or DataSettings())
    return str(caught.value)
