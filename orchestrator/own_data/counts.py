"""Clips, labels and lengths of a data set, by part, class and fold, and beside what was published."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median

from orchestrator.data.clip_table import Reading, Row
from orchestrator.data.folded import FoldedDataset
from orchestrator.data.fsdkaggle2019 import PUBLISHED, PUBLISHED_USAGES, has_its_classes
from orchestrator.data.layouts import PARTS
from orchestrator.own_data.findings import ClassFacts, Comparison, PartFacts
from orchestrator.own_data.sounds import Sound


def part_facts(reading: Reading, sounds: Mapping[str, Sound]) -> tuple[PartFacts, ...]:
    """Of each part that has clips."""
    rows = {part: [row for row in reading.rows if row.part == part] for part in PARTS}
    return tuple(_part(part, own, sounds) for part, own in rows.items() if own)


def _part(part: str, rows: Sequence[Row], sounds: Mapping[str, Sound]) -> PartFacts:
    own = [sounds[row.path] for row in rows if row.path in sounds]
    readable = [sound for sound in own if not sound.error]
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
    """Of each class, in the order of the vocabulary."""
    counts = {part: _label_counts(reading, part) for part in PARTS}
    folds = _fold_counts(dataset)
    return tuple(
        ClassFacts(name=name, folds=folds.get(name, ()), **{part: counts[part][name] for part in PARTS})
        for name in reading.vocabulary
    )


def _label_counts(reading: Reading, part: str) -> Counter[str]:
    return Counter(label for row in reading.rows if row.part == part for label in row.labels)


def _fold_counts(dataset: FoldedDataset | None) -> dict[str, tuple[int, ...]]:
    """Verified clips of each class by fold."""
    if dataset is None:
        return {}
    targets, folds = dataset.targets[: len(dataset.fold_of)], range(int(dataset.fold_of.max()) + 1)
    by_fold = [targets[dataset.fold_of == fold].sum(0, dtype=int).tolist() for fold in folds]
    return dict(zip(dataset.table.vocabulary, zip(*by_fold, strict=True), strict=True))


def comparisons(reading: Reading) -> tuple[Comparison, ...]:
    """Every count that was published, beside this copy's; none where the classes are others."""
    if not has_its_classes(reading.vocabulary):
        return ()
    parts = [comparison for part in PARTS for comparison in _part_comparisons(reading, part)]
    usages = Counter(row.usage for row in reading.rows if row.part == "test")
    named = [_comparison(f"test clips, {usage}", n, usages[usage]) for usage, n in PUBLISHED_USAGES.items()]
    return (*parts, *named)


def _part_comparisons(reading: Reading, part: str) -> list[Comparison]:
    published = PUBLISHED[part]
    rows = [row for row in reading.rows if row.part == part]
    clips = _comparison(f"{part} clips", published.clips, len(rows))
    if not any(row.labelled for row in rows):
        return [clips]
    counts = _label_counts(reading, part)
    per_class = [counts[name] for name in reading.vocabulary]
    return [
        clips,
        _comparison(f"{part} labels", published.labels, sum(len(row.labels) for row in rows)),
        _comparison(f"{part} clips with one label", published.single, sum(len(r.labels) == 1 for r in rows)),
        _comparison(f"{part} clips of a class", published.per_class, (min(per_class), max(per_class))),
    ]


def _comparison(what: str, published: object, found: object) -> Comparison:
    return Comparison(what=what, published=_shown(published), found=_shown(found))


def _shown(count: object) -> str:
    return f"{count[0]} to {count[1]}" if isinstance(count, tuple) else str(count)
