"""What is done again: beside the work, how often; with object storage that fails, for how long."""

import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.fs as pafs
import pytest

from orchestrator.files.repeated import repeated
from orchestrator.files.store import Store

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


class Flaky:
    """A file system on disk, in front of which every request fails so many times."""

    type_name = "flaky"

    def __init__(self, folder: Path, failures: int, error: Exception) -> None:
        self.disk = pafs.SubTreeFileSystem(str(folder), pafs.LocalFileSystem())
        self.failures, self.error, self.left = failures, error, failures

    def __getattr__(self, name: str) -> Any:
        def ask(*arguments: Any, **options: Any) -> Any:
            if name != "create_dir":  # it comes before an upload
                if self.left:
                    self.left -= 1
                    raise self.error
                self.left = self.failures
            return getattr(self.disk, name)(*arguments, **options)

        return ask


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Time goes by as fast as it is waited."""
    pauses: list[float] = []
    monkeypatch.setattr("orchestrator.files.repeated.time.sleep", pauses.append)
    monkeypatch.setattr("orchestrator.files.repeated.time.monotonic", lambda: sum(pauses))
    return pauses


def flaky(folder: Path, failures: int, error: Exception | None = None) -> Store:
    handler = Flaky(folder, failures, error or OSError("AWS Error SLOW_DOWN during PutObject operation"))
    return Store(handler, "run")


@pytest.mark.parametrize("failures", [1, 5])
def test_everything_is_asked_again(tmp_path: Path, failures: int, slept: list[float]) -> None:
    store = flaky(tmp_path, failures)
    store.write("a/x", b"1")
    assert store.read("a/x") == b"1"
    assert store.exists("a/x")
    assert not store.exists("y")
    store.rename("a/x", "a/y")
    assert store.names() == ["a"]
    assert set(store.sizes()) == {"a", "a/y"}
    store.delete("a")
    assert store.names() == []


def test_pauses_grow_and_end(tmp_path: Path, slept: list[float]) -> None:
    with pytest.raises(OSError, match=r"failed for 90 s.*SLOW_DOWN") as caught:
        flaky(tmp_path, 1000).read("x")
    assert caught.value.filename == "flaky://run/x"
    assert slept[:6] == [0.5, 1, 2, 4, 8, 8]
    assert 75 < sum(slept) <= 90


def test_what_is_missing_or_refused_is_not_asked_again(tmp_path: Path, slept: list[float]) -> None:
    with pytest.raises(FileNotFoundError):
        flaky(tmp_path, 0).read("x")
    with pytest.raises(OSError, match="ACCESS_DENIED"):
        flaky(tmp_path, 1, OSError("AWS Error ACCESS_DENIED during PutObject operation")).write("x", b"")
    assert slept == []


def test_a_rename_whose_answer_was_lost_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slept: list[float]
) -> None:
    store = flaky(tmp_path, 0)
    store.write("old", b"1")
    disk, answers = store.fs.disk, [OSError("AWS Error NETWORK_CONNECTION")]

    def move(source: str, target: str) -> None:
        disk.move(source, target)
        if answers:
            raise answers.pop()

    monkeypatch.setattr(store.fs, "move", move, raising=False)
    store.rename("old", "new")
    assert store.read("new") == b"1"
