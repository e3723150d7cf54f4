"""The files of cluster/: each agrees with the program and with the others."""

import json
import re
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from orchestrator.legs.allocation import Node
from orchestrator.settings.loading import load_experiment
from orchestrator.training.fold import gauges
from tests.orchestrator.training.driver.edits import CLUSTER, Config, drop, load, put
from tests.places import ROOT


def test_both_clouds_are_set_up_alike() -> None:
    aws, gcp = load("gpu.yaml"), load("gpu-gcp.yaml")
    for key in ("file_mounts", "rsync_exclude", "head_start_ray_commands", "worker_start_ray_commands"):
        assert aws[key] == gcp[key]
    assert aws["setup_commands"] == gcp["setup_commands"]


@pytest.mark.parametrize("name", ["gpu.yaml", "gpu-gcp.yaml"])
def test_a_cloud_is_closed_and_its_head_trains_nothing(name: str) -> None:
    cluster = load(name)
    assert cluster["available_node_types"][cluster["head_node_type"]]["resources"]["CPU"] == 0
    assert "~/.ray/auth_token" in cluster["file_mounts"]
    heads, workers = cluster["head_start_ray_commands"], cluster["worker_start_ray_commands"]
    starts = [command for command in [*heads, *workers] if "ray start" in command]
    assert len(starts) == 2
    assert all("RAY_AUTH_MODE=token" in start for start in starts)
    assert "--dashboard-host=127.0.0.1 " in starts[0]
    assert "0.0.0.0" not in (CLUSTER / name).read_text()


@pytest.mark.parametrize("name", ["gpu.yaml", "gpu-gcp.yaml"])
def test_a_cloud_installs_the_pinned_versions_for_one_python(name: str) -> None:
    text = (CLUSTER / name).read_text()
    install = [line for line in load(name)["setup_commands"] if "pip install" in line]
    assert install
    assert all("--constraint ~/stagegrid/cluster/constraints.txt" in line for line in install)
    assert not re.search(r"(ray|torch)(\[\w+\])?==", text)
    python = (ROOT / ".python-version").read_text().strip()
    assert set(re.findall(r"python(3\.\d+)", text)) == {python}


def test_a_cluster_on_this_machine_ends_no_other_ray() -> None:
    """What Ray itself writes for the head begins with `ray stop`."""
    cluster = load("loopback.yaml")
    assert cluster["provider"]["type"] == "local"
    assert cluster["head_start_ray_commands"]
    assert not any("ray stop" in command for command in cluster["head_start_ray_commands"])


def test_what_is_mounted_is_enough_to_install(tmp_path: Path) -> None:
    mounts = load("gpu.yaml")["file_mounts"]
    brought = {Path(target).name for target in mounts if target.startswith("~/stagegrid/")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["setuptools"]["packages"]["find"]["include"]
    needed = {
        *(pattern.removesuffix("*") for pattern in packages if pattern.endswith("*")),  # the start is in one
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "cluster",
        "configs",
    }
    assert brought == needed
    assert not brought & {"runs", "data", ".venv", ".git"}


STRING, COUNT, YES_NO = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "boolean"}
STRINGS = {"type": "object", "additionalProperties": STRING}


def fields(required: list[str], **properties: Any) -> Config:
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}


QUANTITIES = {"type": "object", "additionalProperties": {"type": "string", "pattern": r"^\d+(m|Mi|Gi)?$"}}
CONTAINER = fields(
    ["name", "image", "resources"],
    name=STRING,
    image=STRING,
    resources=fields(["limits", "requests"], limits=QUANTITIES, requests=QUANTITIES),
    volumeMounts={
        "type": "array",
        "items": fields(["name", "mountPath"], name=STRING, mountPath=STRING, readOnly=YES_NO),
    },
)
CLAIM = fields(["claimName"], claimName=STRING, readOnly=YES_NO)
POD = fields(
    ["spec"],
    spec=fields(
        ["containers"],
        serviceAccountName=STRING,
        containers={"type": "array", "minItems": 1, "items": CONTAINER},
        tolerations={
            "type": "array",
            "items": fields([], key=STRING, operator={"enum": ["Exists", "Equal"]}, effect=STRING),
        },
        volumes={
            "type": "array",
            "items": fields(["name", "persistentVolumeClaim"], name=STRING, persistentVolumeClaim=CLAIM),
        },
    ),
)
RAY_CLUSTER = fields(
    ["headGroupSpec"],
    rayVersion=STRING,
    authOptions=fields([], mode={"enum": ["disabled", "token"]}),
    enableInTreeAutoscaling=YES_NO,
    autoscalerOptions=fields(
        [], idleTimeoutSeconds=COUNT, upscalingMode={"enum": ["Default", "Aggressive", "Conservative"]}
    ),
    headGroupSpec=fields(
        ["rayStartParams", "template"],
        serviceType={"enum": ["ClusterIP", "NodePort", "LoadBalancer"]},
        rayStartParams=STRINGS,
        template=POD,
    ),
    workerGroupSpecs={
        "type": "array",
        "items": fields(
            ["groupName", "minReplicas", "maxReplicas", "rayStartParams", "template"],
            groupName=STRING,
            replicas=COUNT,
            minReplicas=COUNT,
            maxReplicas=COUNT,
            rayStartParams=STRINGS,
            template=POD,
        ),
    },
)
RAY_JOB = fields(
    ["apiVersion", "kind", "metadata", "spec"],
    apiVersion={"const": "ray.io/v1"},
    kind={"const": "RayJob"},
    metadata=fields(["name"], name=STRING),
    spec=fields(
        ["entrypoint", "rayClusterSpec"],
        submissionMode={"enum": ["K8sJobMode", "HTTPMode", "SidecarMode", "InteractiveMode"]},
        entrypoint=STRING,
        backoffLimit=COUNT,
        shutdownAfterJobFinishes=YES_NO,
        ttlSecondsAfterFinished=COUNT,
        rayClusterSpec=RAY_CLUSTER,
    ),
)
"""The fields that kuberay.yaml uses, written by hand.

Source: the Go types RayJobSpec, RayClusterSpec, HeadGroupSpec, WorkerGroupSpec and AutoscalerOptions of
kuberay (ray-operator/apis/ray/v1), from which its CRDs are generated; its API reference for authOptions and
SidecarMode; Kubernetes' core/v1 for pods."""


def test_kuberay_has_only_published_fields() -> None:
    jsonschema.validate(load("kuberay.yaml"), RAY_JOB)


@pytest.mark.parametrize(
    "change",
    [
        put("spec", "submitionMode", value="HTTPMode"),
        put("spec", "rayClusterSpec", "headGroupSpec", "rayStartParams", "num-cpus", value=0),
        drop("spec", "rayClusterSpec", "headGroupSpec", "template"),
        put("spec", "rayClusterSpec", "authOptions", "mode", value="none"),
    ],
)
def test_the_schema_finds_faults(change: Callable[[Config], None]) -> None:
    config = load("kuberay.yaml")
    change(config)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(config, RAY_JOB)


def test_kuberay_runs_the_pinned_ray_behind_a_head_that_trains_nothing() -> None:
    spec = load("kuberay.yaml")["spec"]
    cluster = spec["rayClusterSpec"]
    assert f"ray=={cluster['rayVersion']}" in (CLUSTER / "constraints.txt").read_text().splitlines()
    assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    assert cluster["authOptions"] == {"mode": "token"}
    pods = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    assert len({pod["template"]["spec"]["containers"][0]["image"] for pod in pods}) == 1
    machines = []
    for worker in cluster["workerGroupSpecs"]:
        assert worker["minReplicas"] == 0 < worker["maxReplicas"]
        limits = worker["template"]["spec"]["containers"][0]["resources"]["limits"]
        assert limits["nvidia.com/gpu"] == "1"
        machines += [Node(float(limits["cpu"]), 1)] * worker["maxReplicas"]
    assert entrypoint_machines(spec["entrypoint"]) == machines


def entrypoint_machines(entrypoint: str) -> list[Node]:
    """What the command tells of the workers, read as the head pod's shell and the program read it."""
    words = shlex.split(entrypoint)
    options = dict(zip(words[2::2], words[3::2], strict=True))
    config = ROOT / Path(options["--config"]).relative_to("/home/ray/stagegrid")
    kinds = load_experiment(config, [options["--set"]]).resources.machines
    return [Node(kind.cpus, kind.gpus) for kind in kinds for _ in range(kind.count)]


def test_the_image_has_the_pinned_ray_and_python() -> None:
    lines = (CLUSTER / "Dockerfile").read_text().splitlines()
    ray = re.search(r"^ray==(.*)$", (CLUSTER / "constraints.txt").read_text(), re.MULTILINE)
    python = (ROOT / ".python-version").read_text().strip().replace(".", "")
    assert ray
    assert f"FROM rayproject/ray:{ray[1]}-py{python}-gpu" in lines
    copied = [word for line in lines if line.startswith("COPY") for word in line.split()[2:-1]]
    assert all((ROOT / word).exists() for word in copied)


FOLD_METRICS = {f"ray_stagegrid_{gauges.NAMES.get(name, name)}" for name in gauges.FOLD}
RUN_METRICS = {f"ray_stagegrid_{name}" for name in gauges.RUN}
TAGS = {"activation", "selection", "fold", "stage"}


def dashboard() -> Config:
    content = json.loads((CLUSTER / "grafana.json").read_text())
    assert isinstance(content, dict)
    return content


def queries() -> list[str]:
    return [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]


def test_the_dashboard_shows_every_metric_and_no_other() -> None:
    shown = set(re.findall(r"ray_\w+", " ".join(queries())))
    assert shown == FOLD_METRICS | RUN_METRICS


def test_the_dashboard_uses_tags_that_exist() -> None:
    variables = {variable["name"] for variable in dashboard()["templating"]["list"]}
    for query in queries():
        name = re.findall(r"ray_\w+", query)[0]
        used = set(re.findall(r"(\w+)=~", query))
        used |= {tag.strip() for group in re.findall(r"by \((.*?)\)", query) for tag in group.split(",")}
        assert used <= (TAGS if name in FOLD_METRICS else set())
        assert set(re.findall(r"\$(\w+)", query)) <= variables
        assert query.count("(") == query.count(")")
        assert query.count("{") == query.count("}")
    for panel in dashboard()["panels"]:
        legend = panel["targets"][0]["legendFormat"]
        assert set(re.findall(r"{{(\w+)}}", legend)) <= TAGS
    tags = [v["query"]["query"] for v in dashboard()["templating"]["list"] if v["type"] == "query"]
    assert set(tags) == {f"label_values(ray_stagegrid_iteration, {tag})" for tag in TAGS - {"stage"}}


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for place in (panel["gridPos"] for panel in panels):
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_prometheus_finds_ray_by_its_own_list() -> None:
    from ray._private.ray_constants import PROMETHEUS_SERVICE_DISCOVERY_FILE

    jobs = {job["job_name"]: job for job in load("prometheus.yml")["scrape_configs"]}
    assert jobs["ray"]["file_sd_configs"][0]["files"] == [f"/tmp/ray/{PROMETHEUS_SERVICE_DISCOVERY_FILE}"]
    others = [config["targets"] for job in jobs.values() for config in job.get("static_configs", [])]
    assert all(target.startswith("127.0.0.1:") for targets in others for target in targets)
