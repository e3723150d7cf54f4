"""Inject faults, each into a run of its own, and hold its tables against those of an untouched run."""

import difflib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from orchestrator.artifacts.files import FOLD, REPORT
from orchestrator.drill.faults import FAULTS, Fault
from orchestrator.drill.scene import Scene
from trainable.errors import UserError


@dataclass(frozen=True)
class Outcome:
    """What became of a run with a fault."""

    fault: Fault
    injected_at: str
    noticed: float | None
    """Seconds until the command had ended, or the hurt processes' siblings had; None: at the next start."""
    recovered: float
    """Seconds from there, or from the next start of the command, until the fold went on or was done."""
    lost: int
    """Iterations that the fold which lost most had to do again."""
    equal: bool
    """Whether every table has the bytes of the untouched run's."""
    exit_code: int

    @property
    def passed(self) -> bool:
        """Finished, and equal."""
        return self.equal and self.exit_code == 0


def choose_faults(names: str) -> list[Fault]:
    """The faults that `--faults` names: all, or some separated by commas.

    Raises:
        UserError: there is no such fault.
    """
    known = {fault.name: fault for fault in FAULTS}
    if names == "all":
        return list(FAULTS)
    unknown = [name for name in names.split(",") if name not in known]
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UserError(
            f"--faults {unknown[0]}: there is no such fault: choose from {', '.join(known)}{hint}"
        )
    return [known[name] for name in names.split(",")]


def drill_in(
    folder: Path | None, arguments: Sequence[str], faults: Sequence[Fault], say: Callable[[str], None]
) -> list[Outcome]:
    """A drill whose runs stay in `folder`, or nowhere."""
    with TemporaryDirectory(prefix="stagegrid-drill-") as temporary:
        place = folder or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        return list(drill(arguments, faults, place, say))


def drill(
    arguments: Sequence[str], faults: Sequence[Fault], folder: Path, say: Callable[[str], None]
) -> Iterator[Outcome]:
    """Run the command untouched, then once with each fault.

    Raises:
        UserError: the untouched run does not end well, or a moment of a fault never comes.
    """
    untouched = Scene(arguments, folder / "untouched")
    say("an untouched run, to compare with")
    untouched.start()
    if untouched.finish():
        raise UserError(f"the run fails without any fault, see {untouched.log}")
    for fault in faults:
        say(f"{fault.name}: {fault.sentence}")
        scene = Scene(arguments, folder / fault.name)
        try:
            yield _inject(fault, scene, tables_of(untouched.out))
        finally:
            scene.end()


def _inject(fault: Fault, scene: Scene, expected: dict[str, bytes]) -> Outcome:
    scene.start()
    _wait_for_moment(fault, scene)
    before = {name: progress.iteration for name, progress in scene.progress().items()}
    workers = scene.workers()
    injected_at = _place(fault, before)
    fault.deed(scene)
    hurt = time.time()
    if fault.moment == "finished":
        noticed = None
    elif fault.ends_driver:
        noticed = _seconds(scene.finish)
    else:
        noticed = scene.wait_for(
            lambda: not any(w.is_running() for w in workers), "the restart of its workers"
        )
    if fault.ends_driver:
        hurt = time.time()
        scene.start()
    recovered = _seconds(lambda: scene.wait_for(lambda: _went_on(scene, before, hurt), "the fold goes on"))
    exit_code = scene.finish()
    equal = tables_of(scene.out) == expected
    return Outcome(fault, injected_at, noticed, recovered, _lost(scene, before), equal, exit_code)


def _wait_for_moment(fault: Fault, scene: Scene) -> None:
    features = scene.out / "features"
    moments: dict[str, Callable[[], bool]] = {
        "features": lambda: any(features.glob("unfinished-*/*.parquet")),
        "training": lambda: any(
            folder.store.exists("state.pt") and name in scene.progress()
            for name, folder in scene.folds().items()
        ),
    }
    if fault.moment == "finished":
        scene.finish()
    else:
        scene.wait_for(moments[fault.moment], f"the moment of {fault.name}")


def _place(fault: Fault, iterations: dict[str, int]) -> str:
    if fault.moment != "training":
        return "in features" if fault.moment == "features" else "when done"
    return f"iteration {max(iterations.values(), default=0)}"


def _seconds(action: Callable[[], object]) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began


def _went_on(scene: Scene, before: dict[str, int], since: float) -> bool:
    """A fold that was hurt shows new life, or is done; or the command has ended."""
    if scene.running.poll() is not None:
        return True
    alive = [name for name, progress in scene.progress().items() if progress.time > since]
    done = [name for name, folder in scene.folds().items() if name in before and folder.store.exists(FOLD)]
    return bool(alive or done)


def _lost(scene: Scene, before: dict[str, int]) -> int:
    """What the folds had done when the fault came, and the process that finished them did again."""
    results = {name: folder.result() for name, folder in scene.folds().items() if folder.is_done}
    again = [
        iteration - (results[name].iterations - results[name].own_iterations)
        for name, iteration in before.items()
        if name in results
    ]
    return max([0, *again])


def tables_of(out: Path) -> dict[str, bytes]:
    """Contents of a run's tables by name."""
    folder = out / REPORT / "tables"
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*"))}


def drill_table(outcomes: Sequence[Outcome]) -> Table:
    """What was found, for people."""
    table = Table(box=None, pad_edge=False)
    for title in ("fault", "injected at", "noticed after", "recovered in", "iterations lost", "tables"):
        table.add_column(title, justify="left" if title in ("fault", "injected at", "tables") else "right")
    for outcome in outcomes:
        noticed = "at the start" if outcome.noticed is None else f"{outcome.noticed:.1f} s"
        ended = "" if outcome.exit_code == 0 else f", exit {outcome.exit_code}"
        verdict = ("equal" if outcome.equal else "DIFFERENT") + ended
        cells = (noticed, f"{outcome.recovered:.1f} s", str(outcome.lost), verdict)
        table.add_row(outcome.fault.name, outcome.injected_at, *cells)
    return table
