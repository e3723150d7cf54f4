"""The model that a command or a program asks for: from a run's folder, or from an exported one."""

from dataclasses import dataclass
from pathlib import Path

from orchestrator.files.store import Store
from orchestrator.legs.artifacts import RUN
from orchestrator.legs.run import Run
from orchestrator.tagging.systems import choose_system, open_tagger
from trainable.errors import UserError
from trainable.tagger import MODEL, Tagger


@dataclass(frozen=True)
class OpenModel:
    """Networks that are ready to tag."""

    tagger: Tagger
    named: str
    """Which it is, and why, where nobody has named one."""


def open_model(place: str, name: str | None = None, device: str | None = None) -> OpenModel:
    """The cell or ensemble `name` of the run at `place` (None: the best cell), or the model exported there.

    Raises:
        UserError: neither is there, the name is unknown, or weights are damaged.
    """
    store = Store.open(place)
    if store.is_local and not store.exists(RUN) and (Path(store.base) / MODEL).exists():
        tagger = _exported(store, name, device)
        return OpenModel(tagger, tagger.file.name)
    run = Run.open(store)
    system = choose_system(run, name)
    return OpenModel(open_tagger(run, system, device), system.named)


def _exported(store: Store, name: str | None, device: str | None) -> Tagger:
    tagger = Tagger.load(store.base, device)
    if name not in (None, tagger.file.name):
        raise UserError(f"{store} is the model {tagger.file.name} alone: leave the name out, or name a run")
    return tagger
