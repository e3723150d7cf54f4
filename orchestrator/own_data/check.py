"""A whole data set looked at: every table, every sound file, and what a grid on it needs. Changes nothing."""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from orchestrator.data.clip_table import ClipTable, Reading, Row, read_tables
from orchestrator.data.folded import ClassesMissing, FoldedDataset, fold_dataset, read_noise_truth
from orchestrator.data.tables import Kind, Problem, Problems
from orchestrator.own_data.counts import class_facts, comparisons, part_facts
from orchestrator.own_data.findings import Check, Finding, Needs, in_order
from orchestrator.own_data.remarks import remarks
from orchestrator.own_data.sounds import Sound, look_at_all
from orchestrator.settings.tree import Experiment
from trainable.config import Audio
from trainable.errors import UserError

FRAME_BYTES = 2
"""Of each mel band: float16."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Request:
    """What to look at."""

    config: str
    """What the user calls the configuration."""
    experiment: Experiment
    folder: Path
    processes: int | None = None
    """None: one for each CPU."""


def check_dataset(request: Request, progress: Progress) -> Check:
    """Everything that can be told of the data set; `progress` is called with (files done, files).

    Raises:
        UserError: there is no data set in the folder.
    """
    began = time.monotonic()
    experiment, folder = request.experiment, request.folder
    problems = Problems(strict=False)
    reading = read_tables(folder, experiment.data, problems)
    sounds = _sounds(reading, request.processes, progress)
    skipped = [] if experiment.data.bad_clips == "stop" else _bad_files(reading.rows, sounds)
    if not skipped:
        problems.gathered += _bad_files(reading.rows, sounds)
    dataset = _folded(reading, sounds, request, problems)
    found = [Finding.fault(problem) for problem in problems.gathered]
    found += [Finding.remark("bad file, skipped", bad.text, bad.path) for bad in skipped]
    published = comparisons(reading)
    found += remarks(reading, sounds, experiment, dataset, published)
    return Check(
        data=str(folder),
        config=request.config,
        layout=reading.layout,
        classes=len(reading.vocabulary),
        seconds=time.monotonic() - began,
        parts=part_facts(reading, sounds),
        per_class=class_facts(reading, dataset),
        published=published,
        needs=_needs(sounds, experiment.audio),
        findings=in_order(found),
    )


def _sounds(reading: Reading, processes: int | None, progress: Progress) -> dict[str, Sound]:
    """What the files hold, by path; each is read once, in whatever tables it stands."""
    paths = list(dict.fromkeys(row.path for row in reading.rows if row.path in reading.present))
    sounds: dict[str, Sound] = {}
    progress(0, len(paths))
    for path, sound in zip(paths, look_at_all(paths, processes), strict=True):
        sounds[path] = sound
        progress(len(sounds), len(paths))
    return sounds


def _bad_files(rows: tuple[Row, ...], sounds: Mapping[str, Sound]) -> list[Problem]:
    bad = [row for row in rows if not row.bad and row.path in sounds and sounds[row.path].error]
    return [Problem.of("bad file", row.path, sounds[row.path].error) for row in bad]


def _folded(
    reading: Reading, sounds: Mapping[str, Sound], request: Request, problems: Problems
) -> FoldedDataset | None:
    """The clips that can be used in their folds; None where they cannot be dealt out."""
    experiment, folder = request.experiment, request.folder
    known = set(reading.vocabulary)
    table = reading.table()
    odd = {row.fname: "" for row in reading.rows if not set(row.labels) <= known}
    bad = {Path(path).name: sound.error for path, sound in sounds.items() if sound.error}
    usable = table.without(odd | bad)
    read_noise_truth(folder, table, problems)
    if not known:
        return None
    counts = Counter(usable.clips["part"])
    try:
        experiment.check_parts(counts)
    except ValueError as error:
        problems.add(Problem.of("columns of the grid", folder, str(error)))
    return _dealt(usable, request, problems)


def _dealt(usable: ClipTable, request: Request, problems: Problems) -> FoldedDataset | None:
    folder, settings = request.folder, request.experiment
    try:
        return fold_dataset(usable, settings.folds, settings.fold_seed, settings.fold_group)
    except UserError as error:
        kind: Kind = "class" if isinstance(error, ClassesMissing) else "folds"
        problems.add(Problem.of(kind, folder, str(error)))
        return None


def _needs(sounds: Mapping[str, Sound], audio: Audio) -> Needs:
    readable = [sound for sound in sounds.values() if not sound.error]
    frames = sum(1 + int(sound.seconds * audio.sample_rate) // audio.hop for sound in readable)
    return Needs(
        frames=frames,
        bytes=frames * audio.n_mels * FRAME_BYTES,
        disk_free=shutil.disk_usage(Path.cwd()).free,
        memory=psutil.virtual_memory().total,
    )
