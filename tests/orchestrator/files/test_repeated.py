"""What is done again and again beside the work: how often, until when, and what stops it."""

import threading
import time
from itertools import pairwise

import pytest

from orchestrator.files.repeated import repeated

PATIENCE = 20.0
"""Seconds after which a test gives up waiting."""


class Counter:
    """Counts calls, and can be waited for."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.threads: set[int] = set()
        self.changed = threading.Condition()

    def __call__(self) -> None:
        with self.changed:
            self.times.append(time.monotonic())
            self.threads.add(threading.get_ident())
            self.changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.times) >= count, PATIENCE)


def test_it_goes_on_beside_the_work_with_pauses() -> None:
    calls = Counter()
    began = time.monotonic()
    with repeated(calls, 0.02):
        calls.wait_for(4)
        assert threading.get_ident() not in calls.threads
    moments = [began, *calls.times[:4]]
    assert all(late - early > 0.015 for early, late in pairwise(moments))


def test_a_short_block_has_the_last_call_alone() -> None:
    calls = Counter()
    with repeated(calls, PATIENCE):
        assert not calls.times
    assert calls.threads == {threading.get_ident()}
    assert len(calls.times) == 1


def test_it_ends_with_the_block_at_once_also_after_an_error() -> None:
    calls, before = Counter(), threading.active_count()
    began = time.monotonic()
    with pytest.raises(RuntimeError, match="the work failed"), repeated(calls, PATIENCE):
        raise RuntimeError("the work failed")
    assert time.monotonic() - began < PATIENCE / 2
    assert len(calls.times) == 1
    assert threading.active_count() == before


def test_storage_that_does_not_answer_is_asked_again() -> None:
    calls = Counter()

    def action() -> None:
        calls()
        if len(calls.times) < 3:
            raise ConnectionError("storage")  # an OSError

    with repeated(action, 0.01):
        calls.wait_for(5)
    assert len(calls.times) > 5, "and once more at the end"


def test_the_last_call_comes_after_all_others() -> None:
    """Never two at a time: what the last one writes stays."""
    running, most = 0, 0
    lock, calls = threading.Lock(), Counter()

    def slow() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        calls()
        with lock:
            running -= 1

    with repeated(slow, 0.001):
        calls.wait_for(2)
    assert most == 1
    count = len(calls.times)
    time.sleep(0.05)
    assert len(calls.times) == count
