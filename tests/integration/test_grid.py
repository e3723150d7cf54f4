"""The whole program on a small grid: real recordings where they are at hand, else embedded data."""

import csv
import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from tests.integration.programs import kill, results, run, start, wait_for
from tests.places import REAL_MINI, SMOKE

pytestmark = [pytest.mark.integration, pytest.mark.timeout(590)]

STAGES = ("--set", "stages.1.iterations=30")
"""Long enough to be hit in the middle of a stage."""


@dataclass(frozen=True)
class Bench:
    """Where the tests of this file work."""

    home: Path
    data: Path
    out: Path
    output: str
    rays: tuple[bool, ...] = ()
    """Whether the driver had a Ray: when the first fold had begun, when the report's page was there."""

    def command(self, out: Path) -> tuple[object, ...]:
        return ("run", "--config", SMOKE, "--data", self.data, "--out", out, *STAGES)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A grid that was filled without interruption."""
    folder = tmp_path_factory.mktemp("grid")
    home, data = folder / "home", REAL_MINI
    if not data.exists():
        data = folder / "data"
        small = ("--classes", 4, "--verified", 16, "--unverified", 24, "--test", 16)
        assert run(home, "synth", data, *small)[0] == 0
    unfinished = Bench(home, data, folder / "out", "")
    process, out = start(home, *unfinished.command(unfinished.out)), unfinished.out
    rays = []
    for name in ("legs/*/fold-*", "report/index.html"):
        wait_for(lambda name=name: any(out.glob(name)) or process.poll() is not None, name, 280)  # type: ignore[misc]
        rays.append(_has_ray(process.pid))
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    return Bench(home, data, out, output, tuple(rays))


def _has_ray(driver: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return any(child.name() == "raylet" for child in psutil.Process(driver).children(recursive=True))
    return False


def test_one_command_fills_the_grid(bench: Bench) -> None:
    with (bench.out / "report/tables/table1.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["activation", "selection", "split", "score", "mean", "n_folds"]
    cells = {(row["activation"], row["selection"]) for row in rows}
    assert len(cells) == 9
    assert {row["split"] for row in rows} == {"cv", "public", "private", "test"}
    assert all(0 < float(row["mean"]) <= 1 for row in rows)
    assert {row["n_folds"] for row in rows} == {"2"}
    assert "sigmoid_sparsemax" in bench.output
    assert "threshold" in bench.output
    assert "Error" not in bench.output  # nor was anything tried twice


def test_a_ray_of_its_own_ends_before_the_report(bench: Bench) -> None:
    assert bench.rays == (True, False)


def test_nothing_phones_home(bench: Bench) -> None:
    """MLflow, which Tune imports where it is installed, would note its telemetry in the user's home."""
    assert not list(bench.home.rglob("*telemetry*"))


def test_every_leg_leaves_what_the_reader_expects(bench: Bench) -> None:
    legs = [path.parent for path in (bench.out / "legs").glob("*/result.json")]
    assert len(legs) == 12
    for leg in legs:
        for fold in range(2):
            folder = leg / f"fold-{fold}"
            curves = pq.read_table(folder / "curves.parquet")
            assert curves.column_names[:3] == ["iteration", "stage", "loss"]
            assert curves["iteration"].to_pylist() == list(range(1, curves.num_rows + 1))
            assert (folder / "weights.safetensors").exists()
            stages = pq.read_table(folder / "predictions.parquet")["stage"].to_pylist()
            assert set(stages) == set(range(max(stages) + 1))


def test_the_same_command_again_trains_nothing_and_starts_no_ray(bench: Bench) -> None:
    before = results(bench.out)
    began = time.monotonic()
    code, output = run(bench.home, *bench.command(bench.out))
    assert code == 0, output
    assert "nothing to train" in output
    assert "Ray" not in output
    assert time.monotonic() - began < 60  # not a benchmark: a hang would be one
    assert results(bench.out) == before


def test_the_report_is_made_again_from_files_alone(bench: Bench) -> None:
    table = bench.out / "report/tables/table1.csv"
    before = table.read_bytes()
    table.unlink()
    assert run(bench.home, "report", bench.out)[0] == 0
    assert table.read_bytes() == before


def test_killed_driver_and_killed_worker_change_no_bit(bench: Bench, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = (*bench.command(out), "--set", "activations={sigmoid: {}}")
    first = start(bench.home, *command)
    try:
        wait_for(lambda: any(out.glob("legs/*/fold-0/state.pt")), "a checkpoint", 200)
    finally:
        kill(first)
    assert len(list(out.glob("legs/*/result.json"))) < 4
    second = start(bench.home, *command)
    started = time.time()
    wait_for(lambda: _worker(out, started) is not None, "a worker")
    pid = _worker(out, started)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    output, _ = second.communicate(timeout=280)
    assert second.returncode == 0, output
    _assert_part_of(bench, out, legs=4)


def _assert_part_of(bench: Bench, out: Path, legs: int) -> None:
    """`out` has so many legs, each with the bits that the whole grid has."""
    part = {name: data for name, data in results(out).items() if name.startswith("legs")}
    whole = results(bench.out)
    kinds = ("predictions.parquet", "curves.parquet", "weights.safetensors")
    assert sum(name.endswith(kinds) for name in part) == legs * 2 * len(kinds)
    assert part == {name: whole[name] for name in part}


def _worker(out: Path, since: float) -> int | None:
    """Process of a fold that has shown life after `since` in an unfinished leg."""
    for path in out.glob("legs/*/fold-*/progress.json"):
        progress = json.loads(path.read_text())
        done = (path.parent / "fold.json").exists()
        if not done and progress["time"] > since and progress["iteration"] < progress["last"]:
            return int(progress["pid"])
    return None


def test_a_run_for_each_leg_gives_the_bits_of_one_run_for_all(bench: Bench, tmp_path: Path) -> None:
    """And so do features on the disk."""
    out = tmp_path / "out"
    disk = ("--set", "resources.features=disk", "--set", f"resources.features_folder={tmp_path}/disk")
    columns = "selections={verified_only: {}, top_k: {k: 2}}"
    part = ("--set", "activations={sigmoid_sparsemax: {}}", "--set", columns)
    code, output = run(bench.home, *bench.command(out), *part, *disk, "--set", "resources.legs_per_run=one")
    assert code == 0, output
    assert f"on each machine's disk, in {tmp_path}/disk" in output
    assert len(list((tmp_path / "disk").glob("*.frames"))) == 1
    _assert_part_of(bench, out, legs=3)


def test_a_row_that_diverges_fails_at_once_and_the_others_go_on(bench: Bench, tmp_path: Path) -> None:
    """Its stem is tried once, its branches are not; the same cells beside it have the same bits as ever."""
    out = tmp_path / "out"
    rows = "activations={wild: {structure: sigmoid, head_weights: [1.0e+38]}, sigmoid: {}}"
    columns = "selections={verified_only: {}, top_k: {k: 2}}"
    trees = ("--set", "resources.legs_per_run=subtree")
    code, output = run(bench.home, *bench.command(out), "--set", rows, "--set", columns, *trees)
    assert code == 1, output
    assert "no longer finite after 5 iterations: lower optimizer.learning_rate" in output
    assert "ERROR" not in output  # Tune says so of each trial that it gives up
    assert "2 cells have no result" in output
    (failed,) = (path.parent for path in out.glob("legs/*/failure.json"))
    begun = {path.parent.parent.name for path in out.glob("legs/*/fold-*/progress.json")}
    done = {path.parent.name for path in out.glob("legs/*/result.json")}
    assert (len(begun), begun - done) == (4, {failed.name})
    _assert_part_of(bench, out, legs=3)


def test_two_drivers_do_not_fill_one_folder_and_ctrl_c_ends_the_first(bench: Bench, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = start(bench.home, *bench.command(out))
    try:
        wait_for(lambda: (out / ".lock").exists() and (out / ".lock").read_text() != "", "the lock")
        code, refused = run(bench.home, *bench.command(out))
        wait_for(lambda: any(out.glob("legs/*/fold-0/state.pt")), "a checkpoint")
        first.send_signal(signal.SIGINT)
        output, _ = first.communicate(timeout=60)
    finally:
        kill(first)
    assert code == 2
    assert f"process {first.pid}" in refused
    assert first.returncode == 130
    assert output.endswith("interrupted: the same command goes on from here\n")
    assert len(list(out.glob("legs/*/result.json"))) < 12


def test_what_cannot_run_is_refused_before_anything_is_trained(bench: Bench, tmp_path: Path) -> None:
    code, output = run(bench.home, *bench.command(bench.out), "--set", "resources.cpus_per_fold=500",
                       "--set", "name=greedy", "--set", "seeds=[7]")  # fmt: skip
    assert code == 2
    assert "2 folds at once need 2 x 500 CPUs" in output
    code, output = run(bench.home, *bench.command(tmp_path / "new"), "--set", "model.gruu=3")
    assert code == 2
    assert "did you mean gru?" in output
