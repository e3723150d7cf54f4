"""Features through Ray Data beside two processes that write the same shards: wall seconds, in turn.

Both start from recordings on the disk and end with shards. The two processes are started for it; Ray runs
already, as a run needs it for its training anyway.
"""

import multiprocessing
import tempfile
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import ray

from orchestrator.dataset.clip_table import ClipTable, read_dataset
from orchestrator.dataset.layouts import DataSettings
from orchestrator.experiment.settings import Experiment
from orchestrator.features.pipeline import _sources, compute_features, write_shard
from orchestrator.storage.store import Store
from orchestrator.synth.synthesize import synthesize
from tests.benchmarks.bench_step import demo
from tests.benchmarks.table import Row, compared, in_turn
from trainable.config import Audio

CLIPS, ROUNDS, TARGET = 5_000, 2, 1.3
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


def _table(experiment: Experiment, folder: Path, clips: int) -> ClipTable:
    """The demo's recordings, with more unverified ones to make `clips`."""
    assert experiment.synth is not None
    more = clips - experiment.synth.verified - experiment.synth.test
    synthesize(folder, experiment.synth.model_copy(update={"unverified": more}))
    return read_dataset(folder, DataSettings())


def _row(clips: int) -> Row:
    experiment = demo()
    with tempfile.TemporaryDirectory() as place:
        table, folder = _table(experiment, Path(place) / "data", clips), Path(place)
        names = iter(range(1000))
        calls = [
            lambda: through_ray(table, experiment.audio, folder / str(next(names))),
            lambda: two_processes(table, experiment.audio, folder / str(next(names))),
        ]
        return compared(f"features of {clips} clips, two processes", in_turn(calls, ROUNDS), TARGET)


def rows() -> list[Row]:
    """At the demo's size, where two seconds over the reference are allowed, and at a larger one."""
    ray.init(address="local", num_cpus=PROCESSES, include_dashboard=False, log_to_driver=False)
    try:
        small, large = _row(1_296), _row(CLIPS)
    finally:
        ray.shutdown()
    assert small.reference is not None
    return [replace(small, target=None, seconds=small.reference + 2), large]
