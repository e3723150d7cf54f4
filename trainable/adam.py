"""Adam (section 4.2), in torch's arithmetic.

`torch.optim.Adam` gives the same numbers, bit for bit. But to be made it imports torch's compiler, which
costs seconds of CPU in every fold's process, and it asks the compiler again at each step.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.optim.adam import adam

EPSILON = 1e-8
"""Keeps a weight without gradients where it is; torch's value, not in the paper."""


class Averages(NamedTuple):
    """What Adam remembers of a weight."""

    exp_avg: Tensor
    """Running mean of its gradients."""
    exp_avg_sq: Tensor
    """Running mean of their squares."""
    step: Tensor
    """Steps taken, a float32 scalar."""


class Adam:
    """The optimizer of one network."""

    def __init__(
        self, weights: Iterable[Tensor], learning_rate: float, betas: tuple[float, float], fused: bool
    ) -> None:
        """`fused`: one operation over all weights, which never waits for a GPU."""
        self.weights = list(weights)
        self.learning_rate, self.betas, self.fused = learning_rate, betas, fused
        self.forget()

    def forget(self) -> None:
        """Begin anew with the running averages."""
        self.averages = [
            Averages(
                torch.zeros_like(weight),
                torch.zeros_like(weight),
                torch.zeros((), device=weight.device if self.fused else "cpu"),
            )
            for weight in self.weights
        ]

    @torch.no_grad()
    def step(self) -> None:
        """Move the weights that have a gradient."""
        moved = [
            (weight, weight.grad, *averages)
            for weight, averages in zip(self.weights, self.averages, strict=True)
            if weight.grad is not None
        ]
        weights, gradients, means, squares, steps = (list(column) for column in zip(*moved, strict=True))
        adam(
            weights,
            gradients,
            means,
            squares,
            [],
            steps,
            fused=self.fused,
            amsgrad=False,
            beta1=self.betas[0],
            beta2=self.betas[1],
            lr=self.learning_rate,
            weight_decay=0.0,
            eps=EPSILON,
            maximize=False,
        )

    def state_dict(self) -> dict[str, Any]:
        """The running averages themselves, no copies, named as in torch's own."""
        state = {number: averages._asdict() for number, averages in enumerate(self.averages)}
        return {"state": state, "param_groups": [{"lr": self.learning_rate}]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from copies of what this class or torch's has left.

        Raises:
            KeyError: something is missing.
            ValueError: it is of other weights.
        """
        for number, averages in enumerate(self.averages):
            for name, value in averages._asdict().items():
                saved = state["state"][number][name]
                if saved.shape != value.shape:
                    raise ValueError(f"Adam's {name} of weight {number} has another shape")
                value.copy_(saved)
        self.learning_rate = state["param_groups"][0]["lr"]
