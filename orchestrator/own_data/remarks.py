"""What is odd about a data set without being wrong: `run` takes it as it is."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from orchestrator.data.clip_table import Reading, Row
from orchestrator.data.folded import FoldedDataset
from orchestrator.data.groups import source_column, sources, torn
from orchestrator.own_data.findings import Comparison, Finding, RemarkKind
from orchestrator.own_data.sounds import Sound
from orchestrator.settings.tree import Experiment

AUDIO = frozenset({".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".opus"})
"""Endings of sound files."""


def remarks(
    reading: Reading,
    sounds: Mapping[str, Sound],
    experiment: Experiment,
    dataset: FoldedDataset | None,
    published: Sequence[Comparison],
) -> Iterator[Finding]:
    """All of them."""
    used = [row for row in reading.rows if not row.bad]
    heard = {row: sounds[row.path] for row in used if row.path in sounds and not sounds[row.path].error}
    yield from _official(reading.rows)
    yield from _equal(heard)
    yield from _loudness(heard)
    yield from _rates(heard, experiment.audio.sample_rate)
    yield from _long(heard, experiment)
    yield from _unlisted(reading.rows)
    for name, count in (dataset.thin_classes if dataset else {}).items():
        yield Finding.remark("thin class", f"{name}: {count} verified clips for {experiment.folds} folds")
    yield from _torn(dataset)
    for number in published:
        if not number.is_equal:
            text = f"{number.what}: {number.found}, published are {number.published}"
            yield Finding.remark("not as published", text)


def _torn(dataset: FoldedDataset | None) -> Iterator[Finding]:
    """How many clips have a neighbour in another fold."""
    if dataset is None:
        return
    verified = dataset.table.clips[: len(dataset.fold_of)]
    groups = sources(verified)
    if groups is not None and (count := torn(groups, dataset.fold_of)):
        text = f"{count} of {len(verified)} verified clips have one of the same source in another fold"
        yield Finding.remark("torn source", f"{text} ({source_column(verified)})")


def _official(rows: Sequence[Row]) -> Iterator[Finding]:
    for row in rows:
        if row.bad:
            yield _about(row, "officially bad", "is left out: the data set's authors call it bad")


def _about(row: Row, kind: RemarkKind, what: str) -> Finding:
    text = f"{row.table}, line {row.line}: {row.fname} {what}"
    return Finding.remark(kind, text, row.path, row.line)


def _equal(heard: Mapping[Row, Sound]) -> Iterator[Finding]:
    """Clips of the same samples; each beside the first of its kind, in another part where there is one."""
    alike: dict[str, dict[str, Row]] = defaultdict(dict)
    for row, sound in heard.items():
        if not sound.is_silent:
            alike[sound.content].setdefault(row.path, row)
    for rows in (list(by_path.values()) for by_path in alike.values()):
        for row in rows[1:]:
            other = next((r for r in rows if r.part != row.part), rows[0])
            where = f"{other.fname} ({other.part}; {other.table.name}, line {other.line})"
            kind: RemarkKind = "equal audio in two parts"
            if other.part == row.part:
                kind = "equal audio in one part"
            yield _about(row, kind, f"({row.part}) sounds like {where}")


def _loudness(heard: Mapping[Row, Sound]) -> Iterator[Finding]:
    for row, sound in heard.items():
        if sound.is_silent:
            yield _about(row, "silent", "has no signal")
        elif sound.is_clipped:
            yield _about(row, "clipped", f"has {sound.at_full_scale:.1%} of its samples at full scale")


def _rates(heard: Mapping[Row, Sound], expected: int) -> Iterator[Finding]:
    rates = Counter(sound.rate for sound in heard.values())
    for rate, count in sorted(rates.items()):
        if rate != expected:
            text = f"{count} clips have {rate} Hz, audio.sample_rate is {expected}"
            yield Finding.remark("other rate", text)


def _long(heard: Mapping[Row, Sound], experiment: Experiment) -> Iterator[Finding]:
    most = experiment.batches.clip_frames * experiment.audio.hop / experiment.audio.sample_rate
    if count := sum(sound.seconds > most for sound in heard.values()):
        text = f"{count} clips are longer than the {most:.1f} s of batches.clip_frames"
        yield Finding.remark("too long", text)


def _unlisted(rows: Sequence[Row]) -> Iterator[Finding]:
    """Sound files beside the listed ones."""
    listed: dict[Path, set[str]] = defaultdict(set)
    for row in rows:
        listed[Path(row.path).parent].add(row.fname)
    for folder, names in listed.items():
        there = [path.name for path in _files(folder) if path.suffix.lower() in AUDIO]
        if extra := sorted(set(there) - names):
            text = f"{folder}: no table names {len(extra)} of its sound files, such as {extra[0]}"
            yield Finding.remark("no line", text, str(folder))


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
