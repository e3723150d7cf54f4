"""Features through Ray Data beside two processes that write the same shards: wall seconds, in turn.

Both start from recordings on the disk and end with shards, and both start their two processes for it. Ray
itself runs already, as a run needs it for its training anyway.
"""

import multiprocessing
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import ray

from orchestrator.data.clip_table import ClipTable, read_dataset
from orchestrator.data.layouts import DataSettings
from orchestrator.data.synth.synthesize import synthesize
from orchestrator.features.pipeline import _sources, compute_features, write_shard
from orchestrator.files.store import Store
from orchestrator.settings.tree import Experiment
from tests.benchmarks.bench_step import demo
from tests.benchmarks.table import Row, compared, in_turn
from trainable.config import Audio

CLIPS, TARGET, ROUNDS = 5_000, 1.3, 3
PROCESSES = 2


def _write_all(sources: list[pa.Table], audio: Audio, folder: str) -> None:
    for source in sources:
        write_shard(source, audio, Store.open(folder))


def two_processes(table: ClipTable, audio: Audio, folder: Path) -> None:
    """Every other shard in each of two processes."""
    folder.mkdir()
    sources = _sources(table, "plain")
    spawn = multiprocessing.get_context("spawn")
    workers = [
        spawn.Process(target=_write_all, args=(sources[i::PROCESSES], audio, str(folder)))
        for i in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0


def through_ray(table: ClipTable, audio: Audio, folder: Path) -> None:
    """As a run does it."""
    compute_features(table, audio, Store.open(folder), lambda done, total: None)


@contextmanager
def fresh_ray() -> Iterator[None]:
    """A Ray without workers that have imported anything."""
    ray.init(address="local", num_cpus=PROCESSES, include_dashboard=False, log_to_driver=False)
    try:
        yield
    finally:
        ray.shutdown()


def _table(experiment: Experiment, folder: Path, clips: int) -> ClipTable:
    """The demo's recordings, with more unverified ones to make `clips`."""
    assert experiment.synth is not None
    more = clips - experiment.synth.verified - experiment.synth.test
    synthesize(folder, experiment.synth.model_copy(update={"unverified": more}))
    return read_dataset(folder, DataSettings())


def _row(clips: int) -> Row:
    experiment, rounds = demo(), []
    with tempfile.TemporaryDirectory() as place:
        table, folder = _table(experiment, Path(place) / "data", clips), Path(place)
        for number in range(ROUNDS):
            calls = [
                lambda: through_ray(table, experiment.audio, folder / f"ray-{number}"),  # noqa: B023
                lambda: two_processes(table, experiment.audio, folder / f"plain-{number}"),  # noqa: B023
            ]
            with fresh_ray():
                rounds += in_turn(calls, 1, warm_up=0)
    return compared(f"features of {clips} clips, two processes", rounds, TARGET)


def rows() -> list[Row]:
    """At the demo's size, where two seconds over the reference are allowed, and at a larger one."""
    small, large = _row(1_296), _row(CLIPS)
    assert small.reference is not None
    return [replace(small, target=None, seconds=small.reference + 2), large]
