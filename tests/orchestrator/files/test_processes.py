"""Processes as files name them, against psutil and processes that are really started and ended."""

import os
import platform
import subprocess
import sys

import psutil
import pytest

from orchestrator.files.processes import Process, this_process


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


def test_asking_hurts_nobody() -> None:
    """The first signal that a program cannot take would end it."""
    child = subprocess.Popen(["sleep", "60"])
    try:
        for _ in range(3):
            assert not other(child.pid).is_gone
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_a_process_of_somebody_else_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel forbids the signal; tests may run as root, to whom it forbids none."""

    def forbidden(pid: int, number: int) -> None:
        raise PermissionError(pid, number)

    monkeypatch.setattr(os, "kill", forbidden)
    assert not other(1).is_gone


def test_it_is_named_for_people_and_survives_json() -> None:
    process = other(7, "node-3")
    assert str(process) == "process 7 on node-3"
    assert Process.model_validate_json(process.model_dump_json()) == process
