"""The embedded data set: a synthetic look-alike of FSDKaggle2019 whose label errors are known.

The shape is the real one's: few verified clips with one label mostly, many unverified ones from another
channel with wrong labels among them, a test part with more labels. Written in the Zenodo layout, and the same
bytes for the same settings.
"""

import csv
import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import soundfile
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt
from scipy.signal import butter, sosfilt

from orchestrator.recipes import RATE, Wave, sound, stranger, vocabulary
from trainable.config import OURS, Settings, Share

SINGLE = 0.84
"""Share of training clips with one label (section 3.2)."""
SINGLE_TEST = 0.7
"""The same of test clips."""
PUBLIC = 0.25
"""Share of test clips that are public."""
STRANGE = 0.5
"""Share of wrong labels whose clip holds no sound of the vocabulary."""
SHORTEST = 0.3
"""Seconds."""
SILENT_ENDS = 0.2
"""Share of clips with silent ends."""


class SynthSettings(Settings):
    """Size of the embedded data set."""

    classes: Annotated[int, OURS, Field(ge=2, le=80)] = 12
    """Classes of sounds."""
    verified: Annotated[PositiveInt, OURS] = 96
    """Clips with correct labels."""
    unverified: Annotated[PositiveInt, OURS] = 800
    """Clips with labels that may be wrong."""
    test: Annotated[PositiveInt, OURS] = 400
    """Clips to predict."""
    wrong_rate: Annotated[Share, OURS] = 0.4
    """Share of unverified clips with a wrong label."""
    longest: Annotated[PositiveFloat, OURS] = 3.0
    """Seconds of the longest clip."""
    seed: Annotated[NonNegativeInt, OURS] = 0
    """Seed of everything."""


@dataclass(frozen=True)
class _Clip:
    fname: str
    labels: tuple[str, ...]
    """As the tables give them."""
    sounds: tuple[str, ...]
    """What is heard; empty: a sound of no class."""


PARTS = ("train_curated", "train_noisy", "test")


def synthesize(folder: Path, settings: SynthSettings) -> None:
    """Write the data set; does nothing where the same one is there.

    Raises:
        ValueError: the folder holds something else.
    """
    mark = folder / "synth.json"
    if mark.is_file() and json.loads(mark.read_text()) == settings.model_dump():
        return
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder} holds something else than this embedded data: empty it or name another")
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    names = _names(settings)
    parts = {part: _clips(part, names[part], settings) for part in PARTS}
    for number, part in enumerate(PARTS):
        _write_audio(unfinished / f"FSDKaggle2019.audio_{part}", parts[part], number, settings)
    _write_tables(unfinished, parts, settings)
    (unfinished / "synth.json").write_text(settings.model_dump_json())
    if folder.exists():
        folder.rmdir()
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished.rename(folder)


def _rng(settings: SynthSettings, part: int, clip: int) -> np.random.Generator:
    """A generator for one clip; clip -1: for what concerns its whole part."""
    return np.random.Generator(np.random.Philox(key=[settings.seed, part], counter=[0, 0, 0, clip + 1]))


# --- labels --------------------------------------------------------------------------------------------


def _names(settings: SynthSettings) -> dict[str, list[str]]:
    """File names, as random as Freesound's; of the test part in order, so that public ones come first."""
    counts = (settings.verified, settings.unverified, settings.test)
    numbers = _rng(settings, len(PARTS), -1).choice(16**8, sum(counts), replace=False)
    names = [f"{number:08x}.wav" for number in numbers]
    ends = np.cumsum(counts)
    split = dict(zip(PARTS, (names[: ends[0]], names[ends[0] : ends[1]], names[ends[1] :]), strict=True))
    return split | {"test": sorted(split["test"])}


def _clips(part: str, names: Sequence[str], settings: SynthSettings) -> list[_Clip]:
    rng = _rng(settings, PARTS.index(part), -1)
    truths = _truths(rng, len(names), SINGLE_TEST if part == "test" else SINGLE, settings.classes)
    if part != "train_noisy":
        return [_Clip(name, true, true) for name, true in zip(names, truths, strict=True)]
    wrong = rng.permutation(len(names)) < round(settings.wrong_rate * len(names))
    pairs = zip(names, truths, wrong, strict=True)
    return [_Clip(name, given, _heard(rng, given, settings) if bad else given) for name, given, bad in pairs]


def _truths(rng: np.random.Generator, count: int, single: float, classes: int) -> list[tuple[str, ...]]:
    """Labels of each clip: every class equally often in the first place, two to three labels for some."""
    known = vocabulary(classes)
    first = rng.permutation(np.arange(count) % classes)
    several = rng.permutation(count) >= round(single * count)
    truths = []
    for label, more in zip(first, several, strict=True):
        others = rng.permutation(np.delete(np.arange(classes), label))[: rng.integers(1, 3)]
        truths.append(tuple(known[i] for i in (label, *(others if more else ()))))
    return truths


def _heard(rng: np.random.Generator, given: Sequence[str], settings: SynthSettings) -> tuple[str, ...]:
    """What a wrongly labelled clip holds: another class, or none."""
    if rng.random() < STRANGE:
        return ()
    others = [name for name in vocabulary(settings.classes) if name not in given]
    return (others[rng.integers(len(others))],) if others else ()


# --- audio ---------------------------------------------------------------------------------------------


def _write_audio(folder: Path, clips: Iterable[_Clip], part: int, settings: SynthSettings) -> None:
    folder.mkdir(parents=True)
    for number, clip in enumerate(clips):
        wave = _mix(clip.sounds, _rng(settings, part, number), settings)
        if PARTS[part] == "train_noisy":
            wave = _other_channel(wave, _rng(settings, len(PARTS) + 1, number))
        samples = np.round(wave.clip(-1, 1) * 32767).astype(np.int16)
        soundfile.write(folder / clip.fname, samples, RATE, subtype="PCM_16")


def _mix(sounds: Sequence[str], rng: np.random.Generator, settings: SynthSettings) -> Wave:
    """One clip: its sounds, overlapping in part, over a background, perhaps with silent ends."""
    seconds = SHORTEST * (settings.longest / SHORTEST) ** rng.beta(2, 1.2)
    count = int(seconds * RATE)
    wave = _background(rng, count) * 10 ** (-rng.uniform(8, 26) / 20)
    for name in sounds or (None,):
        length = count if len(sounds) < 2 else int(count * rng.uniform(0.5, 1))
        start = rng.integers(0, count - length + 1)
        event = sound(name, settings.classes, rng, length) if name else stranger(rng, length)
        wave[start : start + length] += event * _envelope(rng, length) * rng.uniform(0.4, 1)
    wave *= rng.uniform(0.1, 0.9) / max(np.abs(wave).max(), 1e-9)
    if rng.random() < SILENT_ENDS:
        wave = np.pad(wave, (rng.integers(RATE // 2), rng.integers(RATE // 2)))
    return wave


def _background(rng: np.random.Generator, count: int) -> Wave:
    """Noise that falls off towards high frequencies, with a standard deviation of 1."""
    colour = rng.uniform(0.0, 0.95)
    noise: Wave = sosfilt([[1, 0, 0, 1, -colour, 0]], rng.normal(size=count))
    return np.asarray(noise / noise.std())


def _envelope(rng: np.random.Generator, count: int) -> Wave:
    """Attack and decay."""
    attack, decay = rng.uniform(0.01, 0.2), rng.uniform(0.05, 0.5)
    place = np.arange(count) / count
    return np.minimum(np.minimum(place / attack, (1 - place) / decay), 1)


def _other_channel(wave: Wave, rng: np.random.Generator) -> Wave:
    """As through a camera's microphone: narrower, noisier, sometimes too loud."""
    band = butter(2, [rng.uniform(80, 300), rng.uniform(5000, 9000)], "bandpass", fs=RATE, output="sos")
    narrow: Wave = sosfilt(band, wave)
    noise = rng.normal(size=len(wave)) * 10 ** (-rng.uniform(15, 30) / 20) * narrow.std()
    return np.asarray(np.tanh((narrow + noise) * rng.uniform(1, 2)))


# --- tables --------------------------------------------------------------------------------------------


def _write_tables(folder: Path, parts: dict[str, list[_Clip]], settings: SynthSettings) -> None:
    meta = folder / "FSDKaggle2019.meta"
    meta.mkdir()
    lines = [f"{i},{name}" for i, name in enumerate(vocabulary(settings.classes))]
    (meta / "vocabulary.csv").write_text("\n".join(lines))
    public = round(PUBLIC * settings.test)
    for part, clips in parts.items():
        columns = [
            "fname",
            "labels",
            "flickr_video_URL" if part == "train_noisy" else "freesound_id",
            "license",
        ]
        rows = [[clip.fname, ",".join(clip.labels), str(number), "CC0"] for number, clip in enumerate(clips)]
        if part == "test":
            columns.insert(2, "usage")
            for number, row in enumerate(rows):
                row.insert(2, "Public" if number < public else "Private")
        _write_csv(meta / f"{part}_post_competition.csv", columns, rows)
    noisy = parts["train_noisy"]
    truth = [(c.fname, ",".join(c.labels), ",".join(c.sounds), _kind(c)) for c in noisy]
    _write_csv(folder / "FSDKaggle2019.doc/noise_truth.csv", ("fname", "given", "true", "kind"), truth)


def _kind(clip: _Clip) -> str:
    if clip.labels == clip.sounds:
        return "correct"
    return "in_vocabulary" if clip.sounds else "out_of_vocabulary"


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
