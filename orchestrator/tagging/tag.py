"""From recordings to scores, in this process.

Shapes: W windows of a recording, C classes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from orchestrator.tagging.recordings import ENDLESS, WHOLE_SECONDS, Piece, pieces
from trainable.arrays import Array, Scores
from trainable.config import Settings
from trainable.errors import UserError
from trainable.tagger import Tagger


class Hearing(Settings):
    """How recordings are cut, in seconds."""

    window: float
    """Length of a window."""
    whole: float = WHOLE_SECONDS
    """A recording of at most so long is one clip."""

    @classmethod
    def of(cls, tagger: Tagger, window: float | None = None) -> "Hearing":
        """Windows as long as what the networks hear at once, or of `window` seconds where that is stated.

        Raises:
            UserError: no window is so short or so long.
        """
        if window is None:
            return cls(window=tagger.file.clip_seconds)
        shortest = tagger.file.audio.window / tagger.file.audio.sample_rate
        if not shortest <= window < ENDLESS:
            raise UserError(f"--window {window:g} is no length in seconds: from {shortest:g} on")
        return cls(window=window, whole=window)

    @classmethod
    def clips(cls, tagger: Tagger) -> "Hearing":
        """Every recording is one clip, as in the data set."""
        return cls(window=tagger.file.clip_seconds, whole=3600.0)


@dataclass(frozen=True)
class Tagged:
    """Scores that a system gives to a recording."""

    path: str
    spans: tuple[tuple[float, float], ...]
    """Start and end of each window, in seconds; a recording that is one clip has one."""
    scores_WC: Scores
    """Score of each window and class, in [0, 1]."""

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return self.spans[-1][1]

    @property
    def scores_C(self) -> Array:
        """Each class's score in the window where it is highest."""
        highest: Array = self.scores_WC.max(0)
        return highest

    def peak(self, column: int) -> float:
        """Seconds at which the window begins where a class's score is highest."""
        return self.spans[int(self.scores_WC[:, column].argmax())][0]


@dataclass(frozen=True)
class Bad:
    """A recording that cannot be tagged."""

    path: str
    reason: str


def tag_recordings(tagger: Tagger, paths: Iterable[str], hearing: Hearing) -> Iterator[Tagged | Bad]:
    """The recordings in their order; several are scored at once, and a bad one does not stop the others."""
    batch = _Batch(tagger)
    for path in paths:
        batch.begin(path)
        try:
            for piece in pieces(path, tagger.file.audio.sample_rate, hearing.window, hearing.whole):
                batch.hear(piece)
        except UserError as error:
            batch.give_up(str(error))
        if batch.is_full:
            yield from batch.finish()
    yield from batch.finish()


@dataclass
class _Recording:
    path: str
    spans: list[tuple[float, float]] = field(default_factory=list)
    scores: list[Scores] = field(default_factory=list)
    reason: str = ""


class _Batch:
    """Recordings whose pieces are scored together."""

    def __init__(self, tagger: Tagger) -> None:
        self.tagger = tagger
        batches = tagger.file.batches
        self.at_once = max(1, batches.size * batches.crop_frames // batches.clip_frames)
        self.recordings: list[_Recording] = []
        self.waiting: list[tuple[_Recording, Array]] = []

    @property
    def is_full(self) -> bool:
        return len(self.recordings) >= self.at_once

    def begin(self, path: str) -> None:
        self.recordings.append(_Recording(path))

    def hear(self, piece: Piece) -> None:
        recording = self.recordings[-1]
        self.waiting.append((recording, self.tagger.frames(piece.samples)))
        recording.spans.append((piece.start, piece.end))
        if len(self.waiting) >= self.at_once:
            self._score()

    def give_up(self, reason: str) -> None:
        self.recordings[-1].reason = reason

    def _score(self) -> None:
        if self.waiting:
            scores = self.tagger.score([frames for _, frames in self.waiting])
            for (recording, _), row in zip(self.waiting, scores, strict=True):
                recording.scores.append(row)
        self.waiting = []

    def finish(self) -> Iterator[Tagged | Bad]:
        self._score()
        for recording in self.recordings:
            yield _result(recording)
        self.recordings = []


def _result(recording: _Recording) -> Tagged | Bad:
    if recording.reason:
        path, reason = recording.path, recording.reason
        return Bad(path, reason if path in reason else f"{path}: {reason}")
    scores_WC = np.stack(recording.scores)
    if not np.isfinite(scores_WC).all():
        return Bad(recording.path, f"{recording.path}: its scores are not finite numbers")
    return Tagged(recording.path, tuple(recording.spans), scores_WC)
