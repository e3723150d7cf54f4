"""`ray start --head`, then the grid joins it: with a token, its own ports and processes; and who watches."""

import json
import re
import secrets
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.heads import BIN, free_port, processes, ray_start, short_folder
from tests.places import ROOT, SMOKE

pytestmark = [pytest.mark.integration, pytest.mark.cluster, pytest.mark.timeout(280)]

PROMETHEUS = shutil.which("prometheus")


@dataclass(frozen=True)
class Head:
    folder: str
    environment: dict[str, str]
    dashboard: str
    token: str


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    """A head node as docs/cluster.md says."""
    page, token = free_port(), secrets.token_hex(32)
    with short_folder() as folder:
        path = Path(folder) / "token"
        path.touch(mode=0o600)
        path.write_text(token)
        environment = ray_start(
            folder, free_port(), "--dashboard-port", page, "--num-cpus", 2,
            RAY_AUTH_MODE="token", RAY_AUTH_TOKEN_PATH=str(path), RAY_metrics_report_interval_ms="1000",
            RAY_TRAIN_ENABLE_STATE_TRACKING="1",
        )  # fmt: skip
        yield Head(folder, environment, f"http://127.0.0.1:{page}", token)


def get(head: Head, path: str, token: bool = True) -> str:
    request = urllib.request.Request(head.dashboard + path)
    if token:
        request.add_header("Authorization", f"Bearer {head.token}")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            text: str = response.read().decode()
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{path}: {error.code} {error.read().decode()}") from error
    return text


def test_the_dashboard_asks_for_the_token(head: Head) -> None:
    with pytest.raises(AssertionError, match=": 401 "):
        get(head, "/api/jobs/", token=False)
    assert json.loads(get(head, "/api/jobs/")) == []


@dataclass(frozen=True)
class Joined:
    """What was seen of a grid while it ran on the cluster."""

    out: Path
    output: str
    servers: bool
    """Ray's own servers are the same ones afterwards."""
    metrics: str
    """The metrics pages of the nodes when training was under way."""
    job: dict[str, Any]
    actors: list[dict[str, Any]]
    log: str
    """What the dashboard shows of a fold's worker."""
    driver_log: str
    """And of the driver, which no `ray job submit` started."""
    runs: list[dict[str, Any]]
    """Of Ray Train."""
    unanswered: set[str]
    """Queries of Grafana that Prometheus never had an answer to."""


@pytest.fixture(scope="module")
def joined(head: Head) -> Joined:
    out = Path(head.folder) / "out"
    servers = [line for line in processes(head.folder).values() if "gcs_server" in line]
    command = [sys.executable, ROOT / "orchestrator/grid.py", "--config", SMOKE, "--out", out]
    changes = ("activations={sigmoid: {}}", "selections={threshold: {k: 2}}", "schedule.evaluate_every=50",
               "stages.0.iterations=400", "stages.1.iterations=1500")  # fmt: skip
    grid = subprocess.Popen(
        [*map(str, command), *(word for change in changes for word in ("--set", change))],
        env=head.environment, cwd=head.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    unanswered, seen = grafana_queries(), dict[str, Any]()
    with grid, prometheus(head.folder) as ask:
        try:
            while grid.poll() is None:
                unanswered -= {query for query in unanswered if ask(query)}
                if not seen and "ray_stagegrid_eta{" in (metrics := metrics_pages(head.folder)):
                    with suppress(AssertionError):  # the dashboard does not know the node's agent yet
                        seen = {"metrics": metrics, **seen_in_dashboard(head)}
                time.sleep(1)
        finally:
            grid.kill()
        assert grid.stdout
        output = grid.stdout.read()
    assert grid.returncode == 0, output
    assert seen, output
    after = [line for line in processes(head.folder).values() if "gcs_server" in line]
    return Joined(out, output, after == servers, unanswered=unanswered, **seen)


def grafana_queries() -> set[str]:
    """The queries of cluster/grafana.json, for all rows, columns and folds."""
    panels = json.loads((ROOT / "cluster/grafana.json").read_text())["panels"]
    queries = {target["expr"] for panel in panels for target in panel.get("targets", [])}
    return {re.sub(r"\$\w+", ".*", query) for query in queries}


@contextmanager
def prometheus(folder: str) -> Iterator[Callable[[str], bool]]:
    """Prometheus with our configuration, but hasty; gives a function: has a query an answer?"""
    if PROMETHEUS is None:
        yield lambda query: False
        return
    text = (ROOT / "cluster/prometheus.yml").read_text()
    config, port = Path(folder) / "prometheus.yml", free_port()
    assert "/tmp/ray/" in text
    text = text.replace("/tmp/ray/", f"{folder}/r/").replace("10s", "1s").replace("9090", str(port))
    config.write_text(text)
    own = [f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address=127.0.0.1:{port}"]
    server = subprocess.Popen([PROMETHEUS, f"--config.file={config}", *own],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip

    def ask(query: str) -> bool:
        url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": query})
        try:
            with urllib.request.urlopen(url, timeout=30) as response:
                return bool(json.load(response)["data"]["result"])
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{query}: {error.read().decode()}") from error
        except urllib.error.URLError:
            return False  # not up yet

    try:
        yield ask
    finally:
        server.kill()
        server.wait()


def metrics_pages(folder: str) -> str:
    """All that the nodes say about themselves, where Prometheus would look."""
    places = json.loads((Path(folder) / "r/prom_metrics_service_discovery.json").read_text())
    pages = []
    for target in {target for place in places for target in place["targets"]}:
        with (
            suppress(urllib.error.URLError),
            urllib.request.urlopen(f"http://{target}/metrics", timeout=30) as page,
        ):
            pages.append(page.read().decode())
    return "".join(pages)


def seen_in_dashboard(head: Head) -> dict[str, Any]:
    """The job, the actors, and the log of a fold's worker, as the dashboard's pages get them."""
    job = next(job for job in json.loads(get(head, "/api/jobs/")) if job["status"] == "RUNNING")
    listed = json.loads(get(head, "/api/v0/actors?detail=1&limit=100"))["data"]["result"]["result"]
    actors = [actor for actor in listed if actor["state"] == "ALIVE"]
    worker = next(actor["actor_id"] for actor in actors if actor["class_name"] == "RayTrainWorker")
    log = get(head, f"/api/v0/logs/file?actor_id={worker}&suffix=err&lines=100")
    node, number = actors[0]["node_id"], job["job_id"]
    said = get(head, f"/api/v0/logs/file?node_id={node}&filename=job-driver-{number}-stagegrid.log&lines=100")
    runs = list(json.loads(get(head, "/api/train/v2/runs/v1"))["train_runs"])
    return {"job": job, "actors": actors, "log": log, "driver_log": said, "runs": runs}


def test_the_grid_joins_the_cluster_and_leaves_it_running(head: Head, joined: Joined) -> None:
    port = head.environment["RAY_ADDRESS"].rpartition(":")[2]
    assert re.search(rf"on the Ray cluster at [\d.]+:{port},", joined.output)
    assert len(list(joined.out.glob("legs/*/result.json"))) == 1
    assert (joined.out / "report/tables/table1.csv").exists()
    assert joined.servers


def test_nodes_serve_the_gauges_with_their_tags(joined: Joined) -> None:
    tags = r'activation="sigmoid".*fold="[01]".*selection="threshold".*stage="2"'
    for name in ("iteration", "iterations_per_second", "loss", "eta", "kept", "lwlrap"):
        assert re.search(
            rf"^ray_stagegrid_{name}\{{.*{tags}.*\}} [\d.e+-]+$", joined.metrics, re.MULTILINE
        ), name
    for name in ("legs_done", "legs_total", "seconds_left"):
        assert f"ray_stagegrid_{name}{{" in joined.metrics


@pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is not installed")
def test_prometheus_answers_every_query_of_the_grafana_page(joined: Joined) -> None:
    assert grafana_queries()
    assert not joined.unanswered


def test_the_dashboard_names_job_trial_and_folds(joined: Joined) -> None:
    assert joined.job["metadata"] == {"job_name": "stagegrid smoke", "out": str(joined.out)}
    trials = [actor["repr_name"] for actor in joined.actors if actor["class_name"] == "TrialDriver"]
    assert len(trials) == 1
    assert trials[0].startswith("sigmoid.threshold.s0-")
    workers = [actor["repr_name"] for actor in joined.actors if actor["class_name"] == "RayTrainWorker"]
    assert sorted(workers) == [f"sigmoid threshold seed 0 fold {fold}" for fold in range(2)]
    assert re.search(r"sigmoid\.threshold\.s0 fold [01]: iteration \d+ of \d+", joined.log)


def test_the_drivers_lines_and_ray_trains_runs_are_there(joined: Joined) -> None:
    assert "training: 2 folds" in joined.driver_log
    assert [run["name"] for run in joined.runs if "sigmoid.threshold.s0" in run["name"]]


def test_a_cluster_that_does_not_answer_is_named(head: Head) -> None:
    port = free_port()
    done = subprocess.run(
        [BIN / "stagegrid", "run", "--config", SMOKE, "--out", Path(head.folder) / "other"],
        env=head.environment | {"RAY_ADDRESS": f"127.0.0.1:{port}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert f"no Ray cluster answers at RAY_ADDRESS=127.0.0.1:{port}" in done.stderr
