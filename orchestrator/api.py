"""A run's trained cells from Python.

    from orchestrator.api import Run

    run = Run("runs/demo")
    run.names                                   # sigmoid/top_k, ..., and the ensembles
    model = run.model("sigmoid/top_k")          # without a name: the best cell
    model.tag("x.wav")                          # {"Bark": 0.93, ...}, the best first
    model.scores(["x.wav", "y.flac"])           # (2, classes), columns as in model.vocabulary

Shapes: N recordings, W windows, C classes, n samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike

import numpy as np

from orchestrator.tagging.predict import predict
from orchestrator.tagging.systems import all_systems, open_model, open_run
from orchestrator.tagging.tag import Hearing, Tagged
from trainable.arrays import Array, Floats, Scores
from trainable.errors import UserError
from trainable.logmel import Samples
from trainable.tagger import Tagger

Path = str | PathLike[str]


class Run:
    """The folder of a run, finished or not: a path, or s3://..., gs://...

    Raises:
        UserError: no run is there.
    """

    def __init__(self, folder: Path) -> None:
        self._address = str(folder)
        self._run = open_run(self._address)

    @property
    def names(self) -> tuple[str, ...]:
        """Names for `model`: cells as row/column, with several seeds also row/column/seed, and ensembles."""
        return tuple(all_systems(self._run))

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The C classes, in the order of all scores."""
        return tuple(self._run.manifest.vocabulary)

    def model(self, name: str | None = None, device: str | None = None) -> "TrainedModel":
        """The networks of a cell or ensemble; None: the cell that is best in cross-validation.

        `device`: cpu, cuda, cuda:1; None: a GPU where there is one.

        Raises:
            UserError: there is none of that name (says the nearest one), or it is not trained.
        """
        return TrainedModel(open_model(self._address, name, device).tagger)


@dataclass(frozen=True)
class TrainedModel:
    """The networks of all folds of a cell, or of an ensemble: they tag as one. Not for several threads."""

    tagger: Tagger

    @classmethod
    def load(cls, folder: Path, device: str | None = None) -> "TrainedModel":
        """The model that `stagegrid export --model` has written to this folder."""
        return cls(Tagger.load(str(folder), device))

    @property
    def name(self) -> str:
        """Name of the cell or ensemble in the grid."""
        return self.tagger.file.name

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The C classes, in the order of all scores."""
        return self.tagger.vocabulary

    def tag(self, recording: Path) -> dict[str, float]:
        """Each class's score in [0, 1], the best first; of a long recording the highest of its windows.

        Raises:
            UserError: the recording cannot be read.
        """
        (tagged,) = self._tagged([recording])
        best_first = np.argsort(-tagged.scores_C, kind="stable")
        return {self.vocabulary[column]: float(tagged.scores_C[column]) for column in best_first}

    def scores(self, recordings: Sequence[Path]) -> Array:
        """Scores in [0, 1] of recordings, float32: (N, C).

        Raises:
            UserError: one of them cannot be read.
        """
        if not recordings:
            return np.zeros((0, len(self.vocabulary)), np.float32)
        return np.stack([tagged.scores_C for tagged in self._tagged(recordings)])

    def windows(self, recording: Path, window: float | None = None) -> tuple[Floats, Scores]:
        """Start and end of each window in seconds, (W, 2), and its scores, (W, C).

        `window`: its seconds; None: what the networks hear at once, and up to 30 s in one piece.

        Raises:
            UserError: the recording cannot be read.
        """
        (tagged,) = self._tagged([recording], window)
        return np.asarray(tagged.spans), tagged.scores_WC

    def tag_samples(self, samples: Samples) -> dict[str, float]:
        """Scores by class, the best first, from float32 samples, mono at `sample_rate` Hz: (n,)."""
        return self.tagger.tag(samples)

    @property
    def sample_rate(self) -> int:
        """Rate of the samples that `tag_samples` takes, in Hz."""
        return self.tagger.file.audio.sample_rate

    def _tagged(self, recordings: Sequence[Path], window: float | None = None) -> tuple[Tagged, ...]:
        hearing = Hearing.of(self.tagger, window)
        done = predict(self.tagger, list(map(str, recordings)), hearing, lambda done, total: None)
        if done.bad:
            raise UserError("\n".join(bad.reason for bad in done.bad))
        by_path = {tagged.path: tagged for tagged in done.tagged}
        return tuple(by_path[str(recording)] for recording in recordings)
