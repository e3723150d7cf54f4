"""Processes as files name them, against psutil and processes that are really started; a run's one driver."""

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from orchestrator.files.processes import (
    LOCK,
    STALE_SECONDS,
    Owner,
    Process,
    object_lock,
    only_driver,
    this_process,
)
from orchestrator.files.store import Store
from trainable.errors import UserError


def other(pid: int, host: str | None = None) -> Process:
    return Process(host=platform.node() if host is None else host, pid=pid)


def test_this_process_is_the_one_that_asks() -> None:
    mine = this_process()
    assert mine.pid == psutil.Process().pid
    assert mine.host == os.uname().nodename
    assert not mine.is_gone
    asked = "from orchestrator.files.processes import this_process; print(this_process().pid)"
    child = subprocess.Popen([sys.executable, "-c", asked], stdout=subprocess.PIPE, text=True)
    output, _ = child.communicate(timeout=60)
    assert int(output) == child.pid != mine.pid


def test_a_process_is_there_until_it_has_ended() -> None:
    child = subprocess.Popen(["sleep", "60"])
    assert psutil.pid_exists(child.pid)
    assert not other(child.pid).is_gone
    child.kill()
    child.wait()
    assert not psutil.pid_exists(child.pid)
    assert other(child.pid).is_gone


def test_of_another_machine_nobody_here_can_say(monkeypatch: pytest.MonkeyPatch) -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    ended = other(child.pid, "another")
    assert not ended.is_gone
    monkeypatch.setattr(platform, "node", lambda: "another")
    assert ended.is_gone


def test_it_is_named_for_people_and_survives_json() -> None:
    process = other(7, "node-3")
    assert str(process) == "process 7 on node-3"
    assert Process.model_validate_json(process.model_dump_json()) == process


def test_the_second_driver_is_told_who_the_first_is(store: Store) -> None:
    with (
        only_driver(store),
        pytest.raises(ValueError, match=r"is being filled by process \d+ on "),
        only_driver(store),
    ):
        pass


def test_the_folder_is_free_again_afterwards_also_after_an_error(store: Store) -> None:
    with pytest.raises(RuntimeError), only_driver(store):
        raise RuntimeError
    with only_driver(store):
        pass


def test_a_killed_drivers_lock_expires(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    left = Owner(host="gone", pid=1, owner="x", time=time.time() - STALE_SECONDS - 1)
    store.write_model(LOCK, left)
    with object_lock(store):
        assert store.read_model(LOCK, Owner).host != "gone"
    store.write_model(LOCK, left.model_copy(update={"time": time.time() - STALE_SECONDS + 5}))
    with pytest.raises(ValueError, match="process 1 on gone"), object_lock(store):
        pass


def test_the_lock_of_a_process_that_ended_on_this_machine_is_free_at_once(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    store = Store.open(tmp_path)
    mine = Owner(**this_process().model_dump(), owner="x", time=time.time())
    store.write_model(LOCK, mine.model_copy(update={"pid": ended.pid}))
    with object_lock(store):
        pass
    store.write_model(LOCK, mine)
    with pytest.raises(ValueError, match=f"process {mine.pid}"), object_lock(store):
        pass


def test_a_lock_that_nobody_can_read_is_nobodys(store: Store) -> None:
    store.write(LOCK, b'{"host": "some')
    with object_lock(store):
        assert store.read_model(LOCK, Owner).pid == this_process().pid


@pytest.mark.parametrize("alive", [True, False])
def test_a_lock_from_the_future_is_kept_by_who_renews_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alive: bool
) -> None:
    """A clock was set back."""
    store = Store.open(tmp_path)
    left = Owner(host="other", pid=1, owner="x", time=time.time() + 3600)
    store.write_model(LOCK, left)

    def sleep(seconds: float) -> None:
        if alive:
            store.write_model(LOCK, left.model_copy(update={"time": left.time + seconds}))

    monkeypatch.setattr("orchestrator.files.processes.time.sleep", sleep)
    if alive:
        with pytest.raises(UserError, match="process 1 on other"), object_lock(store):
            pass
    else:
        with object_lock(store):
            assert store.read_model(LOCK, Owner).host != "other"
