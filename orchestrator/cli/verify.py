"""`verify`: everything that a run has left, held against its checksums; nothing is changed."""

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.cli.failures import complain
from orchestrator.cli.options import RunFolder, console, say
from orchestrator.features.feature_set import feature_damages, set_ids, sets_of
from orchestrator.files.integrity import Damage, find_damage
from orchestrator.files.store import Store
from orchestrator.legs.artifacts import is_fold
from orchestrator.legs.run import Run


def verify(out: RunFolder) -> None:
    """Hold every file of a run against its checksum; changes nothing. Exit code 1 where one is damaged."""
    with console.status("reading every file"):
        checked = check_files(Run.open(Store.open(out)))
    for damage in checked.damages:
        say(f"damaged: {damage}")
    console.print(f"{checked.files} files checked, {len(checked.damages)} damaged")
    if checked.damages:
        raise SystemExit("the same `stagegrid run` sets them aside and makes them again")


def refuse_damaged(run: Run) -> None:
    """Name what is damaged of a run's finished results, and end with exit code 1 if anything is."""
    damages = [damage for damages in run.damages.values() for damage in damages]
    for damage in damages:
        complain(f"damaged: {damage}")
    if damages:
        raise SystemExit("the same `stagegrid run` sets it aside and makes it again")


@dataclass(frozen=True)
class Verification:
    """What a run's files were found to be."""

    damages: tuple[Damage, ...]
    files: int
    """Files that were read."""


def check_files(run: Run) -> Verification:
    """Check every file of the run that has a checksum."""
    tables = [find_damage(run.store, name, written) for name, written in run.manifest.files.items()]
    by_leg = run.legs.damages((leg.id for leg in run.manifest.legs), whole=True)
    legs = [damage for damages in by_leg.values() for damage in damages]
    features = [damage for name in set_ids(run.store) for damage in feature_damages(run.store, name)]
    damages = (*(damage for damage in tables if damage), *legs, *features)
    return Verification(damages, sum(1 for _ in _checked(run)))


def _checked(run: Run) -> Iterator[str]:
    """Names of the files that have a checksum."""
    yield from run.manifest.files
    for leg in run.manifest.legs:
        folder = run.legs[leg.id]
        for name in folder.store.names():
            yield from (folder.store / name).names() if is_fold(name) else [name]
    for name in set_ids(run.store):
        yield from (sets_of(run.store) / name).names(".parquet")
