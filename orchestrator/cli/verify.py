"""Everything that a run has left, held against its checksums; nothing is changed."""

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.cli.complaints import complain
from orchestrator.features.feature_set import feature_damages, sets_of
from orchestrator.files.integrity import Damage, find_damage, is_digest
from orchestrator.legs.artifacts import is_fold
from orchestrator.legs.run import Run


@dataclass(frozen=True)
class Verification:
    """What was found."""

    damages: tuple[Damage, ...]
    files: int
    """Files that were read."""


def verify(run: Run) -> Verification:
    """Check every file of the run that has a checksum."""
    tables = [find_damage(run.store, name, written) for name, written in run.manifest.files.items()]
    by_leg = run.legs.damages((leg.id for leg in run.manifest.legs), whole=True)
    legs = [damage for damages in by_leg.values() for damage in damages]
    sets = [name for name in sets_of(run.store).names() if is_digest(name)]
    features = [damage for name in sets for damage in feature_damages(run.store, name)]
    damages = (*(damage for damage in tables if damage), *legs, *features)
    return Verification(damages, sum(1 for _ in _checked(run, sets)))


def _checked(run: Run, sets: list[str]) -> Iterator[str]:
    """Names of the files that have a checksum."""
    yield from run.manifest.files
    for leg in run.manifest.legs:
        folder = run.legs[leg.id]
        for name in folder.store.names():
            yield from (folder.store / name).names() if is_fold(name) else [name]
    for name in sets:
        yield from (sets_of(run.store) / name).names(".parquet")


def refuse_damaged(run: Run) -> None:
    """Name what is damaged of a run's finished results, and end with exit code 1 if anything is."""
    damages = [damage for damages in run.damages.values() for damage in damages]
    for damage in damages:
        complain(f"damaged: {damage}")
    if damages:
        raise SystemExit("the same `stagegrid run` sets it aside and makes it again")
