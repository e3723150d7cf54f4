"""What a step frees is there for the next one: counted in page faults of a process of its own."""

import platform
import subprocess
import sys

import pytest

from tests.places import ROOT

STEPS = """
import resource
import numpy as np
from orchestrator.training.fold.heap import keep_freed_memory
if {kept}:
    keep_freed_memory()
def step():
    images = [np.ones(1 << 20, np.float32) for _ in range(8)]
for _ in range(5):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _faults(kept: bool) -> int:
    words = [sys.executable, "-c", STEPS.format(kept=kept)]
    return int(subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has the options")
def test_freed_memory_is_kept_and_would_not_be() -> None:
    assert _faults(kept=True) < 200
    assert _faults(kept=False) > 2000
