"""Ways to a device that do not wait for it.

A step of training only queues work on a GPU. What would wait for the queue to run dry is kept out of it:
values read back, shapes that depend on values, copies from memory that the operating system may move.
"""

from __future__ import annotations

import torch

from trainable.arrays import Array


def send(array: Array, device: torch.device) -> torch.Tensor:
    """A copy of `array` on `device`, on its way; on a CPU the array's own memory."""
    return move(torch.from_numpy(array), device)


def move(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """The same for a tensor on the CPU."""
    if device.type == "cpu":
        return tensor
    return tensor.pin_memory().to(device, non_blocking=True)


def seed_generator(seed: int, device: torch.device) -> None:
    """Let torch's draws on this device begin at `seed`.

    `torch.manual_seed` does it for every kind of device there is, which takes as long as a step of Adam.
    """
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
    else:
        torch.default_generator.manual_seed(seed)
