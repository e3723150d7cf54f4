"""A whole data set looked at: what `run` would refuse, what is odd about it, and what a grid on it needs.

Every table is read and every sound file decoded; nothing is changed.
"""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from orchestrator.data.clip_table import ClipLine, ClipTable, Reading, read_tables
from orchestrator.data.folded import ClassesMissing, FoldedDataset, fold_dataset, read_noise_truth
from orchestrator.data.fsdkaggle2019 import PUBLISHED, PUBLISHED_USAGES, has_its_classes
from orchestrator.data.layouts import PARTS
from orchestrator.data.tables import Kind, Problem, Problems
from orchestrator.own_data.findings import (
    Check,
    ClassFacts,
    Finding,
    Needs,
    PartFacts,
    PublishedCount,
    in_order,
)
from orchestrator.own_data.remarks import sound_remarks, table_remarks, torn_remarks
from orchestrator.own_data.sounds import SoundFacts, look_at_all
from orchestrator.settings.tree import Experiment
from trainable.config import Audio
from trainable.errors import UserError

FRAME_BYTES = 2
"""Bytes of a frame's value in one mel band: float16."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Request:
    """The data set to look at, and the configuration that it is for."""

    config: str
    """The user's name of the configuration."""
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
    bad = [Problem.of("bad file", row.path, sounds[row.path].error) for row in _unreadable(reading, sounds)]
    skips = experiment.data.bad_clips == "skip"
    problems.gathered += [] if skips else bad
    dataset = _folded(reading, sounds, request, problems)
    parts, classes = part_facts(reading, sounds), class_facts(reading, dataset)
    published = comparisons(reading, parts, classes)
    findings = [Finding.fault(problem) for problem in problems.gathered]
    findings += [Finding.remark("bad file, skipped", file.text, file.path) for file in bad if skips]
    findings += table_remarks(reading, classes, published)
    findings += sound_remarks(reading, sounds, experiment)
    findings += torn_remarks(dataset)
    return Check(
        data=str(folder),
        config=request.config,
        layout=reading.layout,
        classes=len(reading.vocabulary),
        seconds=time.monotonic() - began,
        parts=parts,
        per_class=classes,
        published=published,
        needs=_needs(sounds, experiment.audio),
        findings=in_order(findings),
    )


def _sounds(reading: Reading, processes: int | None, progress: Progress) -> dict[str, SoundFacts]:
    """The sound of each file by its path; a file is read once, in whatever tables it stands."""
    paths = list(dict.fromkeys(row.path for row in reading.rows if row.path in reading.present))
    sounds: dict[str, SoundFacts] = {}
    progress(0, len(paths))
    for path, sound in zip(paths, look_at_all(paths, processes), strict=True):
        sounds[path] = sound
        progress(len(sounds), len(paths))
    return sounds


def _unreadable(reading: Reading, sounds: Mapping[str, SoundFacts]) -> list[ClipLine]:
    return [row for row in reading.rows if not row.bad and row.path in sounds and sounds[row.path].error]


def _folded(
    reading: Reading, sounds: Mapping[str, SoundFacts], request: Request, problems: Problems
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
    try:
        experiment.check_parts(Counter(usable.clips["part"]))
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


def _needs(sounds: Mapping[str, SoundFacts], audio: Audio) -> Needs:
    readable = [sound for sound in sounds.values() if not sound.error]
    frames = sum(1 + int(sound.seconds * audio.sample_rate) // audio.hop for sound in readable)
    return Needs(
        frames=frames,
        bytes=frames * audio.n_mels * FRAME_BYTES,
        disk_free=shutil.disk_usage(Path.cwd()).free,
        memory=psutil.virtual_memory().total,
    )


# --- counts of clips, labels and lengths ---------------------------------------------------------------


def part_facts(reading: Reading, sounds: Mapping[str, SoundFacts]) -> tuple[PartFacts, ...]:
    """Counts and lengths of each part that has clips."""
    rows = {part: [row for row in reading.rows if row.part == part] for part in PARTS}
    return tuple(_part(part, own, sounds) for part, own in rows.items() if own)


def _part(part: str, rows: Sequence[ClipLine], sounds: Mapping[str, SoundFacts]) -> PartFacts:
    readable = [sounds[row.path] for row in rows if row.path in sounds and not sounds[row.path].error]
    seconds = sorted(sound.seconds for sound in readable) or [0.0]
    return PartFacts(
        part=part,
        clips=len(rows),
        readable=len(readable),
        labels=sum(len(row.labels) for row in rows),
        single=sum(len(row.labels) == 1 for row in rows),
        seconds=sum(seconds),
        shortest=seconds[0],
        median=median(seconds),
        longest=seconds[-1],
        rates=dict(sorted(Counter(sound.rate for sound in readable).items())),
        channels=dict(sorted(Counter(sound.channels for sound in readable).items())),
    )


def class_facts(reading: Reading, dataset: FoldedDataset | None) -> tuple[ClassFacts, ...]:
    """Clips of each class by part, and the verified ones by fold, in the order of the vocabulary."""
    counts = Counter((row.part, label) for row in reading.rows for label in row.labels)
    folds: dict[str, tuple[int, ...]] = {}
    if dataset is not None:
        targets = dataset.targets[: len(dataset.fold_of)]
        of_fold = [targets[dataset.fold_of == fold] for fold in range(int(dataset.fold_of.max()) + 1)]
        by_fold = [own.sum(0, dtype=int).tolist() for own in of_fold]
        folds = dict(zip(dataset.table.vocabulary, zip(*by_fold, strict=True), strict=True))
    return tuple(
        ClassFacts(name=name, folds=folds.get(name, ()), **{part: counts[part, name] for part in PARTS})
        for name in reading.vocabulary
    )


def comparisons(
    reading: Reading, parts: Sequence[PartFacts], classes: Sequence[ClassFacts]
) -> tuple[PublishedCount, ...]:
    """Every count that was published, beside this copy's; none where the classes are others."""
    if not has_its_classes(reading.vocabulary):
        return ()
    facts = {fact.part: fact for fact in parts}
    compared: list[PublishedCount] = []
    for part, published in PUBLISHED.items():
        own = facts.get(part)
        compared.append(_compared(f"{part} clips", published.clips, own.clips if own else 0))
        if own and own.labels:
            numbers = [getattr(fact, part) for fact in classes]
            compared += [
                _compared(f"{part} labels", published.labels, own.labels),
                _compared(f"{part} clips with one label", published.single, own.single),
                _compared(f"{part} clips of a class", published.per_class, (min(numbers), max(numbers))),
            ]
    usages = Counter(row.usage for row in reading.rows if row.part == "test")
    named = [_compared(f"test clips, {usage}", n, usages[usage]) for usage, n in PUBLISHED_USAGES.items()]
    return (*compared, *named)


def _compared(name: str, published: object, counted: object) -> PublishedCount:
    return PublishedCount(name=name, published=_shown(published), counted=_shown(counted))


def _shown(count: object) -> str:
    return f"{count[0]} to {count[1]}" if isinstance(count, tuple) else str(count)
