"""Two runs in two terminals beside another person's Ray: each keeps to its own; a full cluster is named."""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.integration.heads import free_port, processes, ray_start, short_folder
from tests.integration.programs import environment, start, wait_for
from tests.places import ROOT, SMOKE

pytestmark = [pytest.mark.integration, pytest.mark.cluster, pytest.mark.timeout(290)]

ROW = ("--set", "activations={sigmoid: {}}", "--set", "selections={verified_only: {}}")
PRIVATE = """
import sys, time, ray
ray.init(address="local", num_cpus=1, include_dashboard=False, object_store_memory=80_000_000)
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def neighbour(tmp_path: Path) -> Iterator[str]:
    """Another program's Ray, which is there for itself alone; its address."""
    own = environment(tmp_path / "third") | {"RAY_AUTH_MODE": "disabled"}
    process = subprocess.Popen(
        [sys.executable, "-c", PRIVATE], env=own, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout
    try:
        yield process.stdout.readline().strip()
        assert process.poll() is None  # nobody has ended it
    finally:
        process.communicate("", timeout=60)


def test_two_runs_and_a_strangers_ray_side_by_side(neighbour: str, tmp_path: Path) -> None:
    """RAY_ADDRESS is not set: the one that ends first takes nobody with it."""
    outs = [tmp_path / "one", tmp_path / "two"]
    lengths = ("stages.0.iterations=6", "stages.0.iterations=1500")
    with short_folder() as folder:
        command, own = ("run", "--config", SMOKE, *ROW), {"RAY_ADDRESS": "", "RAY_TMPDIR": folder}
        runs = [
            start(tmp_path / "home", *command, "--out", out, "--set", length, **own)
            for out, length in zip(outs, lengths, strict=True)
        ]
        outputs = [process.communicate(timeout=280)[0] for process in runs]
        wait_for(lambda: not processes(folder), "the end of their Rays", 30)
    assert [process.returncode for process in runs] == [0, 0], outputs
    for out, output in zip(outs, outputs, strict=True):
        assert "on a local Ray" in output
        assert len(list(out.glob("legs/*/result.json"))) == 1
        assert neighbour not in output


OCCUPY = """
import sys, time, ray
ray.init(log_to_driver=False)
held = ray.remote(num_cpus=2)(lambda: time.sleep(100_000)).remote()
while ray.available_resources().get("CPU", 0):
    time.sleep(0.1)
print("all held", flush=True)
sys.stdin.read()
"""


def test_a_cluster_whose_cpus_are_all_used_is_named_and_waited_for() -> None:
    with short_folder() as folder:
        joined = ray_start(folder, free_port(), "--num-cpus", 2, "--dashboard-port", free_port(),
                           files="ray", RAY_AUTH_MODE="disabled")  # fmt: skip
        other = program(joined, "-c", OCCUPY)
        assert other.stdout
        while other.stdout.readline() != "all held\n":
            assert other.poll() is None
        found = joined | {"RAY_ADDRESS": "", "RAY_TMPDIR": folder}
        command = ("-m", "orchestrator.cli.app", "run", "--config", SMOKE, "--out", f"{folder}/out", *ROW)
        waiting = program(found, *command)
        assert waiting.stdout
        seen = list(until_short(waiting.stdout))
        other.communicate("", timeout=60)
        rest, _ = waiting.communicate(timeout=200)
    output = "".join(seen) + rest
    assert waiting.returncode == 0, output
    port = joined["RAY_ADDRESS"].rpartition(":")[2]
    assert re.search(rf"on the Ray cluster at [\d.]+:{port},", output)
    assert re.search(r"no free CPUs \(0 of 2 CPUs are free, .*this run waits for a place", output)


def until_short(lines: Iterable[str]) -> Iterator[str]:
    """Up to the line that says what is missing."""
    for line in lines:
        yield line
        if "no free CPUs" in line:
            return


def program(own: dict[str, str], *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)], env=own, cwd=ROOT, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
