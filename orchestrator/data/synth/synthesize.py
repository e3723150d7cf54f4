"""The embedded data set: a synthetic FSDKaggle2019 in the Zenodo layout, with known label errors.

Every clip's sound comes from a generator of its own, keyed by (seed, part, number of the clip), so the same
settings give the same bytes (on another kind of processor a sample may be rounded otherwise).
"""

import csv
import hashlib
import os
import shutil
import struct
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from numpy.random import Generator, Philox
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
    model_validator,
)

from orchestrator.data.synth.clip_plan import PART_PLANS, Clip, plan_clips
from orchestrator.data.synth.sounds import BLOCK, RATE, add_background, list_sounds, record, through_channel
from trainable.config import OURS, Seed, Settings, Share
from trainable.errors import UserError

VERSION = 1
"""Raise it with any change of what the same settings give."""
SETTINGS_FILE = "synth.json"
"""In the data set's folder: what it was made from."""
MOST_CLIPS = 100_000
"""Clips of a part: four times the real data set, 30 GB at 3 seconds each."""
SHORTEST = 0.3
"""Seconds of the shortest clip."""
SNR_DB = (5.0, 25.0)
"""dB of the sound over its background noise."""
SILENT = 0.25
"""Share of the clips that begin or end in silence."""


class SynthSettings(Settings):
    """A synthetic data set."""

    classes: Annotated[int, OURS, Field(ge=2, le=80)] = 12
    """Classes of the vocabulary: neighbours, two from each family of sounds, then two more from each."""
    verified: Annotated[PositiveInt, Field(le=MOST_CLIPS), OURS] = 96
    """Clips with right labels."""
    unverified: Annotated[NonNegativeInt, Field(le=MOST_CLIPS), OURS] = 800
    """Clips from another recording channel, some of them with wrong labels."""
    test: Annotated[NonNegativeInt, Field(le=MOST_CLIPS), OURS] = 400
    """Clips with right labels, more of them in a clip."""
    wrong_rate: Annotated[Share, OURS] = 0.4
    """Share of the unverified clips whose labels are all wrong: in half of these is a sound of no class."""
    longest: Annotated[float, OURS, Field(ge=0.5, le=60)] = 3.0
    """Seconds of the longest clips; the shortest ones last 0.3."""
    seed: Annotated[Seed, OURS] = 0
    """Seed of everything drawn."""

    @model_validator(mode="after")
    def _every_class_is_verified(self) -> Self:
        if self.verified < self.classes:
            raise ValueError(
                f"verified ({self.verified}) must be at least classes ({self.classes}): raise it"
            )
        return self


def synthesize(folder: Path, settings: SynthSettings) -> None:
    """Write the data set of these settings to `folder`, whole or not at all; nothing if it is there already.

    Layout, columns and shares of labels are those of FSDKaggle2019 (section 4.1), the sounds are not in the
    paper; `FSDKaggle2019.doc/noise_truth.csv` (fname,given,true,kind) says what each unverified clip holds.

    Raises:
        DamagedData: `folder` holds this data set, but not as it was written.
        UserError: `folder` holds anything else.
    """
    if _is_made(folder, settings):
        return
    _check_free(folder)
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.parent / f".{folder.name}.{uuid.uuid4().hex}"
    try:
        _write_all(temporary, settings)
        _move(temporary, folder, settings)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


class DamagedData(UserError):
    """An embedded data set is not what was written."""


class MadeFrom(BaseModel):
    """synth.json: what a data set was made from, and what came out."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    settings: SynthSettings
    """Its settings."""
    version: int
    """VERSION of the program that made it."""
    content: str
    """SHA-256 over the names and contents of all other files."""


def _is_made(folder: Path, settings: SynthSettings) -> bool:
    path = folder / SETTINGS_FILE
    if not path.is_file():
        return False
    damaged = DamagedData(f"{folder} is not what was written: delete it, it is made again")
    try:
        made = MadeFrom.model_validate_json(path.read_bytes())
    except ValidationError:
        raise damaged from None
    if (made.settings, made.version) != (settings, VERSION):
        return False
    if made.content != _content(folder):
        raise damaged
    return True


def _content(folder: Path) -> str:
    """SHA-256 over the names and contents of all files but SETTINGS_FILE."""
    whole = hashlib.sha256()
    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in sorted(path for path in files if path.name != SETTINGS_FILE):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{path.relative_to(folder)} {content}\n".encode())
    return whole.hexdigest()


def _check_free(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file: name a new folder")
    if (folder / SETTINGS_FILE).is_file():
        raise UserError(
            f"{folder} holds embedded data of other settings (see {SETTINGS_FILE} in it): "
            "delete it or name another folder"
        )
    if folder.is_dir() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty: name a new folder")


def _move(temporary: Path, folder: Path, settings: SynthSettings) -> None:
    """Two programs may make the same data at a time: the first one's stays."""
    try:
        temporary.rename(folder)
    except OSError:
        if not _is_made(folder, settings):
            raise


# --- how a clip sounds ---------------------------------------------------------------------------------


def _generator(seed: int, part: int, index: int) -> Generator:
    return Generator(Philox(key=[seed, part], counter=[0, 0, index, 0]))


def sound_of(clip: Clip, settings: SynthSettings) -> NDArray[np.int16]:
    """The samples of a clip at 44.1 kHz: (n,)."""
    rng = _generator(settings.seed, list(PART_PLANS).index(clip.part), clip.index)
    blocks = round(100 * SHORTEST * (settings.longest / SHORTEST) ** rng.random())
    silent = _silent_ends(blocks, rng)
    samples = record(clip.sounds, (blocks - sum(silent)) * BLOCK, rng)
    samples = add_background(samples, rng.uniform(*SNR_DB), rng)
    if clip.part == "unverified":
        samples = through_channel(samples, rng)
    samples *= 10 ** (rng.uniform(-20, -1) / 20) / np.abs(samples).max()
    padded = np.pad(samples, [end * BLOCK for end in silent])
    return np.rint(padded * 32767).astype("<i2")


def _silent_ends(blocks: int, rng: Generator) -> tuple[int, int]:
    """Blocks of digital silence before and after the sound: a clip in four has some."""
    if rng.random() >= SILENT:
        return 0, 0
    before, after = rng.uniform(0, 0.25, 2) * blocks
    return int(before), int(after)


# --- files ---------------------------------------------------------------------------------------------


def _write_all(folder: Path, settings: SynthSettings) -> None:
    counts = {name: getattr(settings, name) for name in PART_PLANS}
    rng = _generator(settings.seed, len(PART_PLANS), 0)
    clips = plan_clips(settings.classes, counts, settings.wrong_rate, rng)
    audio = {part: folder / f"FSDKaggle2019.audio_{kind.files}" for part, kind in PART_PLANS.items()}
    for parent in audio.values():
        parent.mkdir(parents=True)

    def write(clip: Clip) -> None:
        (audio[clip.part] / clip.fname).write_bytes(_wav(sound_of(clip, settings)))

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # numpy lets go of the interpreter where it computes
        list(pool.map(write, clips))
    _write_tables(folder, clips, settings)
    made = MadeFrom(settings=settings, version=VERSION, content=_content(folder))
    (folder / SETTINGS_FILE).write_text(made.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _wav(samples: NDArray[np.int16]) -> bytes:
    """A mono PCM-16 file."""
    body = samples.tobytes()
    form = (b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    return (
        struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(body), b"WAVE", *form, b"data", len(body)) + body
    )


def _write_tables(folder: Path, clips: Sequence[Clip], settings: SynthSettings) -> None:
    meta, doc = folder / "FSDKaggle2019.meta", folder / "FSDKaggle2019.doc"
    meta.mkdir()
    doc.mkdir()
    names = sorted(sound.name for sound in list_sounds(settings.classes))
    (meta / "vocabulary.csv").write_text("\n".join(f"{i},{name}" for i, name in enumerate(names)))
    for name, part in PART_PLANS.items():
        own = [clip for clip in clips if clip.part == name]
        _write_table(meta / f"{part.files}_post_competition.csv", part.columns, own)
    doubtful = [clip for clip in clips if clip.part == "unverified"]
    _write_table(doc / "noise_truth.csv", ("fname", "given", "true", "kind"), doubtful)


def _write_table(path: Path, columns: Sequence[str], clips: Sequence[Clip]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(clip.fields() for clip in clips)
