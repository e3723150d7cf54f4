"""Data sets of other kinds than FSDKaggle2019: their tables and their sounds."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tests.orchestrator.data.small_sets import write_csv
from tests.orchestrator.own_data.faulty_set import noise, write

LABELS = ("Bark", "Meow", "Bark,Meow")


def own_set(folder: Path, parts: Mapping[str, int], header: Sequence[str] = ("fname", "labels")) -> Path:
    """A table `<name>.csv` and a folder `<name>/` with so many short sounds, for each name."""
    for part, (name, count) in enumerate(parts.items()):
        names = [f"{Path(name).name}-{number}.wav" for number in range(count)]
        rows = [(clip, LABELS[number % len(LABELS)]) for number, clip in enumerate(names)]
        write_csv(folder / f"{name}.csv", header, rows)
        (folder / name).mkdir(parents=True)
        for number, clip in enumerate(names):
            write(folder / name / clip, np.tile(noise(1000 * part + number, 500), 20))
    return folder
