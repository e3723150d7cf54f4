"""Inject faults, each into a run of its own, and hold its tables against those of an untouched run."""

import difflib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from psutil import Process
from rich.table import Table

from orchestrator.drill.faults import FAULTS, Fault, Moment
from orchestrator.drill.scene import Scene
from orchestrator.legs.artifacts import LEGS, REPORT, RESULT, FoldProgress
from trainable.errors import UserError

SMOKE = Path("smoke")
LONGER = (
    "activations={sigmoid: {}}",
    "stages.0.iterations=400",
    "stages.1.iterations=400",
    "stages.2.iterations=200",
    "schedule.evaluate_every=50",
    "schedule.checkpoint_every=20",
)
"""Makes the smoke test's legs last for seconds: a fault has to hit one in its middle."""


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


def words_of_run(config: Path | None, data: Path | None, assignments: Sequence[str]) -> list[str]:
    """Arguments of `stagegrid run` for the experiment of a drill."""
    assigned = [*([] if config else LONGER), *assignments]
    words = ["--config", str(config or SMOKE), *(["--data", str(data)] if data else [])]
    return words + [word for assignment in assigned for word in ("--set", assignment)]


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
    before, workers = scene.progress(), scene.workers()
    fault.deed(scene)
    noticed: float | None = None
    if fault.moment != "finished" and fault.ends_driver:
        noticed = _seconds(scene.finish)
    elif fault.moment != "finished":
        noticed = _seconds(lambda: _wait_for_end(scene, workers))
    if fault.ends_driver:
        scene.start()
    recovered = _seconds(lambda: _wait_for_life(scene, workers))
    exit_code = scene.finish()
    equal = tables_of(scene.out) == expected
    return Outcome(fault, _place(fault, before), noticed, recovered, _lost(scene, before), equal, exit_code)


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
            return (
                any((scene.out / REPORT).rglob("*.csv")) and not (scene.out / REPORT / "index.html").exists()
            )
        case "finished":
            return scene.running.poll() is not None


def _is_half_done(progress: FoldProgress) -> bool:
    return 2 * (progress.iteration - progress.first) >= progress.last - progress.first


def _place(fault: Fault, before: dict[str, FoldProgress]) -> str:
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


def drill_table(outcomes: Sequence[Outcome]) -> Table:
    """What was found, for people."""
    table = Table(box=None, pad_edge=False)
    for title in ("fault", "injected at", "noticed after", "recovered in", "iterations lost", "tables"):
        left = title in ("fault", "injected at", "tables")
        table.add_column(title, justify="left" if left else "right", no_wrap=title == "fault")
    for outcome in outcomes:
        noticed = "at the start" if outcome.noticed is None else f"{outcome.noticed:.1f} s"
        ended = "" if outcome.exit_code == 0 else f", exit {outcome.exit_code}"
        verdict = ("equal" if outcome.equal else "DIFFERENT") + ended
        cells = (noticed, f"{outcome.recovered:.1f} s", str(outcome.lost), verdict)
        table.add_row(outcome.fault.name, outcome.injected_at, *cells)
    return table
