"""The training loop: cut, branched and compared bit for bit; its bookkeeping against closed forms."""

import copy
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.trainable.tiny import STAGES, Killed, MemoryWorker, data, task, through_file
from trainable.activations import Activation
from trainable.arrays import Ints, Scores
from trainable.errors import Diverged
from trainable.evaluation import score_clips
from trainable.fold import train_fold
from trainable.metrics import f_score, lwlrap
from trainable.model import CnnGru
from trainable.record import CURVES, Record
from trainable.selection import Decision, KeepAll, Losses, Selection, SelectionState
from trainable.stages import StageSettings
from trainable.task import Checkpoint, FoldData, Outcome, Prediction, Task

SELECTIONS = ("verified_only", "top_k", "threshold")
ENDS = [3, 7, 9]
DATA = data()


def _train(task: Task, start: Checkpoint | None = None, fold_data: FoldData = DATA) -> Outcome:
    return train_fold(task, fold_data, MemoryWorker(start))


def _curve(outcome: Outcome, name: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    return outcome.record.curves[:, CURVES.index(name)].numpy()


def _bits(value: Any) -> Any:
    """Nested tensors and arrays as bytes, so that NaN equals NaN and -0 differs from 0."""
    if isinstance(value, Tensor | np.ndarray):
        return str(value.dtype), tuple(value.shape), np.asarray(value).tobytes()
    if isinstance(value, Mapping):
        return {key: _bits(item) for key, item in value.items()}
    if isinstance(value, Record | Prediction):
        return _bits(vars(value))
    return [_bits(item) for item in value] if isinstance(value, list | tuple) else value


def _assert_same(a: Outcome, b: Outcome) -> None:
    """Weights, optimizer, selection state, curves, judgements and predictions, bit for bit."""
    for name in vars(a):
        assert _bits(getattr(a, name)) == _bits(getattr(b, name)), name


# --- resume and branch -------------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", ["last", "best"])
@pytest.mark.parametrize("selection", SELECTIONS)
def test_a_run_killed_after_every_iteration_equals_an_uninterrupted_one(selection: str, weights: str) -> None:
    cell = task(selection=selection, schedule={"weights": weights})
    worker = MemoryWorker()
    for worker.dies_at in range(1, ENDS[-1]):
        with pytest.raises(Killed):
            train_fold(cell, DATA, worker)
    _assert_same(train_fold(cell, DATA, worker), _train(cell))
    assert worker.ticks == list(range(1, ENDS[-1] + 1))
    judged = [] if selection == "verified_only" else [DATA.training.unverified]
    assert worker.passes == {len(clips): len(clips) for clips in [DATA.validation, DATA.test, *judged]}


@pytest.mark.parametrize("keep_state", [True, False])
@pytest.mark.parametrize("dies_at", [2, 3, 5, 7, 8])
def test_a_run_killed_once_equals_an_uninterrupted_one(dies_at: int, keep_state: bool) -> None:
    cell = task("sigmoid_softmax", optimizer={"keep_state": keep_state})
    worker = MemoryWorker(dies_at=dies_at)
    with pytest.raises(Killed):
        train_fold(cell, DATA, worker)
    again = MemoryWorker(worker.newest)
    _assert_same(train_fold(cell, DATA, again), _train(cell))
    assert again.ticks == list(range(dies_at + 1, ENDS[-1] + 1))


def test_checkpoints_change_no_result() -> None:
    rare = task(schedule={"checkpoint_every": 4})
    worker = MemoryWorker()
    outcome = train_fold(rare, DATA, worker)
    assert worker.newest is not None
    assert worker.newest["iteration"] == 8
    _assert_same(outcome, _train(task()))


def test_a_finished_leg_is_not_trained_again() -> None:
    finished = _train(task())
    worker = MemoryWorker(through_file(finished.state))
    _assert_same(train_fold(task(), DATA, worker), finished)
    assert worker.ticks == []


@pytest.mark.parametrize("weights", ["last", "best"])
def test_branches_of_a_shared_stem_equal_cells_trained_alone(weights: str) -> None:
    stem = _train(task(stages=STAGES[:1], schedule={"weights": weights})).state
    for selection in SELECTIONS:  # all from the same state in memory: no branch may write into it
        cell = task(selection=selection, schedule={"weights": weights})
        _assert_same(_train(cell, stem), _train(cell))
        _assert_same(_train(cell, through_file(stem)), _train(cell))


def test_columns_are_the_same_until_they_part() -> None:
    cells = [_train(task(selection=selection)) for selection in SELECTIONS]
    shared = {cell.record.curves[: ENDS[0]].numpy().tobytes() for cell in cells}
    parted = {cell.record.curves[ENDS[0] : ENDS[1], 0].numpy().tobytes() for cell in cells}
    assert (len(shared), len(parted)) == (1, 3)
    assert len({cell.predictions[0].test.tobytes() for cell in cells}) == 1


def test_all_cells_see_the_same_clips() -> None:
    cells = [
        _train(task(activation, selection)).record.clip
        for activation in ("sigmoid", "sigmoid_sparsemax")
        for selection in ("top_k", "threshold")
    ]
    assert len(cells[0]) == 4 * STAGES[1].iterations
    assert all(torch.equal(clip, cells[0]) for clip in cells)


def test_scores_that_are_not_finite_end_the_fold() -> None:
    wild = task(schedule={"evaluate_every": 1}, stages=(StageSettings(iterations=3, learning_rate=1e30),))
    with pytest.raises(Diverged, match="fold 1 is no longer finite after 1 iterations: lower"):
        _train(wild)


def test_a_loss_that_is_not_finite_ends_the_fold() -> None:
    """Adam divides by infinity here: its weights and scores stay as they were."""
    wild = replace(task(), activation=Activation.make("sigmoid", head_weights=(1e38,)))
    with pytest.raises(Diverged, match="fold 1 is no longer finite after 2 iterations: lower"):
        _train(wild)


def test_global_generators_do_not_matter() -> None:
    expected = _train(task())
    torch.manual_seed(123)
    np.random.seed(123)  # noqa: NPY002 - the global generator is the point
    random.seed(123)
    _assert_same(_train(task()), expected)


def test_seed_and_fold_matter() -> None:
    losses = {_curve(_train(task(seed=s, fold=f)), "loss").tobytes() for s in (0, 1) for f in (0, 1)}
    assert len(losses) == 4


def test_training_leaves_the_shared_features_alone() -> None:
    fresh = data()
    before = fresh.bank.whole(np.arange(len(fresh.targets_NC)))
    _train(task(), fold_data=fresh)
    assert torch.equal(fresh.bank.whole(np.arange(len(fresh.targets_NC))), before)


# --- bookkeeping -------------------------------------------------------------------------------------------


def test_the_masked_loss_is_divided_by_the_batch_size() -> None:
    all_unverified = (StageSettings(iterations=5, unverified=1.0),)
    outcome = _train(task(selection="top_k", stages=all_unverified))
    loss, keep = (part.view(5, 8).double() for part in (outcome.record.loss, outcome.record.keep))
    assert (keep.sum(1) == 6).all()
    np.testing.assert_allclose(_curve(outcome, "loss"), (keep * loss).sum(1) / 8, rtol=1e-6)


class _MaskAll(Selection):
    """Masks every unverified clip."""

    def select(self, losses: Losses, state: SelectionState) -> Decision:
        return Decision(losses.verified_B.float())


@pytest.mark.parametrize(("selection", "learns"), [(_MaskAll(), False), (KeepAll(), True)])
def test_labels_of_masked_clips_teach_nothing(selection: Selection, learns: bool) -> None:
    cell = task(stages=STAGES[1:2])
    cell = replace(cell, stages=(replace(cell.stages[0], selection=selection),))
    weights = []
    for label in (0, 2):
        relabelled = data()
        relabelled.targets_NC[relabelled.training.unverified] = np.eye(3, dtype=np.uint8)[label]
        weights.append(_bits(_train(cell, fold_data=relabelled).weights))
    assert (weights[0] != weights[1]) == learns


def test_a_column_per_label_masks_by_the_loss_per_label_and_learns_from_the_loss() -> None:
    cell = task("sigmoid", augment={"mixup_alpha": 0})
    selection = Selection.make("top_k", k=2, rank_by="per_label")
    stages = tuple(replace(stage, selection=stage.selection and selection) for stage in cell.stages)
    plain, record = (
        _train(replace(cell, stages=s)).record for s in (task("sigmoid", "keep_all").stages, stages)
    )
    labels = DATA.targets_NC[record.clip.numpy()].sum(1)
    per_label, keep = record.loss.numpy() / labels, record.keep.numpy()
    for clips in np.arange(len(keep)).reshape(4, 4):  # 4 batches of 4 unverified clips
        assert set(clips[keep[clips] == 0]) == set(clips[np.argsort(per_label[clips])[-2:]])
    assert {1, 2} == set(labels.tolist())
    assert torch.equal(record.loss[:4], plain.loss[:4])  # before the columns part: what is noted is C_i


def test_eta_follows_its_recursion() -> None:
    outcome = _train(task(selection="threshold"))
    inside = slice(ENDS[0], ENDS[1])
    ranked, eta = _curve(outcome, "T")[inside].astype(float), _curve(outcome, "eta")[inside]
    expected = [ranked[0]]
    for value in ranked[1:]:
        expected.append(0.9 * expected[-1] + 0.1 * value)
    np.testing.assert_allclose(eta, expected, rtol=1e-6)
    loss, keep = (part.view(-1, 4).numpy() for part in (outcome.record.loss, outcome.record.keep))
    np.testing.assert_array_equal(keep, loss <= eta[:, None])
    np.testing.assert_array_equal(ranked, np.sort(loss, 1)[:, -2])


def test_kept_is_the_share_of_unverified_clips() -> None:
    outcome = _train(task(selection="threshold"))
    shares = outcome.record.keep.view(-1, 4).mean(1).numpy()
    np.testing.assert_array_equal(_curve(outcome, "kept")[ENDS[0] : ENDS[1]], shares)


@pytest.mark.parametrize(
    ("selection", "thresholds"), [("verified_only", ()), ("top_k", ("T",)), ("threshold", ("eta", "T"))]
)
def test_curves_are_nan_where_there_is_nothing(selection: str, thresholds: tuple[str, ...]) -> None:
    outcome = _train(task(selection=selection))
    assert np.isfinite(_curve(outcome, "loss")).all()
    evaluated = np.isin(np.arange(1, 10), [2, 4, 6, 8, *ENDS])  # every second, and ends of stages
    for name in ("fscore", "lwlrap"):
        np.testing.assert_array_equal(np.isfinite(_curve(outcome, name)), evaluated)
    second = np.isin(np.arange(9), np.arange(ENDS[0], ENDS[1]))
    for name in ("eta", "T", "kept"):
        there = name in thresholds or (name == "kept" and selection != "verified_only")
        np.testing.assert_array_equal(np.isfinite(_curve(outcome, name)), second & there)


def test_scores_in_the_curves_are_those_of_the_predictions() -> None:
    outcome = _train(task())
    truth = DATA.targets_NC[DATA.validation]
    assert len(outcome.predictions) == 3
    for end, prediction in zip(ENDS, outcome.predictions, strict=True):
        scores = prediction.validation
        assert _curve(outcome, "lwlrap")[end - 1] == np.float32(lwlrap(truth, scores))
        assert _curve(outcome, "fscore")[end - 1] == np.float32(f_score(truth, scores, 0.4))
        assert prediction.test.shape == (len(DATA.test), 3)


def test_best_weights_predict_at_the_end_of_each_stage() -> None:
    stages = tuple(StageSettings(iterations=n, unverified=u) for n, u in ((12, 0.0), (12, 0.5)))
    cell = task(stages=stages, schedule={"weights": "best", "evaluate_every": 1})
    outcome = _train(cell, fold_data=data(separation=4.0))
    scores = _curve(outcome, "lwlrap")
    assert len(set(scores.tolist())) > 2
    truth = DATA.targets_NC[DATA.validation]
    for number, prediction in enumerate(outcome.predictions):
        best = scores[12 * number : 12 * (number + 1)].max()
        assert np.float32(lwlrap(truth, prediction.validation)) == best
    # Training goes on from the last weights whatever predicts.
    last = _train(task(stages=stages, schedule={"evaluate_every": 1}), fold_data=data(separation=4.0))
    assert _curve(last, "loss").tobytes() == _curve(outcome, "loss").tobytes()
    assert _bits(last.weights) == _bits(outcome.state["model"])
    assert _bits(outcome.weights) != _bits(last.weights)


def test_a_stage_does_not_answer_with_the_weights_of_an_earlier_one() -> None:
    easy = data(separation=25.0)
    ruined = (StageSettings(iterations=30), StageSettings(iterations=2, learning_rate=1.0))
    outcome = _train(task(stages=ruined, schedule={"weights": "best"}), fold_data=easy)
    scores, truth = _curve(outcome, "lwlrap"), easy.targets_NC[easy.validation]
    assert scores[31] < np.nanmax(scores[:30])  # else the test shows nothing
    assert np.float32(lwlrap(truth, outcome.predictions[1].validation)) == scores[31]


@pytest.mark.parametrize("weights", ["last", "best"])
def test_the_weights_alone_make_the_final_scores_again(weights: str) -> None:
    cell = task(schedule={"weights": weights, "evaluate_every": 1})
    outcome = _train(cell)
    model = CnnGru(cell.settings.model, DATA.bank.n_mels, 3, cell.activation.n_heads)
    model.load_state_dict(outcome.weights)

    def scores(clips: Ints) -> Scores:
        return score_clips(model, cell.activation, DATA.bank, clips, cell.settings.batches)

    np.testing.assert_array_equal(scores(DATA.validation), outcome.predictions[-1].validation)
    np.testing.assert_array_equal(scores(DATA.test), outcome.predictions[-1].test)
    np.testing.assert_array_equal(scores(DATA.training.unverified), outcome.unverified)


def test_unverified_clips_are_scored_where_they_were_judged() -> None:
    assert _train(task(stages=STAGES[:1])).unverified is None
    assert _train(task(selection="verified_only")).unverified is None
    assert _train(task(selection="top_k", stages=STAGES[:2])).unverified is not None


@pytest.mark.parametrize(("keep_state", "steps"), [(True, 9), (False, 2)])
def test_adam_may_start_anew_with_each_stage(keep_state: bool, steps: int) -> None:
    state = _train(task(optimizer={"keep_state": keep_state})).state["optimizer"]
    assert {moments["step"].item() for moments in state["state"].values()} == {steps}


def test_a_stage_has_its_own_learning_rate() -> None:
    assert _train(task()).state["optimizer"]["param_groups"][0]["lr"] == 0.002
    assert _train(task(stages=STAGES[:2])).state["optimizer"]["param_groups"][0]["lr"] == 0.01


def test_each_stage_starts_its_own_threshold() -> None:
    stages = (StageSettings(iterations=2, unverified=0.5), StageSettings(iterations=2, unverified=0.5))
    outcome = _train(task(stages=stages))
    eta, ranked = _curve(outcome, "eta"), _curve(outcome, "T")
    assert (eta[0], eta[2]) == (ranked[0], ranked[2])
    assert eta[1] != ranked[1]


def test_bands_are_normalised_by_the_verified_training_clips() -> None:
    outcome = _train(task(stages=STAGES[:1]))
    mean_M, std_M = DATA.bank.band_statistics(DATA.training.verified)
    assert torch.equal(outcome.weights["band_mean"], mean_M)
    assert torch.equal(outcome.weights["band_std"], std_M)


def test_one_tick_an_iteration() -> None:
    worker = MemoryWorker()
    train_fold(task(), DATA, worker)
    assert worker.ticks == list(range(1, 10))


# --- outcomes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["sigmoid", "sigmoid_softmax", "sigmoid_sparsemax"])
def test_a_diverged_fold_names_the_learning_rate(activation: str) -> None:
    stages = (StageSettings(iterations=6, learning_rate=1e30),)
    with pytest.raises(Diverged, match=r"fold 1 .* optimizer\.learning_rate"):
        _train(task(activation, stages=stages))


@pytest.mark.parametrize("activation", ["sigmoid", "sigmoid_softmax", "sigmoid_sparsemax"])
@pytest.mark.parametrize("selection", SELECTIONS)
def test_an_easy_set_is_learnt(activation: str, selection: str) -> None:
    stages = tuple(StageSettings(iterations=n, unverified=u) for n, u in ((30, 0.0), (20, 0.5), (10, 0.0)))
    easy = data(separation=25.0)
    schedule: dict[str, object] = {"evaluate_every": 100, "checkpoint_every": 100}
    outcome = _train(task(activation, selection, stages, schedule=schedule), fold_data=easy)
    assert lwlrap(easy.targets_NC[easy.test], outcome.predictions[-1].test) > 0.9  # a random ranker: .6


def test_the_same_loss_without_augmentation_is_smaller() -> None:
    stages = (StageSettings(iterations=40),)
    plain: dict[str, object] = {"mixup_alpha": 0, "time_warp": 0, "frequency_masks": 0, "time_masks": 0}
    schedule: dict[str, object] = {"evaluate_every": 100, "checkpoint_every": 100}
    easy = data(separation=25.0)
    with_all = _train(task(stages=stages, schedule=schedule), fold_data=easy)
    without = _train(task(stages=stages, schedule=schedule, augment=plain), fold_data=easy)
    assert _curve(without, "loss")[-10:].mean() < _curve(with_all, "loss")[-10:].mean()


class Offering(MemoryWorker):
    """Has these states to go on from."""

    def __init__(self, *states: Checkpoint) -> None:
        super().__init__()
        self.offered = states

    def states(self) -> Iterator[Checkpoint]:
        yield from self.offered


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: state.pop("model"),
        lambda state: state["model"].popitem(),
        lambda state: state["optimizer"].clear(),
        lambda state: state.update(best=None),
        lambda state: state["record"].update(curves=torch.zeros(10_000, 6)),
        lambda state: state.update(predictions=[[1, 2]]),
        lambda state: state.clear(),
    ],
)
def test_a_state_that_does_not_fit_gives_way_to_the_one_before(
    spoil: Callable[[Checkpoint], object], caplog: pytest.LogCaptureFixture
) -> None:
    """And without another one the fold begins: either way with the same bits."""
    expected = train_fold(task(), data(), MemoryWorker())
    worker = MemoryWorker(dies_at=5)
    with pytest.raises(Killed):
        train_fold(task(), data(), worker)
    assert worker.newest is not None
    spoiled = copy.deepcopy(worker.newest)
    spoil(spoiled)
    for states in ((spoiled, worker.newest), (spoiled,)):
        again = Offering(*states)
        outcome = train_fold(task(), data(), again)
        assert min(again.ticks) == (6 if len(states) == 2 else 1)
        assert "does not fit" in caplog.text
        assert all(torch.equal(outcome.weights[name], value) for name, value in expected.weights.items())
        assert torch.equal(outcome.record.curves.nan_to_num(), expected.record.curves.nan_to_num())
