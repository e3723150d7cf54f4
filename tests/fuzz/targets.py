"""Everything that is parsed: valid bytes of it, and what reads them."""

import functools
import io
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from orchestrator.cli.plan import cluster_sizes
from orchestrator.data.clip_table import ClipTable, read_dataset, read_tables
from orchestrator.data.folded import fold_dataset, read_noise_truth, without_bad
from orchestrator.data.layouts import DataSettings
from orchestrator.data.sound_files import read_audio
from orchestrator.data.tables import Problems
from orchestrator.features.feature_set import open_features, read_clips
from orchestrator.files.store import Store
from orchestrator.legs.run import Run
from orchestrator.settings.loading import load_experiment
from orchestrator.training.driver.memory import check_fold
from tests.orchestrator.data.small_sets import kaggle, zenodo
from tests.orchestrator.fake_run import Numbers, make_fake_run
from tests.orchestrator.features.faked_sets import ID
from tests.orchestrator.features.test_feature_set import write_set
from tests.places import CONFIGS, SMOKE
from trainable.errors import UserError
from trainable.logmel import LogMel

META = "FSDKaggle2019.meta"
TRUTH = "FSDKaggle2019.doc/noise_truth.csv"


LONGEST_MESSAGE = 20_000


@dataclass(frozen=True)
class Target:
    """A parser; `read` may raise UserError alone."""

    seeds: Callable[[], list[bytes]]
    read: Callable[[bytes], object]


@functools.cache
def place() -> Path:
    """A folder for as long as the program runs."""
    return Path(tempfile.mkdtemp(prefix="stagegrid-fuzz-"))


# --- tables --------------------------------------------------------------------------------------------


@functools.cache
def _zenodo() -> Path:
    folder = zenodo(place() / "zenodo")
    _third_class(folder / META / "train_curated_post_competition.csv")
    (folder / "FSDKaggle2019.doc").mkdir()
    (folder / TRUTH).write_text(
        "fname,given,true,kind\nd.wav,Bark,,out_of_vocabulary\nc.wav,Bark,Bark,correct\n"
    )
    return folder


@functools.cache
def _kaggle() -> Path:
    folder = kaggle(place() / "kaggle")
    _third_class(folder / "train_curated.csv")
    return folder


def _third_class(table: Path) -> None:
    """Every class needs a verified clip."""
    with table.open("a") as file:
        file.write("third.wav,Zipper_(clothing)\r\n")


def _table(folder: Callable[[], Path], name: str) -> Target:
    def seeds() -> list[bytes]:
        path = folder() / name
        kept = path.with_name(f"{path.name}.valid")
        if not kept.exists():
            kept.write_bytes(path.read_bytes())
        return [kept.read_bytes()]

    def read(data: bytes) -> ClipTable:
        (valid,) = seeds()
        path = folder() / name
        path.write_bytes(data)
        try:
            problems = Problems(strict=False)
            read_tables(folder(), DataSettings(), problems, check_audio=False)
            table = read_dataset(folder(), DataSettings(), check_audio=False)
            assert not problems.gathered, "what check calls a fault, run refuses"
            read_noise_truth(folder(), table)
            fold_dataset(table, 2, 0)
            with suppress(UserError):  # most have no column that tells sources
                fold_dataset(table, 2, 0, "source")
            return table
        finally:
            path.write_bytes(valid)

    return Target(seeds, read)


# --- settings ------------------------------------------------------------------------------------------


def _yaml(data: bytes) -> None:
    path = place() / "any.yaml"
    path.write_bytes(data)
    check_fold(load_experiment(path), 2**40)


ASSIGNMENTS = (
    b"stages.1.iterations=9", b"seeds=[1, 2]", b"optimizer.learning_rate=1e-2", b"selections.top_k.k=3",
    b"ensembles={all: [sigmoid/top_k]}", b"data.plain={verified_csv: a.csv, verified_folder: b}",
    b"synth=null",
    b"activations={mine: {structure: sigmoid_softmax, head_weights: [1, .5]}}", b"audio.top_db=null",
    b"resources.machines=[{cpus: 4, gpus: 1}]", b"data.bad_clips=skip", b"resources.cpus_per_fold=auto",
)  # fmt: skip


def _set(data: bytes) -> None:
    check_fold(load_experiment(SMOKE, [data.decode(errors="surrogateescape")]), 2**40)


def _devices(data: bytes) -> list[int]:
    return cluster_sizes(data.decode(errors="surrogateescape"))


# --- sounds --------------------------------------------------------------------------------------------


KINDS = (
    ("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "FLOAT"), ("WAV", "MS_ADPCM"), ("WAV", "PCM_16"),
    ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("AIFF", "PCM_16"),
)  # fmt: skip


def _sounds() -> list[bytes]:
    samples = np.random.default_rng(0).standard_normal((900, 2)) * 0.1
    return [_sound(samples[:, : 1 + number % 2], *kind) for number, kind in enumerate(KINDS)]


def _sound(samples: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]", kind: str, subtype: str) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, 22050, format=kind, subtype=subtype)
    return buffer.getvalue()


@functools.cache
def _logmel() -> LogMel:
    return LogMel(load_experiment(SMOKE).audio)


def _read_sound(data: bytes) -> None:
    path = place() / "any.wav"
    path.write_bytes(data)
    clips = pd.DataFrame(
        [("any.wav", "verified", str(path), (), "")], columns=["fname", "part", "path", "labels", "usage"]
    )
    left = without_bad(ClipTable(("x",), clips, (), "plain"), DataSettings(bad_clips="skip"))
    samples = read_audio(path, 22050)
    assert len(left.clips) == 1, "what the header tells is told before"
    assert len(_logmel()(samples)) >= 1


# --- our own files -------------------------------------------------------------------------------------


@functools.cache
def _run() -> Path:
    numbers = Numbers(verified=12, unverified=16, test=8, classes=4, iterations=(2, 2, 1), batch=8)
    make_fake_run(place() / "run", numbers=numbers, activations=("sigmoid",), selections=("top_k",))
    return place() / "run"


def _in_run(pattern: str) -> Target:
    def path() -> Path:
        return sorted(_run().glob(pattern))[0]

    def read(data: bytes) -> None:
        valid = path().read_bytes()
        path().write_bytes(data)
        try:
            _read_run(Run.open(Store.open(_run())))
        finally:
            path().write_bytes(valid)

    return Target(lambda: [path().read_bytes()], read)


def _read_run(run: Run) -> None:
    run.experiment.cell("top_k")
    assert len(run.targets) == len(run.clips)
    for cell in run.cells:
        if run.hole(cell) is None:
            for fold in range(run.experiment.folds):
                run.predictions(cell, fold)
                run.curves(cell, fold)
                run.judgements(cell, fold)


def _features(name: str) -> Target:
    @functools.cache
    def store() -> Store:
        found = Store.open(place() / f"features-{name}")
        write_set(found)
        return found

    def path() -> Path:
        return Path(store().base) / "features" / ID / name

    def read(data: bytes) -> None:
        valid = path().read_bytes()
        path().write_bytes(data)
        try:
            if features := open_features(store(), ID):
                for _ in read_clips(features):
                    pass
        finally:
            path().write_bytes(valid)

    return Target(lambda: [path().read_bytes()], read)


TARGETS: dict[str, Target] = {
    "verified": _table(_zenodo, f"{META}/train_curated_post_competition.csv"),
    "unverified": _table(_zenodo, f"{META}/train_noisy_post_competition.csv"),
    "test": _table(_zenodo, f"{META}/test_post_competition.csv"),
    "vocabulary": _table(_zenodo, f"{META}/vocabulary.csv"),
    "truth": _table(_zenodo, TRUTH),
    "submission": _table(_kaggle, "sample_submission.csv"),
    "yaml": Target(lambda: [path.read_bytes() for path in sorted(CONFIGS.glob("*.yaml"))], _yaml),
    "set": Target(lambda: list(ASSIGNMENTS), _set),
    "devices": Target(lambda: [b"1,4,8,36,144"], _devices),
    "sound": Target(_sounds, _read_sound),
    "run.json": _in_run("run.json"),
    "clips.parquet": _in_run("clips.parquet"),
    "fold.json": _in_run("legs/*/fold-0/fold.json"),
    "result.json": _in_run("legs/*/result.json"),
    "leg.json": _in_run("legs/*/leg.json"),
    "predictions.parquet": _in_run("legs/*/fold-0/predictions.parquet"),
    "manifest.json": _features("manifest.json"),
    "shard": _features("x-0.parquet"),
}


def attempt(name: str, data: bytes) -> None:
    """Have these bytes read; any exception but a UserError comes out, as do messages without an end."""
    message = ""
    try:
        TARGETS[name].read(data)
    except UserError as error:
        message = str(error)
    if len(message) > LONGEST_MESSAGE:
        raise AssertionError(f"a message of {len(message)} characters helps nobody")
