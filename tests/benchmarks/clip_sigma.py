"""What clipping costs class-wise normalised scores: lwlrap by `report.clip_sigma`.

    python -m tests.benchmarks.clip_sigma [RUN ...]

Simulated test parts first, then the stored test predictions of finished runs. Nothing is timed.
"""

import sys
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from orchestrator.files.store import Store
from orchestrator.legs.run import Run
from orchestrator.report.inputs import read_predictions
from trainable.metrics import lwlrap, tied_share
from trainable.postprocess import class_normalise

SIGMAS = (2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0, 20.0, None)
CLASSES = 80
Scored = tuple[NDArray[np.uint8], NDArray[np.float64]]
"""Labels and scores of one model: (clips, classes) each."""


def simulated(clips: int, prior: float, uneven: float, models: int = 10) -> Iterator[Scored]:
    """Models that tell a class from the others by 4 standard deviations.

    `prior`: exponent of the classes' frequencies, rank ** -prior; `uneven`: standard deviation over the
    classes of a shift of the logit, which is what normalisation should mend. A clip has some 1.2 labels.
    """
    frequency = np.arange(1, CLASSES + 1.0) ** -prior
    for seed in range(models):
        rng = np.random.default_rng(seed)
        truth = np.eye(CLASSES, dtype=np.uint8)[rng.choice(CLASSES, clips, p=frequency / frequency.sum())]
        truth |= (rng.random(truth.shape) < 0.2 * frequency / frequency.sum()).astype(np.uint8)
        shift = uneven * rng.standard_normal(CLASSES)
        logit = 4 * truth + rng.standard_normal(truth.shape) - 4 + shift
        yield truth, 1 / (1 + np.exp(-logit))


def of_run(folder: str) -> Iterator[Scored]:
    """Every model of every cell, on the run's test clips."""
    run = Run.open(Store.open(folder))
    for cell in run.cells:
        if run.hole(cell) is None:
            for model in read_predictions(run, cell)[0].test:
                yield run.targets[model.rows], model.scores


def report(title: str, models: Sequence[Scored]) -> None:
    """Means over the models: raw, then normalised and clipped at each of SIGMAS."""
    forms = {"raw": list(models)} | {
        f"{sigma or 'none'}": [(truth, class_normalise(scores, sigma)) for truth, scores in models]
        for sigma in SIGMAS
    }
    print(f"{title}: {len(models)} models, {len(models[0][0])} clips, {models[0][0].shape[1]} classes")
    for name, form in forms.items():
        mean, ties = (float(np.mean([score(*model) for model in form])) for score in (lwlrap, tied_share))
        print(f"  {name:>5}   lwlrap {mean:.4f}   labels in a tie {ties:6.1%}")


def main(runs: Sequence[str] = ()) -> None:
    """Print a table for each simulation, and for each run."""
    for clips in (1000, 3361):
        for prior in (0.0, 0.5):
            for uneven in (0.0, 1.0):
                title = f"simulated, frequencies rank^-{prior}, shifts {uneven}"
                report(title, list(simulated(clips, prior, uneven)))
    for folder in runs:
        report(folder, list(of_run(folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
