"""The cells of a run, or an exported model, as networks that are ready to tag.

A system is a cell, a cell over all its seeds, or an ensemble: its folds' networks together, as the run blends
their scores of the test clips.
"""

from dataclasses import dataclass
from pathlib import Path

from orchestrator.files.integrity import StoredFile, is_digest
from orchestrator.files.store import Store
from orchestrator.legs import artifacts
from orchestrator.legs.run import Run
from orchestrator.report.inputs import ranking
from orchestrator.settings.messages import shortened
from orchestrator.stats.grid import Cell, members_of
from trainable.errors import UserError, did_you_mean
from trainable.tagger import MODEL, Member, ModelFile, Tagger


@dataclass(frozen=True)
class System:
    """Cells that tag together."""

    name: str
    """sigmoid/top_k, sigmoid/top_k/0 or an ensemble's name."""
    cells: tuple[Cell, ...]
    reason: str = ""
    """Why the system was chosen, where nobody has named it."""

    @property
    def label(self) -> str:
        """Name and reason, for people."""
        return f"{self.name} ({self.reason})" if self.reason else self.name


def choose_system(run: Run, name: str | None = None) -> System:
    """The cell or ensemble called `name`; None: the cell that is best in cross-validation.

    Raises:
        UserError: there is none of that name (says the nearest one), or it is not trained.
    """
    if name is None:
        return _best(run)
    systems = all_systems(run)
    if name not in systems:
        hint = did_you_mean(name, systems, least=0)
        raise UserError(f"{run.store}: there is no cell or ensemble {shortened(name)}{hint}")
    for cell in systems[name]:
        if not run.leg_of(cell).is_done:
            done = ", ".join(dict.fromkeys(str(cell.entry) for cell in _trained(run))) or "none yet"
            raise UserError(f"{cell.entry} has no result ({run.hole(cell)}): cells that have one: {done}")
    return System(name, systems[name])


def all_systems(run: Run) -> dict[str, tuple[Cell, ...]]:
    """Every name that a system may have, with its cells."""
    entries = {str(entry): tuple(cells) for entry, cells in run.entries.items()}
    seeds = {f"{cell.entry}/{cell.seed}": (cell,) for cell in run.cells}
    return entries | seeds | members_of(run.cells, run.experiment.ensembles)


def _trained(run: Run) -> list[Cell]:
    return [cell for cell in run.cells if run.leg_of(cell).is_done]


def _best(run: Run) -> System:
    """The first of `ranking` whose seeds are all trained."""
    for entry, lwlrap in ranking(run).items():
        if not any(map(run.hole, run.entries[entry])):
            reason = f"best in cross-validation, lwlrap {lwlrap:.4f}"
            return System(str(entry), tuple(run.entries[entry]), reason)
    raise UserError(f"{run.store}: no cell is trained yet: the same `stagegrid run` goes on")


def read_weights(run: Run, system: System) -> tuple[ModelFile, list[bytes]]:
    """The description of the system's networks, and the content of each one's weights file.

    Raises:
        DamagedFile: weights are not what was written.
    """
    folds = [(cell, fold) for cell in system.cells for fold in range(run.experiment.folds)]
    weights = [_fold_weights(run, cell, fold) for cell, fold in folds]
    members = [_member(run, cell, fold, data) for (cell, fold), data in zip(folds, weights, strict=True)]
    experiment = run.experiment
    described = ModelFile(
        name=system.name,
        vocabulary=tuple(run.manifest.vocabulary),
        audio=experiment.audio,
        network=experiment.model,
        batches=experiment.batches,
        compute=experiment.compute,
        members=tuple(members),
    )
    return described, weights


def open_tagger(run: Run, system: System, device: str | None = None) -> Tagger:
    """The system's networks, ready to tag; `device` as for `Tagger.assemble`.

    Raises:
        UserError: weights are damaged, or do not fit the run's settings.
    """
    return Tagger.assemble(*read_weights(run, system), device)


def _fold_weights(run: Run, cell: Cell, fold: int) -> bytes:
    leg = run.cells[cell]
    if not is_digest(leg):  # a manifest of somebody else's that names a folder elsewhere is not followed
        raise UserError(f"{run.store}/{artifacts.RUN}: {shortened(repr(leg))} is no id of a leg")
    folder = run.legs[leg].fold(fold)
    try:
        return folder.read(artifacts.WEIGHTS)
    except FileNotFoundError:
        raise UserError(f"{folder.store} has no {artifacts.WEIGHTS}: run `stagegrid verify`") from None


def _member(run: Run, cell: Cell, fold: int, weights: bytes) -> Member:
    name = f"{cell.activation}.{cell.selection}.s{cell.seed}.{artifacts.fold_name(fold)}"
    return Member(
        name=name,
        file=f"{name}.safetensors",
        sha256=StoredFile.of(weights).sha256,
        activation=run.experiment.activations[cell.activation].describe(),
    )


@dataclass(frozen=True)
class OpenModel:
    """A model that is ready to tag, and how it was chosen."""

    tagger: Tagger
    label: str
    """Name of the system, and the reason where nobody has named one."""


def open_run(address: str) -> Run:
    """The run in this folder: a path, or s3://..., gs://...

    Raises:
        UserError: no run is there.
    """
    return Run.open(Store.open(address))


def open_model(address: str, name: str | None = None, device: str | None = None) -> OpenModel:
    """The cell or ensemble `name` of the run at `address` (None: the best cell), or the model exported there.

    Raises:
        UserError: neither is there, the name is unknown, or weights are damaged.
    """
    store = Store.open(address)
    if store.is_local and not store.exists(artifacts.RUN) and (Path(store.base) / MODEL).exists():
        tagger = _exported(store, name, device)
        return OpenModel(tagger, tagger.file.name)
    run = Run.open(store)
    system = choose_system(run, name)
    return OpenModel(open_tagger(run, system, device), system.label)


def _exported(store: Store, name: str | None, device: str | None) -> Tagger:
    tagger = Tagger.load(store.base, device)
    if name not in (None, tagger.file.name):
        raise UserError(f"{store} is the model {tagger.file.name} alone: leave the name out, or name a run")
    return tagger
