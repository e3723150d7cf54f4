"""What learns: a network with its optimizer, and how their arithmetic is done.

Shapes: B clips of a batch, T frames of a crop, M mel bands, N clips of the data set, C classes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy

import torch
from torch import Tensor

from trainable.config import Compute
from trainable.device import seed_generator
from trainable.model import CnnGru
from trainable.sampling import Purpose
from trainable.task import Checkpoint, FoldData, Task


@contextmanager
def arithmetic(compute: Compute) -> Iterator[None]:
    """For a while, let this process's GPU round products as `compute` says."""
    products, convolutions = torch.backends.cuda.matmul, torch.backends.cudnn
    before = products.allow_tf32, convolutions.allow_tf32
    products.allow_tf32 = convolutions.allow_tf32 = compute.tf32
    try:
        yield
    finally:
        products.allow_tf32, convolutions.allow_tf32 = before


class Learner:
    """A network between two iterations."""

    def __init__(self, task: Task, data: FoldData) -> None:
        self.settings, self.device = task.settings, data.bank.device
        self.model = _build_model(task, data)
        self.network = torch.compile(self.model) if self.settings.compute.compile else self.model
        optimizer = self.settings.optimizer
        self.optimizer = torch.optim.Adam(
            self.model.parameters(),
            lr=optimizer.learning_rate,
            betas=optimizer.betas,
            fused=self.settings.compute.fused_adam,
        )

    def enter_stage(self, learning_rate: float, afresh: bool) -> None:
        """Set the step size; `afresh`: forget Adam's running averages."""
        self.optimizer.param_groups[0]["lr"] = learning_rate
        if afresh:
            self.optimizer.state.clear()

    def logits(self, x_BTM: Tensor, dropout_seed: int) -> list[Tensor]:
        """Of every head, in float32: a list of (B, C)."""
        seed_generator(dropout_seed, self.device)
        half = self.settings.compute.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            logits: list[Tensor] = self.network(x_BTM)
        return [z_BC.float() for z_BC in logits]

    def descend(self, loss: Tensor) -> None:
        """One step of the optimizer."""
        self.model.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()

    def weights(self) -> dict[str, Tensor]:
        """A copy in the layout that files have, whatever the one in training is."""
        return {
            name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, value in self.model.state_dict().items()
        }

    def state(self) -> Checkpoint:
        """Weights and Adam's running averages."""
        return {"model": self.weights(), "optimizer": self.optimizer.state_dict()}

    def load(self, state: Checkpoint) -> None:
        """Go on from a copy of `state`."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(deepcopy(state["optimizer"]))  # torch would train in it


def _build_model(task: Task, data: FoldData) -> CnnGru:
    settings, bank = task.settings, data.bank
    with torch.random.fork_rng(devices=[]):  # the initial weights are drawn on the CPU
        torch.default_generator.manual_seed(task.draw(0).torch_seed(Purpose.WEIGHTS))
        model = CnnGru(settings.model, bank.n_mels, data.targets_NC.shape[1], task.activation.n_heads)
    model.band_mean, model.band_std = bank.band_statistics(data.training.verified)
    layout = torch.channels_last if settings.compute.channels_last else torch.contiguous_format
    return model.to(bank.device, memory_format=layout)  # type: ignore[call-overload,no-any-return]
