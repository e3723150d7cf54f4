"""The files of cluster/: what is shipped is right, and every check finds its fault."""

import copy
import json
import re
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from orchestrator.cluster.autoscaler import machines_of
from orchestrator.cluster.cluster_file import check_cluster_file
from orchestrator.experiment.loading import load_experiment
from orchestrator.experiment.settings import Resources
from orchestrator.plan.allocation import Node, make_shares
from orchestrator.training import gauges
from tests.places import ROOT

CLUSTER = ROOT / "cluster"
Config = dict[str, Any]


@pytest.fixture(autouse=True)
def in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory is the project, the home a new one with a token that only its owner reads."""
    home = tmp_path / "home"
    (home / ".ray").mkdir(parents=True)
    (home / ".ray/auth_token").touch(mode=0o600)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(ROOT)
    return home


def load(name: str) -> Config:
    content = yaml.safe_load((CLUSTER / name).read_text())
    assert isinstance(content, dict)
    return content


def check(config: Config, folder: Path) -> Config:
    path = folder / "broken.yaml"
    path.write_text(yaml.safe_dump(config))
    return check_cluster_file(path)


LOCAL: Config = {
    "cluster_name": "here",
    "provider": {"type": "local", "head_ip": "127.0.0.1", "worker_ips": []},
    "auth": {"ssh_user": "root"},
    "head_start_ray_commands": ["ray start --head --dashboard-host 127.0.0.1"],
    "worker_start_ray_commands": [],
}


@pytest.mark.parametrize("name", ["gpu.yaml", "gpu-gcp.yaml"])
def test_what_is_shipped_passes(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    prepared = check_cluster_file(CLUSTER / name)
    head = prepared["available_node_types"][prepared["head_node_type"]]
    workers = [n for k, n in prepared["available_node_types"].items() if k != prepared["head_node_type"]]
    assert head["max_workers"] == 0
    assert all(n["min_workers"] == 0 and n["resources"]["GPU"] == 1 for n in workers)
    assert make_shares(machines_of(prepared), 4, Resources()).trials == 2  # of nine machines
    assert sum("--constraint" in command for command in prepared["worker_setup_commands"]) == 1
    assert capfd.readouterr() == ("", "")


def test_both_clouds_are_set_up_alike() -> None:
    aws, gcp = load("gpu.yaml"), load("gpu-gcp.yaml")
    for key in ("file_mounts", "rsync_exclude", "head_start_ray_commands", "worker_start_ray_commands"):
        assert aws[key] == gcp[key]
    assert aws["setup_commands"] == gcp["setup_commands"]


def test_what_is_mounted_is_enough_to_install(tmp_path: Path) -> None:
    mounts = load("gpu.yaml")["file_mounts"]
    brought = {Path(target).name for target in mounts if target.startswith("~/stagegrid/")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["setuptools"]["packages"]["find"]["include"]
    needed = {
        *(pattern.removesuffix("*") for pattern in packages),
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "cluster",
        "configs",
    }
    assert brought == needed
    assert not brought & {"runs", "data", ".venv", ".git"}


def test_a_cluster_on_this_machine_needs_less(tmp_path: Path) -> None:
    assert check(LOCAL, tmp_path)["provider"]["head_ip"] == "127.0.0.1"


def put(*keys: str, value: Any) -> Callable[[Config], None]:
    def change(config: Config) -> None:
        place: Any = config
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return change


def drop(*keys: str) -> Callable[[Config], None]:
    def change(config: Config) -> None:
        place: Any = config
        for key in keys[:-1]:
            place = place[key]
        del place[keys[-1]]

    return change


def rewrite(key: str, old: str, new: str) -> Callable[[Config], None]:
    def change(config: Config) -> None:
        assert any(old in command for command in config[key])
        config[key] = [command.replace(old, new) for command in config[key]]

    return change


INSTALL = "setup_commands"
HEAD, WORKER = "head_start_ray_commands", "worker_start_ray_commands"
TYPES = "available_node_types"
FAULTS = [
    ("no name", drop("cluster_name"), "cluster_name: missing"),
    ("no auth", drop("auth"), "auth: missing"),
    ("no provider", drop("provider"), "provider: must say a type"),
    ("no provider type", drop("provider", "type"), "provider: must say a type"),
    ("wrong provider", put("provider", "type", value="awz"), "awz"),
    ("no limit", drop("max_workers"), "max_workers: missing"),
    ("no types", drop(TYPES), f"{TYPES}: missing"),
    ("unknown key", put("max_worker", value=3), "max_worker: unknown key, did you mean max_workers?"),
    (
        "unknown auth key",
        put("auth", "ssh_usr", value="a"),
        "auth.ssh_usr: unknown key, did you mean ssh_user?",
    ),
    (
        "unknown provider key",
        put("provider", "regoin", value="x"),
        "provider.regoin: unknown key, did you mean region?",
    ),
    ("unknown node key", put(TYPES, "g6", "min_worker", value=0), "g6.min_worker: unknown key"),
    ("no resources", drop(TYPES, "g6", "resources"), f"{TYPES}.g6: 'resources' is a required property"),
    ("half a GPU", put(TYPES, "g6", "resources", "GPU", value=0.5), f"{TYPES}.g6.resources.GPU: 0.5"),
    ("no such head", put("head_node_type", value="haed"), "head_node_type"),
    ("too many", put(TYPES, "g6", "min_workers", value=10), "max_workers"),
    ("negative timeout", put("idle_timeout_minutes", value=-1), "idle_timeout_minutes: -1"),
    ("one command", put(INSTALL, value="pip install ."), "setup_commands: 'pip install .' is not of type"),
    ("head trains", put(TYPES, "head", "resources", "CPU", value=4), "CPU must be 0"),
    ("head unsaid", drop(TYPES, "head", "resources", "CPU"), "CPU must be 0"),
    ("no mount", put("file_mounts", "~/stagegrid/trainable", value="trianable"), "trianable does not exist"),
    ("no token", drop("file_mounts", "~/.ray/auth_token"), "~/.ray/auth_token is missing"),
    (
        "token lost",
        put("file_mounts", "~/.ray/auth_token", value="~/x"),
        "~/x does not exist; make it: (umask",
    ),
    (
        "dashboard unsaid",
        rewrite(HEAD, "--dashboard-host=127.0.0.1", ""),
        f"{HEAD}: `ray start --head` needs",
    ),
    ("dashboard open", rewrite(HEAD, "127.0.0.1", "0.0.0.0"), f"{HEAD}: 0.0.0.0 opens"),
    ("dashboard by name", rewrite(HEAD, "=127.0.0.1", "=127.0.0.10"), "needs --dashboard-host=127.0.0.1"),
    ("dashboard IPv6", rewrite(HEAD, "127.0.0.1", "::"), "needs --dashboard-host=127.0.0.1"),
    ("Ray's own start", drop(HEAD), "0.0.0.0"),
    (
        "open in setup",
        put(INSTALL, value=["nc -l 0.0.0.0 # cluster/constraints.txt"]),
        "setup_commands: 0.0.0.0",
    ),
    ("head without token", rewrite(HEAD, "RAY_AUTH_MODE=token ", ""), f"{HEAD}: write RAY_AUTH_MODE=token"),
    ("worker without token", rewrite(WORKER, "=token", "=disabled"), f"{WORKER}: write RAY_AUTH_MODE=token"),
    ("no pins", rewrite(INSTALL, "--constraint ~/stagegrid/cluster/constraints.txt", ""), "--constraint"),
    ("another python", rewrite(INSTALL, "python3.11", "python3.12"), "python 3.12, but stagegrid"),
    ("another ray", rewrite(INSTALL, "--editable", "'ray[default]==2.9.3' -e"), "setup_commands: ray 2.9.3"),
    ("another torch", rewrite(INSTALL, "--editable", "torch==2.12.1 -e"), "setup_commands: torch 2.12.1"),
    (
        "another image",
        put("docker", value={"image": "rayproject/ray:2.9.3-py311-gpu", "container_name": "c"}),
        "docker.image: ray 2.9.3",
    ),
    (
        "another image's python",
        put("docker", value={"image": "rayproject/ray:2.60.0-py310-gpu", "container_name": "c"}),
        "docker.image: python 3.10",
    ),
    (
        "in a node type",
        put(TYPES, "g6", "worker_setup_commands", value=["pip install torch==1.0"]),
        f"{TYPES}.g6.worker_setup_commands: torch 1.0",
    ),
]


@pytest.mark.parametrize(("change", "message"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_fault_is_named_with_file_and_key(
    change: Callable[[Config], None], message: str, tmp_path: Path
) -> None:
    config = copy.deepcopy(load("gpu.yaml"))
    change(config)
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        check(config, tmp_path)
    assert all(line.startswith(f"{tmp_path / 'broken.yaml'}: ") for line in str(error.value).splitlines())


LOCAL_FAULTS = [
    ("ray stop", put(HEAD, value=["ray stop", *LOCAL[HEAD]]), "ends every Ray of this machine"),
    ("Ray's own start", drop(HEAD), "ends every Ray of this machine"),
    ("no address", drop("provider", "head_ip"), "provider.head_ip: missing"),
    ("node types", put(TYPES, value={}), "provider local has none"),
    (
        "typo",
        put("provider", "worker_ip", value=[]),
        "provider.worker_ip: unknown key, did you mean worker_ips?",
    ),
]


@pytest.mark.parametrize(
    ("change", "message"), [f[1:] for f in LOCAL_FAULTS], ids=[f[0] for f in LOCAL_FAULTS]
)
def test_a_fault_of_a_cluster_on_this_machine(
    change: Callable[[Config], None], message: str, tmp_path: Path
) -> None:
    config = copy.deepcopy(LOCAL)
    change(config)
    with pytest.raises(ValueError, match=re.escape(message)):
        check(config, tmp_path)


def test_several_faults_are_told_at_once(tmp_path: Path) -> None:
    config = load("gpu.yaml")
    config[TYPES]["head"]["resources"]["CPU"] = 4
    config["file_mounts"]["~/x"] = "nowhere"
    with pytest.raises(ValueError, match="nowhere does not exist") as error:
        check(config, tmp_path)
    assert "CPU must be 0" in str(error.value)


def test_a_token_that_others_can_read_is_refused(in_the_project: Path) -> None:
    (in_the_project / ".ray/auth_token").chmod(0o644)
    with pytest.raises(ValueError, match=r"others may read ~/.ray/auth_token: chmod 600"):
        check_cluster_file(CLUSTER / "gpu.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [("- a\n", "must be a mapping"), ("a: [\n", "line 2"), (None, "no such cluster file")],
)
def test_what_is_no_cluster_file(text: str | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError, match=message):
        check_cluster_file(path)


def test_elsewhere_the_pins_are_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="run this in the project's folder"):
        check(LOCAL, tmp_path)


# KubeRay ------------------------------------------------------------------------------------------------

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


# Metrics ------------------------------------------------------------------------------------------------

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
