"""What is odd about a data set without being wrong: `run` takes it as it is."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from orchestrator.data.clip_table import ClipLine, Reading
from orchestrator.data.folded import FoldedDataset
from orchestrator.data.groups import source_column, sources, torn
from orchestrator.own_data.findings import ClassFacts, Finding, PublishedCount, RemarkKind
from orchestrator.own_data.sounds import AUDIO, SoundFacts
from orchestrator.settings.tree import Experiment


def table_remarks(
    reading: Reading, classes: Sequence[ClassFacts], published: Sequence[PublishedCount]
) -> Iterator[Finding]:
    """What is odd about the tables: lines, files beside them, rare classes, counts that are not published."""
    for row in reading.rows:
        if row.bad:
            yield _about(row, "officially bad", "is left out: the data set's authors call it bad")
    yield from _unlisted(reading.rows)
    for fact in classes:
        if (count := sum(fact.folds)) < len(fact.folds):
            text = f"{fact.name}: {count} verified clips for {len(fact.folds)} folds"
            yield Finding.remark("thin class", text)
    for number in published:
        if not number.is_equal:
            text = f"{number.name}: {number.counted}, published are {number.published}"
            yield Finding.remark("not as published", text)


def _about(row: ClipLine, kind: RemarkKind, remark: str) -> Finding:
    text = f"{row.table}, line {row.line}: {row.fname} {remark}"
    return Finding.remark(kind, text, row.path, row.line)


def _unlisted(rows: Sequence[ClipLine]) -> Iterator[Finding]:
    """Sound files beside the listed ones."""
    listed: dict[Path, set[str]] = defaultdict(set)
    for row in rows:
        listed[Path(row.path).parent].add(row.fname)
    for folder, names in listed.items():
        present = folder.iterdir() if folder.is_dir() else ()
        audible = {path.name for path in present if path.suffix.lower() in AUDIO}
        if extra := sorted(audible - names):
            text = f"{folder}: no table names {len(extra)} of its sound files, such as {extra[0]}"
            yield Finding.remark("no line", text, str(folder))


def sound_remarks(
    reading: Reading, sounds: Mapping[str, SoundFacts], experiment: Experiment
) -> Iterator[Finding]:
    """What is odd about the sounds: equal, silent, clipped, of another rate, too long."""
    used = [row for row in reading.rows if not row.bad]
    heard = {row: sounds[row.path] for row in used if row.path in sounds and not sounds[row.path].error}
    yield from _equal(heard)
    for row, sound in heard.items():
        if sound.is_silent:
            yield _about(row, "silent", "has no signal")
        elif sound.is_clipped:
            yield _about(row, "clipped", f"has {sound.at_full_scale:.1%} of its samples at full scale")
    expected = experiment.audio.sample_rate
    for rate, count in sorted(Counter(sound.rate for sound in heard.values()).items()):
        if rate != expected:
            text = f"{count} clips have {rate} Hz, audio.sample_rate is {expected}"
            yield Finding.remark("other rate", text)
    most = experiment.batches.clip_frames * experiment.audio.hop / expected
    if count := sum(sound.seconds > most for sound in heard.values()):
        text = f"{count} clips are longer than the {most:.1f} s of batches.clip_frames"
        yield Finding.remark("too long", text)


def _equal(heard: Mapping[ClipLine, SoundFacts]) -> Iterator[Finding]:
    """Clips of the same samples; each beside the first of its kind, in another part where there is one."""
    alike: dict[str, dict[str, ClipLine]] = defaultdict(dict)
    for row, sound in heard.items():
        if not sound.is_silent:
            alike[sound.content].setdefault(row.path, row)
    for rows in (list(by_path.values()) for by_path in alike.values()):
        for row in rows[1:]:
            other = next((r for r in rows if r.part != row.part), rows[0])
            where = f"{other.fname} ({other.part}; {other.table.name}, line {other.line})"
            same = other.part == row.part
            kind: RemarkKind = "equal audio in one part" if same else "equal audio in two parts"
            yield _about(row, kind, f"({row.part}) sounds like {where}")


def torn_remarks(dataset: FoldedDataset | None) -> Iterator[Finding]:
    """Number of clips whose source has a clip in another fold."""
    if dataset is None:
        return
    verified = dataset.table.clips[: len(dataset.fold_of)]
    groups = sources(verified)
    if groups is not None and (count := torn(groups, dataset.fold_of)):
        text = f"{count} of {len(verified)} verified clips have one of the same source in another fold"
        yield Finding.remark("torn source", f"{text} ({source_column(verified)})")
