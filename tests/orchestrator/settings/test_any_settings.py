"""Whatever settings a configuration may have: a fold trains with them, its files hold it, it can be cut."""

import tempfile
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.files.store import Store
from orchestrator.legs.fold_folder import FoldFolder
from orchestrator.legs.tables import write_outcome
from orchestrator.settings.loading import parse_experiment
from orchestrator.settings.tree import Experiment
from tests.trainable.tiny import CLASSES, Killed, MemoryWorker, data
from trainable.activations import Activation
from trainable.fold import train_fold
from trainable.selection import Selection
from trainable.task import Task

DATA = data()
NAMES = [f"{row}.wav" for row in range(len(DATA.targets_NC))]
ROWS = {"validation": DATA.validation, "test": DATA.test, "unverified": DATA.training.unverified}
SHARES = st.sampled_from([0.0, 0.3, 1.0])
DECAYS = st.sampled_from([0.0, 0.9, 0.999])


def section(**fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Settings with these fields."""
    return st.fixed_dictionaries(fields)


def one_of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


MEASURES = one_of("loss", "per_label", "excess")
SELECTIONS: dict[str, dict[str, Any]] = {
    "top_k": {"k": one_of(1, 2, 3), "rank_by": MEASURES},
    "random_k": {"k": one_of(1, 2, 3)},
    "threshold": {
        "k": one_of(1, 2, 3),
        "alpha": DECAYS,
        "rank_by": MEASURES,
        "mask_target": one_of("unverified", "verified"),
    },
    "max_outlier": {"share": SHARES},
    "bootstrap": {"beta": SHARES},
    "lq": {"q": one_of(1e-6, 1.0)},
    "gmm": {"momentum": SHARES, "certainty": SHARES, "steps": one_of(1, 3)},
}
ACTIVATIONS: dict[str, dict[str, Any]] = {
    "asymmetric": {"gamma_negative": one_of(0, 4), "gamma_positive": one_of(0, 1), "clip": SHARES}
}


def mechanism(kind: Any, known: dict[str, dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """{name: settings} of one choice."""
    return one_of(*kind.choices()).flatmap(lambda name: section(**{name: section(**known.get(name, {}))}))


EXPERIMENTS = section(
    name=st.just("any"),
    stages=st.lists(
        section(
            iterations=one_of(1, 2, 3), unverified=one_of(0.0, 0.5, 0.8), learning_rate=one_of(None, 1e-4)
        ),
        min_size=1,
        max_size=3,
    ),
    activations=mechanism(Activation, ACTIVATIONS),
    selections=mechanism(Selection, SELECTIONS),
    model=section(
        channels=one_of([4], [4, 6], [2, 3, 4]),
        convolutions=one_of(1, 2),
        gru=one_of(1, 4),
        hidden=one_of(1, 8),
        pooling=one_of("max_mean", "max", "mean"),
        dropout=DECAYS,
    ),
    optimizer=section(betas=st.tuples(DECAYS, DECAYS), keep_state=st.booleans()),
    augment=section(
        mixup_alpha=one_of(0, 1e-3, 0.5, 1e3),
        time_warp=one_of(0, 1, 6),
        frequency_masks=one_of(0, 9),
        frequency_mask_share=SHARES,
        time_masks=one_of(0, 9),
        time_mask_share=SHARES,
    ),
    batches=section(size=one_of(8, 9, 20), crop_frames=one_of(16, 24), clip_frames=st.just(24)),
    schedule=section(evaluate_every=one_of(1, 2), weights=one_of("last", "best"), f_threshold=SHARES),
    compute=section(
        precision=one_of("float32", "bfloat16"),
        tf32=st.booleans(),
        channels_last=st.booleans(),
        fused_adam=st.booleans(),
    ),
)


def task_of(experiment: Experiment) -> Task:
    (row,), (column,) = experiment.activations.values(), experiment.selections
    return Task(experiment, row, experiment.cell(column), seed=0, fold=0)


@settings(max_examples=60)
@given(EXPERIMENTS, st.integers(1, 8))
def test_what_is_accepted_trains(content: dict[str, Any], cut: int) -> None:
    task = task_of(parse_experiment(content, "any.yaml"))
    outcome = train_fold(task, DATA, MemoryWorker())
    for scores in (outcome.predictions[-1].validation, outcome.predictions[-1].test):
        assert scores.shape[1] == CLASSES
        assert ((scores >= 0) & (scores <= 1)).all()
    with tempfile.TemporaryDirectory() as name:
        folder = FoldFolder(Store.open(name))
        write_outcome(folder, outcome, task.stages, NAMES, ROWS)
        assert next(folder.states())
        written = safetensors.torch.load(folder.store.read("weights.safetensors"))
    resumed = train_fold(*_cut(content, cut))
    assert all(torch.equal(written[name], value) for name, value in resumed.weights.items())
    np.testing.assert_array_equal(resumed.predictions[-1].test, outcome.predictions[-1].test)


def _cut(content: dict[str, Any], cut: int) -> tuple[Task, Any, MemoryWorker]:
    """The same fold, killed after iteration `cut` where it has so many, about to go on."""
    schedule = content["schedule"] | {"checkpoint_every": 1}
    task = task_of(parse_experiment(content | {"schedule": schedule}, "any.yaml"))
    worker = MemoryWorker(dies_at=cut)
    if cut < sum(stage.iterations for stage in task.stages):
        with pytest.raises(Killed):
            train_fold(task, DATA, worker)
    return task, DATA, MemoryWorker(worker.newest)


@pytest.mark.parametrize("betas", [[1.0, 0.9], [0.9, 1.0]])
def test_a_running_mean_that_forgets_nothing_is_refused(betas: list[float]) -> None:
    content = {"name": "x", "stages": [{"iterations": 1}], "activations": {"sigmoid": {}}}
    content |= {"selections": {"keep_all": {}}, "optimizer": {"betas": betas}}
    with pytest.raises(ValueError, match=r"optimizer\.betas\.\d: Input should be less than 1"):
        parse_experiment(content, "x.yaml")
