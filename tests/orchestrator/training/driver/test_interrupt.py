"""A signal while legs train: Tune's loop is left between two steps. For real signals see test_signals.py."""

import pytest
from ray import tune

from orchestrator.files import signals
from orchestrator.training.driver.interrupt import Interrupt


def step(interrupt: Interrupt) -> None:
    """As Tune calls it."""
    assert isinstance(interrupt, tune.Callback)
    interrupt.on_step_begin(iteration=1, trials=[])


def test_steps_follow_each_other_until_a_signal_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt = Interrupt()
    for _ in range(3):
        step(interrupt)
    monkeypatch.setattr(signals, "asked", lambda: True)
    for _ in range(2):  # nor does the next level begin
        with pytest.raises(KeyboardInterrupt):
            step(interrupt)
