"""Train one fold of one cell: the paper's loop (section 3.1), its evaluation, its state.

Shapes: B clips of a batch, U of them unverified, T frames of a crop, M mel bands, N clips of the data set,
C classes.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from trainable.arrays import Ints, Scores
from trainable.batch import Batch, draw_ahead
from trainable.device import send
from trainable.errors import Diverged
from trainable.evaluation import Scored, f_score_and_lwlrap, score_clips, unseen
from trainable.learner import Learner, arithmetic
from trainable.record import Curve, Record
from trainable.selection import KeepAll, Losses, SelectionState
from trainable.stages import Stage, boundaries
from trainable.task import Checkpoint, FoldData, Outcome, Prediction, Task, Worker

log = logging.getLogger(__name__)


@dataclass
class _Best:
    """The best validation score of the running stage and its weights."""

    lwlrap: float = -1.0
    weights: dict[str, Tensor] = field(default_factory=dict)


class _Training:
    """A fold between two iterations."""

    def __init__(self, task: Task, data: FoldData, scored: Scored = unseen) -> None:
        self.task, self.data, self.scored = task, data, scored
        self.settings, self.device = task.settings, data.bank.device
        self.learner = Learner(task, data)
        self.ends = boundaries(task.stages)
        self.record = Record.empty(task.stages, self.settings.batches.size, self.device)
        self.targets_NC = torch.tensor(data.targets_NC, device=self.device)
        self.iteration = 0
        self.selection_state: SelectionState = {}
        self.best = _Best()
        self.predictions: list[Prediction] = []

    # --- one iteration ---------------------------------------------------------------------------------

    def step(self, number: int, stage: Stage, batch: Batch) -> None:
        """Iteration t of eq. 1-3."""
        assert batch.iteration == self.iteration
        clips_B, verified_B = send(batch.clips_B, self.device), send(batch.verified_B, self.device)
        x_BTM, targets = batch.inputs(self.data.bank, self.targets_NC, self.learner.model.band_mean)
        selection = stage.selection or KeepAll()
        logits = self.learner.logits(x_BTM, batch.dropout_seed)
        loss_B = selection.loss(self.task.activation, logits, targets, verified_B)
        judged_B = selection.judged(loss_B.detach(), self.task.activation, targets)
        losses = Losses(judged_B, verified_B, clips_B, len(self.targets_NC), batch.selection_rng)
        decision = selection.select(losses, self.selection_state)
        loss = (decision.keep_B * loss_B).sum() / len(loss_B)
        self.learner.descend(loss)
        self.record.note(self.iteration, loss, decision)
        within = self._within(number)
        self.record.judge(self.iteration, within, number, batch.unverified_U, loss_B, decision.keep_B)
        self.selection_state = decision.state
        self.iteration += 1

    def _within(self, stage: int) -> int:
        return self.iteration - self.ends[stage]

    # --- stages and scores -----------------------------------------------------------------------------

    def enter(self, number: int, stage: Stage) -> None:
        """Prepare for a stage's first iteration, or for going on within it."""
        self.learner.model.train()
        starts = self._within(number) == 0
        self.learner.enter_stage(stage.learning_rate, starts and not self.settings.optimizer.keep_state)
        if starts:
            self.selection_state, self.best = {}, _Best()

    def score(self, clips: Ints) -> Scores:
        """Scores of whole clips."""
        model, activation, bank = self.learner.model, self.task.activation, self.data.bank
        scores = score_clips(model, activation, bank, clips, self.settings.batches, self.scored)
        self._demand(bool(np.isfinite(scores).all()))
        return scores

    def _demand(self, finite: bool) -> None:
        if not finite:
            raise Diverged(
                f"fold {self.task.fold} is no longer finite after {self.iteration} iterations: "
                "lower optimizer.learning_rate"
            )

    def evaluate(self) -> None:
        """Score the validation clips; remember the weights if they are the stage's best."""
        # Scores alone do not tell: Adam stands still where the squares of its gradients overflow.
        self._demand(bool(self.record.curves[: self.iteration, Curve.LOSS].isfinite().all()))
        truth = self.data.targets_NC[self.data.validation]
        scores = self.score(self.data.validation)
        f, lwlrap = f_score_and_lwlrap(truth, scores, self.settings.schedule.f_threshold)
        row = self.record.curves[self.iteration - 1]
        row[Curve.FSCORE], row[Curve.LWLRAP] = f, lwlrap
        self.learner.model.train()
        if self.settings.schedule.weights == "best" and lwlrap > self.best.lwlrap:
            self.best = _Best(lwlrap, self.learner.weights())

    def predict(self) -> None:
        """At the end of a stage: score validation and test clips with its chosen weights."""
        with self._chosen():
            scores = self.score(self.data.validation), self.score(self.data.test)
        self.predictions.append(Prediction(*scores))

    def outcome(self) -> Outcome:
        """What the fold leaves after its last iteration."""
        with self._chosen():
            judged = self.record.first_row[-1] > 0
            unverified = self.score(self.data.training.unverified) if judged else None
            weights = self.learner.weights()
        return Outcome(self.record, self.predictions, unverified, weights, self.state())

    @contextmanager
    def _chosen(self) -> Iterator[None]:
        """For a while, let the weights that speak for the running stage be the model's."""
        last = self.learner.weights()
        self.learner.model.load_state_dict(self.best.weights or last)
        yield
        self.learner.model.load_state_dict(last)

    # --- state -----------------------------------------------------------------------------------------

    def state(self) -> Checkpoint:
        """Everything that the next iteration depends on, and everything recorded so far."""
        return {
            "iteration": self.iteration,
            **self.learner.state(),
            "selection": dict(self.selection_state),
            "best": {"lwlrap": self.best.lwlrap, "weights": self.best.weights},
            "record": self.record.state(self.iteration, self.ends),
            "predictions": [
                [torch.from_numpy(p.validation), torch.from_numpy(p.test)] for p in self.predictions
            ],
        }

    def load(self, state: Checkpoint) -> None:
        """Go on from `state`."""
        self.iteration = state["iteration"]
        self.learner.load(state)
        self.selection_state = {name: value.to(self.device) for name, value in state["selection"].items()}
        self.best = _Best(**state["best"])
        self.record.load(state["record"])
        self.predictions = [Prediction(v.numpy(), t.numpy()) for v, t in state["predictions"]]


def train_fold(task: Task, data: FoldData, worker: Worker) -> Outcome:
    """Train from where `worker` says to the end of the task's last stage.

    The outcome is the same, bit for bit on a CPU with a fixed number of threads, wherever the run was cut.

    Raises:
        Diverged: the loss or the model's scores are no longer finite.
    """
    with arithmetic(task.settings.compute):
        training = _resumed(task, data, worker)
        for number, stage in enumerate(task.stages):
            end = training.ends[number + 1]
            if training.iteration < end:
                _train_stage(training, number, stage, end, worker)
        return training.outcome()


def _resumed(task: Task, data: FoldData, worker: Worker) -> _Training:
    """A fold that goes on from the first of the worker's states that fits it, or begins."""
    for state in worker.states():
        training = _Training(task, data, worker.scored)
        try:
            training.load(state)
        except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
            log.warning("a state of fold %d does not fit it (%s): the one before is tried", task.fold, error)
        else:
            return training
    return _Training(task, data, worker.scored)


def _train_stage(training: _Training, number: int, stage: Stage, end: int, worker: Worker) -> None:
    schedule = training.settings.schedule
    training.enter(number, stage)
    for batch in draw_ahead(training.task, training.data, stage, range(training.iteration, end)):
        training.step(number, stage, batch)
        done = training.iteration
        if done % schedule.evaluate_every == 0 or done == end:
            training.evaluate()
        if done == end:
            training.predict()
        worker.tick(done, training.record.curves)
        if done % schedule.checkpoint_every == 0 and done < training.ends[-1]:
            worker.checkpoint(training.state())
