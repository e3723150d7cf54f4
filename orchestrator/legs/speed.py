"""How fast a run's hardware is, from what the run has left."""

from orchestrator.legs.forecast import Speed
from orchestrator.legs.run import Run
from trainable.errors import UserError


def measured_speed(run: Run) -> Speed:
    """The speed of a run that has trained something, from its own files.

    Raises:
        UserError: it has not trained enough to tell.
    """
    timing = run.manifest.timing
    results = [run.legs[leg.id].result_or_none() for leg in run.manifest.legs]
    folds = [(fold, fold.rate) for result in results if result for fold in result.folds if fold.rate]
    if timing is None or not folds:
        raise UserError(f"{run.store} has trained nothing to the end: name another run, or state a speed")
    seconds = sum(fold.seconds for fold, _ in folds)
    iterating = sum(fold.own_iterations / rate for fold, rate in folds)
    iterations = sum(fold.own_iterations for fold, _ in folds)
    start = (timing.seconds * timing.runs_at_once - seconds / run.experiment.folds) / timing.runs
    return Speed(
        iterations / iterating / timing.share, max(start, 0.0), max(seconds - iterating, 0.0) / len(folds)
    )
