"""A training step waits for no device: no value is read back, no shape depends on a value."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from tests.trainable.tiny import data, settings, task
from trainable.activations import Activation
from trainable.batch import draw_ahead
from trainable.device import move, seed_generator, send
from trainable.fold import _Training
from trainable.selection import Selection
from trainable.stages import Stage
from trainable.task import Task

DATA = data()
MECHANISMS = sorted(Selection.choices())
STRUCTURES = sorted(Activation.choices())
WAITING = {
    "_local_scalar_dense", "item", "equal", "is_nonzero", "nonzero", "nonzero_numpy", "argwhere",
    "masked_select", "_unique", "_unique2", "unique_dim", "unique_consecutive", "bincount", "histc",
    "repeat_interleave",
}  # fmt: skip
"""Operations of torch whose result, or its size, a CPU has to know."""
INDEXING = {"index", "index_put", "index_put_", "_unsafe_index", "_index_put_impl_"}


class Waited(Exception):
    """What a wait is answered with."""


class NeverWaits(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Refuses every operation that would stall a GPU, on whatever device it is called."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        if name in WAITING or (name in INDEXING and _by_mask(args[1])):
            raise Waited(f"{func} waits for the device")
        return func(*args, **(kwargs or {}))


def _by_mask(indices: Any) -> bool:
    return any(isinstance(i, Tensor) and i.dtype in (torch.bool, torch.uint8) for i in indices)


def _steps(cell: Task, number: int = 1, steps: int = 3) -> None:
    """Iterations of the cell's stage with unverified clips; the first one may set up what it likes."""
    training = _Training(cell, DATA)
    training.iteration = training.ends[number]
    training.enter(number, cell.stages[number])
    stage = cell.stages[number]
    batches = draw_ahead(cell, DATA, stage, range(training.iteration, training.iteration + steps))
    training.step(number, stage, next(batches))
    with NeverWaits():  # type: ignore[no-untyped-call]
        for batch in batches:
            training.step(number, stage, batch)


def _cell(structure: str, mechanism: str, **compute: object) -> Task:
    selection = Selection.make(mechanism)
    if "k" in type(selection).model_fields:
        selection = selection.model_copy(update={"k": 2})
    stages = tuple(Stage(4, share, 0.01, selection if share else None) for share in (0.0, 0.5))
    return Task(settings(compute=compute), Activation.make(structure), stages, seed=1, fold=0)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_no_selection_waits(mechanism: str) -> None:
    _steps(_cell("sigmoid_sparsemax", mechanism))


@pytest.mark.parametrize("structure", STRUCTURES)
def test_no_output_structure_waits(structure: str) -> None:
    _steps(_cell(structure, "threshold"))


@pytest.mark.parametrize("switches", [{"channels_last": True}, {"precision": "bfloat16"}])
def test_no_arithmetic_waits(switches: dict[str, object]) -> None:
    _steps(_cell("sigmoid", "top_k", **switches))


def test_a_stage_of_verified_clips_waits_for_nothing() -> None:
    _steps(task(), number=0, steps=3)


def test_adam_by_single_operations_waits_on_a_cpu() -> None:
    """The mode sees into backward and optimizer: this one reads its step count back."""
    with pytest.raises(Waited, match="_local_scalar_dense"):
        _steps(_cell("sigmoid", "top_k", fused_adam=False))


@pytest.mark.parametrize(
    "wait",
    [
        lambda x: x.sum().item(),
        lambda x: bool(x.any()),
        lambda x: x[x > 0],
        lambda x: x.nonzero(),
        lambda x: x.masked_select(x > 0),
        lambda x: x.__setitem__(x > 0, torch.ones(3)),
        lambda x: x[int(x.argmin())],
    ],
)
def test_what_waits_is_refused(wait: Any) -> None:
    x = torch.ones(3)
    with pytest.raises(Waited), NeverWaits():  # type: ignore[no-untyped-call]
        wait(x)


# --- ways to a device --------------------------------------------------------------------------------------


def test_what_is_sent_to_a_cpu_is_not_copied() -> None:
    array = np.arange(3)
    assert send(array, torch.device("cpu")).data_ptr() == array.ctypes.data
    tensor = torch.arange(3)
    assert move(tensor, torch.device("cpu")) is tensor


def test_a_seed_gives_what_manual_seed_gives() -> None:
    torch.manual_seed(2**61 + 5)
    expected = torch.rand(4)
    seed_generator(2**61 + 5, torch.device("cpu"))
    assert torch.equal(torch.rand(4), expected)
