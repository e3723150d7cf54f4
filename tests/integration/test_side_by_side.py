"""Two runs in two terminals beside another person's Ray: each keeps to its own; a full cluster is named."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
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
        runs = [start(tmp_path / "home", "run", "--config", SMOKE, "--out", out, *ROW, "--set", length,
                      RAY_ADDRESS="", RAY_TMPDIR=folder) for out, length in zip(outs, lengths, strict=True)]  # fmt: skip
        outputs = [process.communicate(timeout=280)[0] for process in runs]
        wait_for(lambda: not processes(folder), "the end of their Rays", 30)
    assert [process.returncode for process in runs] == [0, 0], outputs
    for out, output in zip(outs, outputs, strict=True):
        assert "on a local Ray" in output
        assert len(list(out.glob("legs/*/result.json"))) == 1
        assert "not alone on this machine: Ray at" in output
    assert neighbour in outputs[0]


def test_a_cluster_whose_cpus_are_all_used_is_named_and_waited_for(tmp_path: Path) -> None:
    occupy = "import ray, sys, time; ray.init(log_to_driver=False); " \
             "a = ray.remote(num_cpus=2)(lambda: time.sleep(100000)).remote(); print('up', flush=True); sys.stdin.read()"  # fmt: skip
    with short_folder() as folder:
        joined = ray_start(folder, free_port(), "--num-cpus", 2, "--dashboard-port", free_port(), files="ray",
                           RAY_AUTH_MODE="disabled")  # fmt: skip
        other = subprocess.Popen(
            [sys.executable, "-c", occupy],
            env=joined,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert other.stdout
        assert other.stdout.readline() == "up\n"
        time.sleep(2)
        program = subprocess.Popen(
            [sys.executable, "-m", "orchestrator.cli", "run", "--config", str(SMOKE), "--out", f"{folder}/out", *ROW],
            env=joined | {"RAY_ADDRESS": "", "RAY_TMPDIR": folder}, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        seen: list[str] = []
        assert program.stdout
        for line in program.stdout:
            seen.append(line)
            if "no free CPUs" in line:
                break
        other.communicate("", timeout=60)
        rest, _ = program.communicate(timeout=200)
    output = "".join(seen) + rest
    assert program.returncode == 0, output
    assert re.search(rf"on the Ray cluster at [\d.]+:{joined['RAY_ADDRESS'].rpartition(':')[2]},", output)
    assert re.search(rf"no free CPUs \(0 of 2 CPUs are free, .* process {other.pid} on", output)
