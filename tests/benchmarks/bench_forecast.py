"""What `stagegrid plan` promises against what a run takes: the speed of one grid, used to foretell others.

    python -m tests.benchmarks forecast

A short grid is timed; from its files the training time of a longer one (more rows, longer stages, as one Ray
Train run a row and as one a leg) is foretold, and then measured. The ratio is measured / foretold.
"""

import tempfile
from pathlib import Path

from orchestrator.files.store import Store
from orchestrator.legs.forecast import forecast, measured_speed, shared_levels
from orchestrator.legs.plan import make_plan
from orchestrator.legs.run import Run
from orchestrator.settings.loading import load_experiment
from orchestrator.settings.tree import LegsPerRun
from tests.benchmarks.table import Row, compared
from tests.integration.programs import run
from tests.places import SMOKE

SHORT = (
    "activations={sigmoid: {}}",
    "stages.0.iterations=200",
    "stages.1.iterations=300",
    "stages.2.iterations=100",
)
LONG = ("activations={sigmoid: {}, sigmoid_softmax: {}}", "stages.0.iterations=1500",
        "stages.1.iterations=800", "stages.2.iterations=300")  # fmt: skip
SAME = ("schedule.evaluate_every=50", "schedule.checkpoint_every=50")
CORES = 2
MODES: tuple[LegsPerRun, ...] = ("subtree", "one")


def rows() -> list[Row]:
    """Measured and foretold seconds of the longer grid."""
    table = []
    with tempfile.TemporaryDirectory() as folder:
        speed = measured_speed(_grid(Path(folder) / "short", (*SHORT, *SAME)))
        for mode in MODES:
            changes = (*LONG, *SAME, f"resources.legs_per_run={mode}")
            experiment = load_experiment(SMOKE, changes)
            plan = make_plan(experiment, "any data")
            levels = shared_levels(plan, {leg.id for leg in plan.legs}, mode)
            foretold = forecast(levels, experiment.folds, CORES, speed).seconds
            timing = _grid(Path(folder) / mode, changes).manifest.timing
            assert timing
            what = f"grid with legs_per_run {mode}, as foretold"
            table.append(compared(what, [[timing.seconds, foretold]]))
    return table


def _grid(out: Path, changes: tuple[str, ...]) -> Run:
    words = [word for change in changes for word in ("--set", change)]
    code, output = run(out / "home", "run", "--config", SMOKE, "--out", out, *words)
    assert code == 0, output
    return Run.open(Store.open(out))
