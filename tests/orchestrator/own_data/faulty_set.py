"""A data set with a fault of every kind that tables and sound files can have, and how often."""

from pathlib import Path

import numpy as np
import soundfile

from tests.orchestrator.data.small_sets import sounding

META = "FSDKaggle2019.meta"
FAULTS = {
    "table": 3, "vocabulary": 0, "file name": 1, "missing file": 1, "clip twice": 1, "usage": 1, "label": 4,
    "bad file": 1, "class": 1, "list of label errors": 1,
}  # fmt: skip
"""Findings of each kind in `faulty`."""


def write(path: Path, samples: object, rate: int = 22050) -> None:
    soundfile.write(path, np.asarray(samples, np.float32), rate, subtype="PCM_16")


def noise(seed: int, length: int = 2000) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, length)


def healthy(folder: Path) -> Path:
    """Seven clips, each with a sound of its own."""
    sounding(folder)
    for number, path in enumerate(sorted(folder.glob("FSDKaggle2019.audio_*/*.wav"))):
        write(path, noise(number))
    return folder


def faulty(folder: Path) -> Path:
    """`healthy` with FAULTS."""
    healthy(folder)
    meta, noisy = folder / META, folder / "FSDKaggle2019.audio_train_noisy"
    (meta / "train_curated_post_competition.csv").write_text(
        'fname,labels\nb.wav,Bark\na.wav,"Accordion,Bark"\nf76181c4.wav,Bark\n'
        "b.wav,Bark\n,Bark\nthird.wav,Zipper\n"
    )
    (meta / "train_noisy_post_competition.csv").write_text(
        "fname,labels\nc.wav,Bark\n\nc2.wav,Bark,Zipper\nd.wav\ngone.wav,Brak\n"
        'twice.wav,"Bark,Bark"\nempty.wav,"Bark,"\n'
    )
    (meta / "test_post_competition.csv").write_text(
        "fname,labels,usage\n1.wav,Accordion,private\n9.wav,Bark,Private\n"
    )
    write(noisy / "twice.wav", noise(20))
    write(noisy / "empty.wav", noise(21))
    (noisy / "c.wav").write_bytes((noisy / "c.wav").read_bytes()[:-100])
    (folder / "FSDKaggle2019.doc").mkdir()
    (folder / "FSDKaggle2019.doc/noise_truth.csv").write_text(
        "fname,given,true,kind\nx.wav,Bark,Bark,correct\n"
    )
    return folder
