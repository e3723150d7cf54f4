"""Train one fold of one cell: the paper's loop (section 3.1), its evaluation, its state.

Shapes: B clips of a batch, T frames of a crop, M mel bands, C classes.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from trainable.activations import Targets
from trainable.augment import mask, mixing, mixup, warp_frames
from trainable.errors import Diverged
from trainable.evaluation import Scores, judge_scores, score_clips
from trainable.model import CnnGru
from trainable.record import Curve, Record, unverified_clips
from trainable.sampling import BatchPlan, Ints, Purpose, generator, plan_batch, torch_seed
from trainable.selection import Decision, Losses, Selection, SelectionState
from trainable.stages import Stage, boundaries
from trainable.task import Checkpoint, FoldData, Outcome, Prediction, Task, Worker


@dataclass
class _Best:
    """The best validation score of the running stage and its weights."""

    lwlrap: float = -1.0
    weights: dict[str, Tensor] = field(default_factory=dict)


class _Training:
    """A fold between two iterations."""

    def __init__(self, task: Task, data: FoldData) -> None:
        self.task, self.data = task, data
        self.settings, self.device = task.settings, data.bank.device
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = task.settings.compute.tf32
        self.model = self._build_model()
        self.network = torch.compile(self.model) if self.settings.compute.compile else self.model
        self.optimizer = self._build_optimizer()
        self.ends = boundaries(task.stages)
        self.record = Record.empty(task.stages, self.settings.batches.size, self.device)
        self.targets_NC = torch.tensor(data.targets_NC, device=self.device)
        self.iteration = 0
        self.selection_state: SelectionState = {}
        self.best = _Best()
        self.predictions: list[Prediction] = []

    def _build_model(self) -> CnnGru:
        torch.manual_seed(torch_seed(self.task.seed, self.task.fold, 0, Purpose.WEIGHTS))
        bank = self.data.bank
        model = CnnGru(
            self.settings.model, bank.n_mels, self.data.targets_NC.shape[1], self.task.activation.n_heads
        )
        model.band_mean, model.band_std = bank.band_statistics(self.data.training.verified)
        layout = torch.channels_last if self.settings.compute.channels_last else torch.contiguous_format
        return model.to(self.device, memory_format=layout)  # type: ignore[call-overload,no-any-return]

    def _build_optimizer(self) -> torch.optim.Adam:
        settings = self.settings.optimizer
        fused = self.device.type == "cuda"
        return torch.optim.Adam(
            self.model.parameters(), lr=settings.learning_rate, betas=settings.betas, fused=fused
        )

    # --- one iteration ---------------------------------------------------------------------------------

    def step(self, number: int, stage: Stage) -> None:
        """Iteration t of eq. 1-3."""
        plan = self._plan(stage)
        x_BTM, targets = self._inputs(plan)
        verified_B = torch.from_numpy(plan.verified_B).to(self.device)
        selection = stage.selection or Selection()
        logits = self._forward(x_BTM)
        loss_B = selection.loss(self.task.activation, logits, targets, verified_B)
        decision = self._judge(selection, plan, loss_B.detach(), verified_B)
        loss = (decision.keep_B * loss_B).sum() / len(loss_B)
        self._descend(loss)
        self.record.note(self.iteration, loss, decision)
        self.record.judge(self.iteration, self._within(number), number, plan, loss_B, decision.keep_B)
        self.selection_state = decision.state
        self.iteration += 1

    def _within(self, stage: int) -> int:
        return self.iteration - self.ends[stage]

    def _rng(self, purpose: Purpose) -> np.random.Generator:
        return generator(self.task.seed, self.task.fold, self.iteration, purpose)

    def _plan(self, stage: Stage) -> BatchPlan:
        batches = self.settings.batches
        return plan_batch(
            self.data.training,
            batches.size,
            unverified_clips(stage, batches.size),
            batches.clip_frames - batches.crop_frames,
            self.task.seed,
            self.task.fold,
            self.iteration,
        )

    def _inputs(self, plan: BatchPlan) -> tuple[Tensor, Targets]:
        """Crops of the chosen clips, warped, mixed and masked, with their targets."""
        augment, crop = self.settings.augment, self.settings.batches.crop_frames
        warped_BT = warp_frames(self._rng(Purpose.WARP), len(plan.clips_B), crop, augment.time_warp)
        x_BTM = self.data.bank.gather(plan.clips_B, plan.starts_B[:, None] + warped_BT)
        targets = Targets.of(self.targets_NC[torch.from_numpy(plan.clips_B)].float())
        if augment.mixup_alpha:
            pairs = mixing(self._rng(Purpose.MIXUP), augment.mixup_alpha, plan.verified_B)
            x_BTM, targets = mixup(x_BTM, targets, *pairs)
        return mask(self._rng(Purpose.MASKS), x_BTM, augment, self.model.band_mean), targets

    def _forward(self, x_BTM: Tensor) -> list[Tensor]:
        torch.manual_seed(torch_seed(self.task.seed, self.task.fold, self.iteration, Purpose.DROPOUT))
        half = self.settings.compute.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            logits: list[Tensor] = self.network(x_BTM)
        return [z_BC.float() for z_BC in logits]

    def _judge(self, selection: Selection, plan: BatchPlan, loss_B: Tensor, verified_B: Tensor) -> Decision:
        clips_B = torch.from_numpy(plan.clips_B).to(self.device)
        rng = self._rng(Purpose.SELECTION)
        losses = Losses(loss_B, verified_B, clips_B, len(self.targets_NC), rng)
        return selection.select(losses, self.selection_state)

    def _descend(self, loss: Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()

    # --- stages and scores -----------------------------------------------------------------------------

    def enter(self, number: int, stage: Stage) -> None:
        """Prepare for a stage's first iteration, or for going on within it."""
        self.model.train()
        for group in self.optimizer.param_groups:
            group["lr"] = stage.learning_rate
        if self._within(number) == 0:
            self.selection_state, self.best = {}, _Best()
            if not self.settings.optimizer.keep_state:
                self.optimizer.state.clear()

    def score(self, clips: Ints) -> Scores:
        """Scores of whole clips."""
        scores = score_clips(self.model, self.task.activation, self.data.bank, clips, self.settings.batches)
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
        f, lwlrap = judge_scores(truth, self.score(self.data.validation), self.settings.schedule.f_threshold)
        row = self.record.curves[self.iteration - 1]
        row[Curve.FSCORE], row[Curve.LWLRAP] = f, lwlrap
        self.model.train()
        if self.settings.schedule.weights == "best" and lwlrap > self.best.lwlrap:
            self.best = _Best(lwlrap, self._weights())

    def _weights(self) -> dict[str, Tensor]:
        """A copy in the layout that files have, whatever the one in training is."""
        return {
            name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, value in self.model.state_dict().items()
        }

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
            weights = self._weights()
        return Outcome(self.record, self.predictions, unverified, weights, self.state())

    @contextmanager
    def _chosen(self) -> Iterator[None]:
        """For a while, let the weights that speak for the running stage be the model's."""
        last = self._weights()
        self.model.load_state_dict(self.best.weights or last)
        yield
        self.model.load_state_dict(last)

    # --- state -----------------------------------------------------------------------------------------

    def state(self) -> Checkpoint:
        """Everything that the next iteration depends on, and everything recorded so far."""
        return {
            "iteration": self.iteration,
            "model": self._weights(),
            "optimizer": self.optimizer.state_dict(),
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
        self.model.load_state_dict(state["model"])
        # Adam would go on in the given tensors; a parent's state starts several branches.
        self.optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))
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
    training = _Training(task, data)
    restored = worker.restore()
    if restored is not None:
        training.load(restored)
    for number, stage in enumerate(task.stages):
        end = training.ends[number + 1]
        if training.iteration < end:
            _train_stage(training, number, stage, end, worker)
    return training.outcome()


def _train_stage(training: _Training, number: int, stage: Stage, end: int, worker: Worker) -> None:
    schedule = training.settings.schedule
    training.enter(number, stage)
    while training.iteration < end:
        training.step(number, stage)
        done = training.iteration
        if done % schedule.evaluate_every == 0 or done == end:
            training.evaluate()
        if done == end:
            training.predict()
        worker.tick(done, training.record.curves)
        if done % schedule.checkpoint_every == 0 and done < training.ends[-1]:
            worker.checkpoint(training.state())
