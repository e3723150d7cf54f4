"""What does not fit into memory is refused, with the numbers: one fold, a cluster's folds and features."""

from pathlib import Path

import pytest
import yaml

from orchestrator.settings.loading import load_experiment, parse_experiment
from orchestrator.training.driver.memory import (
    NodeMemory,
    check_cluster,
    check_fits,
    check_fold,
    overfills_store,
)
from tests.orchestrator.settings.tiny_config import MINIMAL
from tests.places import CONFIGS, SMOKE
from trainable.errors import UserError

GIB = 2**30


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda p: p.stem)
def test_the_shipped_configurations_fit_a_usual_machine(path: Path) -> None:
    check_fold(load_experiment(path), 16 * GIB)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ("batches.size=1000000", "batches.size (1000000)"),
        ("batches.crop_frames=100000000", "batches.crop_frames (100000000)"),
        ("model.gru=1000000", "the weights: model"),
        ("model.channels=[4, 10000000]", "model"),
        ("audio.n_fft=1000000000", "the spectrum: audio.n_fft"),
        ("stages.0.iterations=1000000000", "the curves: stages.*.iterations"),
        ("augment.time_masks=1000000000", "augment"),
    ],
)
def test_sizes_that_cannot_fit_are_refused_with_the_number(change: str, part: str) -> None:
    changes = [change] + (["batches.clip_frames=100000000"] if "crop" in change else [])
    experiment = load_experiment(SMOKE, changes)
    with pytest.raises(
        UserError, match=r"one fold needs about [\d,.]+ GiB, this machine has 16\.0 GiB"
    ) as caught:
        check_fold(experiment, 16 * GIB)
    assert part in str(caught.value)


def test_numbers_without_end_have_a_message(tmp_path: Path) -> None:
    content = yaml.safe_load(MINIMAL) | {"model": {"gru": "9" * 4000, "hidden": "9" * 4000}}
    with pytest.raises(UserError, match="one fold needs about"):
        check_fold(parse_experiment(content, "tiny.yaml"), GIB)


def test_a_batch_larger_than_the_data_set_is_allowed() -> None:
    check_fold(load_experiment(SMOKE, ["batches.size=64"]), 4 * GIB)


def test_of_a_clusters_machines_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "local")
    huge = ["batches.size=100000000"]
    with pytest.raises(UserError, match=r"resources\.machines"):
        check_fits(load_experiment(SMOKE, huge))
    check_fits(load_experiment(SMOKE, [*huge, "resources.machines=[{cpus: 8}]"]))
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    check_fits(load_experiment(SMOKE, huge))


GB = 10**9
SMALL, LARGE = NodeMemory(2 * GB, 0.6 * GB), NodeMemory(16 * GB, 5 * GB)


def test_what_fits_needs_no_words() -> None:
    assert check_cluster(3 * GB, 4, [LARGE]) is None
    assert check_cluster(GB // 2, 8, [SMALL, SMALL]) is None


def test_what_cannot_fit_is_refused_with_the_numbers() -> None:
    with pytest.raises(UserError, match=r"1.50 GB of features .* 4 folds .* \(2.00 GB \+ 2.00 GB\)"):
        check_cluster(3 * GB // 2, 4, [SMALL, SMALL])
    with pytest.raises(UserError, match="do not fit"):
        check_cluster(20 * GB, 1, [LARGE])


def test_features_beyond_the_object_store_are_warned_of() -> None:
    assert "6.00 GB of features, and Ray's object store has 5.00 GB" in str(check_cluster(6 * GB, 4, [LARGE]))


def test_features_that_would_fill_the_smallest_object_store_are_too_many() -> None:
    assert not overfills_store(4 * GB, [LARGE])
    assert overfills_store(4 * GB + 1, [LARGE])
    assert overfills_store(GB // 2, [LARGE, SMALL])
    assert not overfills_store(10**15, [])
