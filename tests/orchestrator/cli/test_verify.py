"""Everything that a run has left, held against its checksums."""

from pathlib import Path

import pytest

from orchestrator.cli.verify import check_files
from orchestrator.files.store import Store
from orchestrator.legs import artifacts
from orchestrator.legs.run import Run
from tests.orchestrator.fake_run import make_fake_run
from tests.orchestrator.features.faked_sets import ID
from tests.orchestrator.features.test_feature_set import write_set


@pytest.fixture
def run(tmp_path: Path) -> Run:
    make_fake_run(tmp_path, activations=("sigmoid",), missing={("sigmoid", "top_k")})
    write_set(Store.open(tmp_path))
    return Run.open(Store.open(tmp_path))


def test_a_whole_run_has_no_damage_and_nothing_is_changed(run: Run) -> None:
    before = run.store.sizes()
    found = check_files(run)
    assert found.damages == ()
    assert (
        found.files == len([path for path in before if "." in Path(path).name]) - 2
    )  # run.json, manifest.json
    assert run.store.sizes() == before


def test_every_file_that_is_changed_is_named(run: Run, tmp_path: Path) -> None:
    checked = [artifacts.CLIPS, artifacts.NOISE_TRUTH, f"features/{ID}/x-0.parquet"]
    checked += [path for path in run.store.sizes() if path.startswith(artifacts.LEGS) and "fold-0/" in path]
    for name in checked:
        path = tmp_path / name
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        (damage,) = check_files(Run.open(run.store)).damages
        assert f"{damage.store.base}/{damage.name}" == str(path)
        path.write_bytes(data)
    assert check_files(Run.open(run.store)).damages == ()


def test_what_was_set_aside_is_no_damage(run: Run, tmp_path: Path) -> None:
    leg = next(leg for leg in run.manifest.legs if run.legs[leg.id].is_done)
    (tmp_path / artifacts.LEGS / leg.id / "fold-0" / "curves.parquet.corrupt-20200101-000000").write_bytes(
        b"x"
    )
    (tmp_path / "features" / f"{ID}.corrupt-20200101-000000").mkdir()
    assert check_files(run).damages == ()
