"""A grid whose folder is on object storage: a real server that speaks S3."""

import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow.fs as pafs
import pytest

from orchestrator.files.store import Store
from tests.integration.programs import kill, results, run, start, wait_for
from tests.object_storage import SECRET, Bucket
from tests.places import SMOKE

pytestmark = [pytest.mark.integration, pytest.mark.cluster, pytest.mark.timeout(290)]

CHANGES = ("--set", "activations={sigmoid: {}}", "--set", "selections={verified_only: {}, top_k: {k: 2}}",
           "--set", "stages.0.iterations=60")  # fmt: skip


@dataclass(frozen=True)
class Filled:
    """The same grid on disk, and in the bucket after a kill."""

    bucket: Bucket
    home: Path
    data: Path
    disk: Path
    refused: str
    output: str

    @property
    def command(self) -> tuple[object, ...]:
        return self.filling("run")

    def filling(self, folder: str) -> tuple[object, ...]:
        return ("run", "--config", SMOKE, "--data", self.data, "--out", self.bucket.uri(folder), *CHANGES)


@pytest.fixture(scope="module")
def filled(bucket: Bucket, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    folder = tmp_path_factory.mktemp("objects")
    home, data, disk = folder / "home", folder / "data", folder / "disk"
    small = ("--classes", 4, "--verified", 16, "--unverified", 24, "--test", 16)
    assert run(home, "synth", data, *small)[0] == 0
    code, output = run(home, "run", "--config", SMOKE, "--data", data, "--out", disk, *CHANGES)
    assert code == 0, output
    unfinished = Filled(bucket, home, data, disk, "", "")
    first = start(home, *unfinished.command)
    try:
        wait_for(lambda: bool(found(bucket, "lock.json")), "the lock")
        code, refused = run(home, *unfinished.command)
        assert code == 2, refused
        wait_for(lambda: bool(found(bucket, "state.pt")), "a checkpoint")
    finally:
        kill(first)
    assert len(found(bucket, "result.json")) < 3
    code, output = run(home, *unfinished.command)  # at once: the lock's owner is gone
    assert code == 0, output
    return Filled(bucket, home, data, disk, refused, output)


def found(bucket: Bucket, ending: str, folder: str = "run") -> list[str]:
    """Names of objects of the run that end in `ending`."""
    store = Store.open(bucket.uri(folder))
    return [path for path in store.sizes() if path.endswith(ending)]


def test_a_killed_run_goes_on_and_gives_the_bits_of_a_run_on_disk(filled: Filled, tmp_path: Path) -> None:
    pafs.copy_files(filled.bucket.uri("run"), str(tmp_path))
    assert results(tmp_path) == results(filled.disk)
    assert "nothing to train" not in filled.output


def test_the_second_driver_is_told_who_the_first_is(filled: Filled) -> None:
    assert "s3://bucket/run is being filled by process " in filled.refused


def test_finished_work_is_not_done_again(filled: Filled) -> None:
    code, output = run(filled.home, *filled.command)
    assert code == 0, output
    assert "nothing to train" in output


def test_report_and_status_read_the_bucket(filled: Filled) -> None:
    uri = filled.bucket.uri("run")
    store = Store.open(uri)
    table = store.read("report/tables/table1.csv")
    store.delete("report/tables/table1.csv")
    code, output = run(filled.home, "report", uri)
    assert code == 0, output
    assert "report: s3://bucket/run/report/index.html" in output
    assert store.read("report/tables/table1.csv") == table
    code, output = run(filled.home, "status", uri)
    assert code == 0, output
    assert "3/3 legs" in output


def test_no_secret_is_printed_or_kept(filled: Filled) -> None:
    store = Store.open(filled.bucket.uri("run"))
    files = [path for path in store.sizes() if store.fs.get_file_info(f"{store.base}/{path}").is_file]
    assert "run.json" in files
    assert any(path.startswith("ray/") for path in files)  # Ray's own books are there too
    for path in files:
        assert SECRET.encode() not in store.read(path), path
    assert SECRET not in filled.output + filled.refused


def test_storage_that_goes_away_costs_only_that_while(filled: Filled, tmp_path: Path) -> None:
    process = start(filled.home, *filled.filling("outage"))
    wait_for(lambda: bool(found(filled.bucket, "state.pt", "outage")), "a checkpoint")
    with filled.bucket.away():
        time.sleep(30)
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 0, output
    pafs.copy_files(filled.bucket.uri("outage"), str(tmp_path))
    assert results(tmp_path) == results(filled.disk)
