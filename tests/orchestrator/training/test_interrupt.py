"""Ctrl-C while legs train: real signals to this process, Ray imported but not started."""

import signal
from collections.abc import Iterator

import pytest
from ray import tune

from orchestrator.training.interrupt import Interrupt


@pytest.fixture(autouse=True)
def handler() -> Iterator[object]:
    """Python's own answer to Ctrl-C before each test, whatever it was before."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def step(interrupt: Interrupt) -> None:
    """As Tune calls it."""
    assert isinstance(interrupt, tune.Callback)
    interrupt.on_step_begin(iteration=1, trials=[])


def test_it_is_noticed_between_two_steps() -> None:
    interrupt, done = Interrupt(), []
    with interrupt.caught():
        step(interrupt)
        signal.raise_signal(signal.SIGINT)
        done.append("the step goes on to its end")
        with pytest.raises(KeyboardInterrupt):
            step(interrupt)
    assert len(done) == 1


def test_the_next_level_does_not_begin_either() -> None:
    interrupt = Interrupt()
    with interrupt.caught():
        signal.raise_signal(signal.SIGINT)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                step(interrupt)


def test_the_second_one_is_pythons() -> None:
    interrupt = Interrupt()
    with interrupt.caught():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_afterwards_ctrl_c_is_what_it_was(handler: object) -> None:
    with Interrupt().caught():
        assert signal.getsignal(signal.SIGINT) != handler
    assert signal.getsignal(signal.SIGINT) == handler
    with pytest.raises(KeyboardInterrupt):
        interrupted_twice()
    assert signal.getsignal(signal.SIGINT) == handler


def interrupted_twice() -> None:
    with Interrupt().caught():
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)


def test_without_ctrl_c_steps_follow_each_other() -> None:
    interrupt = Interrupt()
    with interrupt.caught():
        for _ in range(3):
            step(interrupt)
    assert not interrupt.asked
