"""Which verified clips belong together, so that no fold is validated on what another trains it with.

Clips of one recording, or of one recordist's session, sound alike beyond their label: where folds tear them
apart, cross-validation flatters. A clip's source is what its table's column `source` says. FSDKaggle2019's
tables name none, but number the recordings as they were uploaded: there a run of Freesound ids at most NEAR
apart, of clips that share a label, stands for a source (not in the paper). Files of equal bytes belong
together whatever the settings say.

Shapes: N verified clips.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from orchestrator.data.tables import regular_size
from trainable.arrays import Ints
from trainable.errors import UserError

FoldGroup = Literal["none", "source"]
NEAR = 5
"""Difference of two Freesound ids up to which clips of the same label count as one source."""
BY_COLUMN, BY_IDS = "column source", f"runs of Freesound ids at most {NEAR} apart, of the same label"
BEGINNING = 16_384
"""Bytes in which different recordings differ."""
Pair = tuple[int, int]
File = tuple[int, str]
"""A clip's number among the verified ones, and its path."""


def group_clips(verified: "pd.DataFrame", group: FoldGroup) -> Ints:
    """Number of every verified clip's group, from 0 in the order of their first clips: (N,).

    Raises:
        UserError: groups are to be sources, and the clips have none.
    """
    pairs = list(_equal_files(verified))
    if group == "source":
        if not source_column(verified):
            raise UserError(
                "fold_group is source, and the verified clips' table has neither a column source (the same "
                "text for clips that belong together) nor freesound_id: add one, or set fold_group to none"
            )
        pairs += _same_source(verified)
    return joined(len(verified), pairs)


def sources(verified: "pd.DataFrame") -> Ints | None:
    """Number of every verified clip's source: (N,); None where nothing tells."""
    return joined(len(verified), _same_source(verified)) if source_column(verified) else None


def source_column(verified: "pd.DataFrame") -> str:
    """The column that tells the sources, in words; empty where none does."""
    told = {name: name in verified and bool(verified[name].any()) for name in ("source", "freesound_id")}
    return BY_COLUMN if told["source"] else BY_IDS if told["freesound_id"] else ""


def _same_source(verified: "pd.DataFrame") -> Iterator[Pair]:
    """Neighbours in the chain of each source."""
    if source_column(verified) == BY_COLUMN:
        yield from _equal((clip, source) for clip, source in enumerate(verified["source"]) if source)
    else:
        yield from _near(verified)


def _near(verified: "pd.DataFrame") -> Iterator[Pair]:
    """Clips that share a label and whose Freesound ids are near."""
    by_label: dict[str, list[tuple[int, int]]] = defaultdict(list)
    names = zip(verified["fname"], verified["freesound_id"], verified["labels"], strict=True)
    for clip, (fname, text, labels) in enumerate(names):
        for label in labels if text else ():
            by_label[label].append((_number(fname, text), clip))
    for clips in by_label.values():
        for (low, first), (high, second) in pairwise(sorted(clips)):
            if high - low <= NEAR:
                yield first, second


def _number(fname: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise UserError(f"{fname}: the freesound_id {text[:100]!r} is no number: mend it, or leave it empty")
    return int(text)


def _equal_files(verified: "pd.DataFrame") -> Iterator[Pair]:
    """Files of equal bytes; read to their ends are those alone that have an equal size and beginning."""
    files = list(enumerate(verified.get("path", ())))
    for key in (_size, _beginning):
        files = list(_alike(files, key))
    yield from _equal((clip, _content(path)) for clip, path in files)


def _alike(files: Iterable[File], key: Callable[[str], Hashable]) -> Iterator[File]:
    """The files that share their key with another one; a key of None is none."""
    by_key: dict[Hashable, list[File]] = defaultdict(list)
    for file in files:
        by_key[key(file[1])].append(file)
    by_key.pop(None, None)
    return (file for own in by_key.values() if len(own) > 1 for file in own)


def _size(path: str) -> int | None:
    """Bytes of a file; None where it is empty or no file, which is told elsewhere."""
    try:
        return regular_size(path) or None
    except UserError:
        return None


def _beginning(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(BEGINNING)


def _content(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


def _equal(keys: Iterable[tuple[int, Hashable]]) -> Iterator[Pair]:
    """Neighbours among the clips that have the same key."""
    clips: dict[Hashable, list[int]] = defaultdict(list)
    for clip, key in keys:
        clips[key].append(clip)
    for own in clips.values():
        yield from pairwise(own)


def joined(clips: int, pairs: Iterable[Pair]) -> Ints:
    """Number of each clip's group: the clips of a pair, and so of a chain of pairs, are of one: (N,)."""
    first = list(range(clips))
    for pair in pairs:
        low, high = sorted(_root(first, clip) for clip in pair)
        first[high] = low
    roots = [_root(first, clip) for clip in range(clips)]
    number = {root: index for index, root in enumerate(dict.fromkeys(roots))}
    return np.array([number[root] for root in roots], np.int64)


def _root(first: list[int], clip: int) -> int:
    """The first clip of the group, with the way there shortened."""
    while first[clip] != clip:
        first[clip] = first[first[clip]]
        clip = first[clip]
    return clip


def torn(groups: Ints, fold_of: Ints) -> int:
    """Number of clips that have one of their own group in another fold."""
    folds: dict[int, set[int]] = defaultdict(set)
    for group, fold in zip(groups.tolist(), fold_of.tolist(), strict=True):
        folds[group].add(fold)
    return sum(len(folds[group]) > 1 for group in groups.tolist())
