"""Each fault in a run of its own, whose tables are held against those of an untouched run.

`make test-chaos` prints what was found as a table; `make test-chaos FAULTS=kill-everything` tries one fault.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from psutil import Process

from orchestrator.legs.artifacts import LEGS, REPORT, RESULT, FoldProgress
from tests.chaos.faults import FAULTS, Fault, Moment
from tests.chaos.scene import Scene
from tests.places import SMOKE

pytestmark = [pytest.mark.integration, pytest.mark.chaos, pytest.mark.timeout(900)]

CHECKPOINT_EVERY = 20
ARGUMENTS = (
    "--config", str(SMOKE), "--set", "activations={sigmoid: {}}", "--set", "stages.0.iterations=400",
    "--set", "stages.1.iterations=400", "--set", "stages.2.iterations=200",
    "--set", "schedule.evaluate_every=50", "--set", f"schedule.checkpoint_every={CHECKPOINT_EVERY}",
)  # fmt: skip
"""The smoke test with legs that last for seconds: a fault has to hit one in its middle."""


@dataclass(frozen=True)
class Outcome:
    """What became of a run with a fault."""

    fault: Fault
    injected_at: str
    noticed: float | None
    """Seconds until the command had ended, or the hurt processes' siblings had; None: at the next start."""
    recovered: float
    """Seconds from there, or from the next start of the command, until new processes went on with a fold."""
    lost: int
    """Iterations that the fold which lost most had to do again."""

    def line(self) -> str:
        """Of the table."""
        noticed = "at the start" if self.noticed is None else f"{self.noticed:.1f} s"
        return LINE.format(self.fault.name, self.injected_at, noticed, f"{self.recovered:.1f} s", self.lost)


LINE = "{:<20}{:<16}{:>14}{:>14}{:>17}"
HEADER = LINE.format("fault", "injected at", "noticed after", "recovered in", "iterations lost")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Tables of a run that nothing has happened to."""
    untouched = Scene(ARGUMENTS, tmp_path_factory.mktemp("drill") / "untouched")
    untouched.start()
    assert untouched.finish() == 0, untouched.log.read_text()
    return tables_of(untouched.out)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(ARGUMENTS, tmp_path / "out")
    yield scene
    scene.end()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_run_with_a_fault_ends_in_equal_tables(
    fault: Fault,
    scene: Scene,
    expected: dict[str, bytes],
    record_property: Callable[[str, object], None],
) -> None:
    outcome = inject(fault, scene)
    record_property("drill", outcome.line())
    assert scene.finish() == 0, scene.log.read_text()
    assert tables_of(scene.out) == expected
    states = (
        2 if fault.name == "damage-state" else 1
    )  # the newest is cut: the fold goes on from the one before
    assert outcome.lost <= states * CHECKPOINT_EVERY + 2


def inject(fault: Fault, scene: Scene) -> Outcome:
    scene.start()
    _wait_for_moment(fault, scene)
    before, workers = scene.progress(), scene.workers()
    fault.deed(scene)
    noticed: float | None = None
    if fault.moment != "finished":
        wait = scene.finish if fault.ends_driver else lambda: _wait_for_end(scene, workers)
        noticed = _seconds(wait)
    if fault.ends_driver:
        scene.start()
    recovered = _seconds(lambda: _wait_for_life(scene, workers))
    scene.finish()
    return Outcome(fault, _moment(fault, before), noticed, recovered, _lost(scene, before))


def _wait_for_end(scene: Scene, workers: Sequence[Process]) -> None:
    scene.wait_for(lambda: not any(w.is_running() for w in workers), "the end of the hurt workers")


def _wait_for_life(scene: Scene, workers: Sequence[Process]) -> None:
    """Until a process that is none of the old `workers` goes on with a fold, or finishes one."""
    _wait_for_end(scene, workers)
    since = time.time()
    scene.wait_for(lambda: scene.running.poll() is not None or scene.is_alive(since), "the fold goes on")


def _wait_for_moment(fault: Fault, scene: Scene) -> None:
    if fault.moment == "finished":
        scene.finish()
    else:
        scene.wait_for(lambda: _is_now(fault.moment, scene), f"the moment of {fault.name}")


def _is_now(moment: Moment, scene: Scene) -> bool:
    match moment:
        case "features":
            return any((scene.out / "features").glob("unfinished-*/*.parquet"))
        case "training":
            return any(map(_is_half_done, scene.progress().values()))
        case "between legs":
            return any((scene.out / LEGS).glob(f"*/{RESULT}"))
        case "report":
            page = scene.out / REPORT / "index.html"
            return any((scene.out / REPORT).rglob("*.csv")) and not page.exists()
        case "finished":
            return scene.running.poll() is not None


def _is_half_done(progress: FoldProgress) -> bool:
    return 2 * (progress.iteration - progress.first) >= progress.last - progress.first


def _moment(fault: Fault, before: dict[str, FoldProgress]) -> str:
    if fault.moment != "training":
        return fault.moment
    return f"iteration {max(progress.iteration for progress in before.values())}"


def _seconds(action: Callable[[], object]) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began


def _lost(scene: Scene, before: dict[str, FoldProgress]) -> int:
    """What the folds had done when the fault came, and the process that finished them did again."""
    results = {name: folder.result() for name, folder in scene.folds().items() if folder.is_done}
    again = [
        progress.iteration - (results[name].iterations - results[name].own_iterations)
        for name, progress in before.items()
        if name in results
    ]
    return max([0, *again])


def tables_of(out: Path) -> dict[str, bytes]:
    """Contents of a run's tables by name."""
    folder = out / REPORT / "tables"
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*"))}
