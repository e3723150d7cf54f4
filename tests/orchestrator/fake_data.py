"""The clips of a fake run: labels, known label errors, folds."""

import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from orchestrator.files.store import Store

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Numbers:
    """How large a fake run is."""

    verified: int = 60
    unverified: int = 120
    test: int = 80
    classes: int = 6
    wrong: float = 0.4
    """Share of unverified clips with a wrong label."""
    iterations: tuple[int, int, int] = (20, 20, 10)
    batch: int = 16
    separation: float = 1.0
    """Of true classes from others, in standard deviations of the noise."""
    labelled_test: bool = True
    usage: bool = True


def generator(*words: object) -> np.random.Generator:
    """Random numbers that depend on nothing but `words`."""
    return np.random.default_rng(zlib.crc32(repr(words).encode()))


@dataclass(frozen=True)
class FakeData:
    """Clips as `legs.tables.CLIP_COLUMNS` lists them, and what their labels should be."""

    numbers: Numbers
    vocabulary: list[str]
    part: NDArray[np.str_]
    names: list[str]
    truth: NDArray[np.uint8]
    """True labels: (clips, classes); none where a sound is outside the vocabulary."""
    given: NDArray[np.uint8]
    """Labels in the tables: (clips, classes)."""
    kind: NDArray[np.str_]
    """Of each label: right, in_vocabulary, out_of_vocabulary."""
    fold: NDArray[np.int32]
    usage: list[str]

    @classmethod
    def draw(cls, numbers: Numbers, vocabulary: list[str], folds: int, seed: int) -> "FakeData":
        rng = generator("data", seed)
        counts = (numbers.verified, numbers.unverified, numbers.test)
        part = np.repeat(["verified", "unverified", "test"], counts)
        several = np.where(part == "test", 0.3, 0.16)
        truth = _labels(rng, several, len(vocabulary))
        kind = np.full(len(part), "right", "<U20")
        wrong = (part == "unverified") & (rng.random(len(part)) < numbers.wrong)
        outside = wrong & (rng.random(len(part)) < 0.5)
        kind[wrong], kind[outside] = "in_vocabulary", "out_of_vocabulary"
        given = np.where(wrong[:, None], np.roll(truth, 1, axis=1), truth)
        truth = np.where(outside[:, None], 0, truth).astype(np.uint8)
        if not numbers.labelled_test:
            given[part == "test"] = 0
        fold = np.full(len(part), -1, np.int32)
        fold[: numbers.verified] = rng.permutation(np.arange(numbers.verified) % folds)
        names = [f"{number:08x}.wav" for number in range(len(part))]
        split = numbers.verified + numbers.unverified + numbers.test // 4
        usage = ["Public" if row < split else "Private" for row in range(len(part))]
        usage = [u if p == "test" and numbers.usage else "" for u, p in zip(usage, part, strict=True)]
        return cls(numbers, vocabulary, part, names, truth, given.astype(np.uint8), kind, fold, usage)

    def labels(self, table: NDArray[np.uint8]) -> list[list[str]]:
        return [[self.vocabulary[c] for c in np.flatnonzero(row)] for row in table]

    def write(self, store: Store) -> None:
        clips = {
            "fname": pa.array(self.names, pa.string()),
            "part": pa.array(self.part.tolist(), pa.string()),
            "labels": pa.array(self.labels(self.given), pa.list_(pa.string())),
            "usage": pa.array(self.usage, pa.string()),
            "fold": self.fold,
        }
        store.write_table("clips.parquet", pa.table(clips))
        rows = np.flatnonzero(self.part == "unverified")
        truth = pd.DataFrame(
            {
                "fname": [self.names[row] for row in rows],
                "given": [",".join(labels) for labels in self.labels(self.given[rows])],
                "true": [",".join(labels) for labels in self.labels(self.truth[rows])],
                "kind": self.kind[rows],
            }
        )
        store.write_table("noise_truth.parquet", pa.Table.from_pandas(truth, preserve_index=False))


def _labels(rng: np.random.Generator, several: Floats, classes: int) -> NDArray[np.uint8]:
    """One label for each clip, evenly over the classes, and a second one with probability `several`."""
    labels = np.zeros((len(several), classes), np.uint8)
    first = rng.permutation(np.arange(len(several)) % classes)
    labels[np.arange(len(several)), first] = 1
    second = (first + rng.integers(1, classes, len(several))) % classes
    labels[np.arange(len(several)), second] |= rng.random(len(several)) < several
    return labels
