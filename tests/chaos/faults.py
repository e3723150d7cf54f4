"""The faults that a drill knows: when each is injected, and what it does.

To add one, add it to FAULTS: a name, a sentence, the moment, and the deed.
"""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from orchestrator.features.feature_set import sets_of
from orchestrator.files.integrity import is_digest
from orchestrator.files.store import Store
from orchestrator.legs import artifacts
from tests.chaos.scene import Scene

Moment = Literal["features", "training", "between legs", "report", "finished"]
Deed = Callable[[Scene], None]


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong."""

    name: str
    """As `--faults` takes it."""
    sentence: str
    """What happens."""
    moment: Moment
    """When: while features are computed, a leg is half done, a leg is done and others are not, tables are
    written and the page is not, all is done."""
    deed: Deed
    ends_driver: bool = True
    """Whether the command has to be given again."""


def _signal(number: signal.Signals) -> Deed:
    return lambda scene: scene.running.send_signal(number)


def _kill_all(scene: Scene) -> None:
    """As when the machine loses its power: nothing is told anything."""
    victims = scene.processes()
    scene.running.kill()
    _kill(victims)


def _kill(victims: list[psutil.Process]) -> None:
    assert victims, "there is nothing to kill"
    for victim in victims:
        try:
            victim.kill()
        except psutil.NoSuchProcess:
            continue


def _first_file(scene: Scene, name: str) -> Path:
    """The file of this name of the first fold that has one."""
    folders = scene.folds().values()
    return next(Path(f.store.base) / name for f in folders if f.store.exists(name))


def _flip(path: Path) -> None:
    """One bit in the middle of the file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def _cut(path: Path) -> None:
    """The file's second half is gone."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _kill_and_cut_states(scene: Scene) -> None:
    """The driver dies, and the newest state of every fold is only half there."""
    _kill_all(scene)
    for folder in scene.folds().values():
        if folder.store.exists(artifacts.STATE) and not folder.is_done:
            _cut(Path(folder.store.base) / artifacts.STATE)


def _kill_and_damage_features(scene: Scene) -> None:
    _kill_all(scene)
    sets = Path(sets_of(Store.open(scene.out)).base)
    _flip(next(path for path in sets.glob("*/*.parquet") if is_digest(path.parent.name)))


FAULTS = (
    Fault("kill-driver", "SIGKILL of the driver", "training", lambda s: s.running.kill()),
    Fault("kill-everything", "SIGKILL of the driver, Ray and all workers", "training", _kill_all),
    Fault("kill-in-features", "SIGKILL of everything while features are computed", "features", _kill_all),
    Fault("kill-between", "SIGKILL of everything when a leg is done and others are not", "between legs",
          _kill_all),
    Fault("kill-in-report", "SIGKILL of everything while the report is written", "report", _kill_all),
    Fault("terminate", "SIGTERM to the driver", "training", _signal(signal.SIGTERM)),
    Fault("interrupt", "Ctrl-C", "training", _signal(signal.SIGINT)),
    Fault("kill-worker", "SIGKILL of one fold's worker", "training",
          lambda s: _kill(s.workers()[:1]), ends_driver=False),
    Fault("kill-workers", "SIGKILL of all folds' workers", "training",
          lambda s: _kill(s.workers()), ends_driver=False),
    Fault("kill-controller", "SIGKILL of Ray Train's controller", "training",
          lambda s: _kill(s.processes_called("TrainController")), ends_driver=False),
    Fault("kill-trial", "SIGKILL of the Tune trial", "training",
          lambda s: _kill(s.processes_called("ray::TrialDriver")), ends_driver=False),
    Fault("damage-state", "the driver dies, every newest state is cut in half", "training",
          _kill_and_cut_states),
    Fault("damage-features", "the driver dies, a bit of the features flips", "training",
          _kill_and_damage_features),
    Fault("damage-predictions", "a bit of a finished fold's predictions flips", "finished",
          lambda s: _flip(_first_file(s, artifacts.PREDICTIONS))),
    Fault("damage-weights", "a bit of a finished fold's weights flips", "finished",
          lambda s: _flip(_first_file(s, artifacts.WEIGHTS))),
    Fault("lose-curves", "a finished fold's curves are deleted", "finished",
          lambda s: _first_file(s, artifacts.CURVES).unlink()),
    Fault("damage-manifest", "run.json is cut", "finished", lambda s: _cut(s.out / artifacts.RUN)),
)  # fmt: skip
