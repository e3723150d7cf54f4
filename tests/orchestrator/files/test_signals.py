"""The end by a signal, in small programs; of the whole program in tests/chaos/test_faults.py."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.integration.programs import wait_for
from tests.places import ROOT

PROGRAM = """
import subprocess, sys, time
from orchestrator.files import signals

signals.ORDERLY_SECONDS = 1.0
with signals.caught():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print(child.pid, flush=True)
    {work}
"""
OBEDIENT = """
    try:
        time.sleep(60)
    finally:
        print("closed", flush=True)
"""
DEAF = """
    while True:
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            print("heard", flush=True)
"""
STUCK = """
    from hashlib import pbkdf2_hmac
    pbkdf2_hmac("sha256", b"", b"", 10**9)  # compiled code: Python's handlers do not run
"""
DEFERRED = """
    with signals.deferred():
        while not signals.asked():
            time.sleep(0.05)
        print("asked", flush=True)
        raise SystemExit(3)
"""


class Program:
    def __init__(self, work: str) -> None:
        command = [sys.executable, "-c", PROGRAM.format(work=work.strip())]
        env = os.environ | {"PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=env)
        assert self.process.stdout is not None
        self.child = psutil.Process(int(self.process.stdout.readline()))
        time.sleep(0.3)

    def end(self, *numbers: int, pause: float = 0.7) -> tuple[int, str, float]:
        """Exit code, output, seconds; the child is gone too."""
        began = time.monotonic()
        for number in numbers:
            self.process.send_signal(number)
            time.sleep(pause if len(numbers) > 1 else 0)
        try:
            output, _ = self.process.communicate(timeout=20)
        finally:
            self.process.kill()
        seconds = time.monotonic() - began
        wait_for(lambda: not self.child.is_running() or self.child.status() == "zombie", "the child", 5)
        return self.process.returncode, output, seconds


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(
    ("work", "said"), [(OBEDIENT, "closed\n"), (DEAF, "heard\n"), (STUCK, ""), (DEFERRED, "asked\n")]
)
def test_a_signal_is_an_end_whatever_the_program_does(number: int, code: int, work: str, said: str) -> None:
    found, output, seconds = Program(work).end(number)
    assert (found, output) == (code, f"{said}interrupted: the same command goes on from here\n")
    assert seconds < 5


def test_the_second_does_not_wait_for_order() -> None:
    work = "signals.ORDERLY_SECONDS = 60.0\n" + DEAF
    code, _, seconds = Program(work).end(signal.SIGINT, signal.SIGINT)
    assert code == 130
    assert seconds < 5


def test_one_that_comes_twice_at_once_is_one() -> None:
    code, output, _ = Program(OBEDIENT).end(signal.SIGTERM, signal.SIGTERM, pause=0.01)
    assert code == 143
    assert "closed" in output


def test_without_a_signal_everything_is_as_before() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    script = "from orchestrator.files import signals\nwith signals.caught(): pass\nprint(signals.asked())"
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT).stdout
        == "False\n"
    )
    assert before == {number: signal.getsignal(number) for number in before}
