"""The YAML file of `ray up`, checked without a cloud: Ray's own schema, and what it lets through."""

import contextlib
import io
import json
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import ray.autoscaler
import yaml

from trainable.errors import UserError, did_you_mean

Config = dict[str, Any]

CONSTRAINTS = Path("cluster/constraints.txt")
PROVIDER_KEYS = {
    "aws": {
        "type",
        "region",
        "availability_zone",
        "cache_stopped_nodes",
        "use_internal_ips",
        "use_external_head_ip",
        "security_group",
        "cloudwatch",
        "aws_credentials",
    },
    "gcp": {
        "type",
        "region",
        "availability_zone",
        "project_id",
        "use_internal_ips",
        "use_external_head_ip",
        "gcp_credentials",
    },
    "local": {"type", "head_ip", "worker_ips", "coordinator_address", "external_head_ip"},
}
"""What Ray's node providers read; its schema takes any key here. Other providers are not checked."""
COMMANDS = (
    "initialization_commands",
    "setup_commands",
    "head_setup_commands",
    "worker_setup_commands",
    "head_start_ray_commands",
    "worker_start_ray_commands",
)
PINS = (
    re.compile(r"(?P<name>ray|torch)(?:\[[\w,-]+\])?==(?P<version>[\w.+]+)"),
    re.compile(r"(?P<name>ray):(?P<version>\d+\.\d+\.\d+)"),
    re.compile(r"(?P<name>py(?:thon)?)[ =]?(?P<version>3\.?\d+)"),  # python3.11, python=3.11, image tag py311
)
PYTHONS = ("3.11", "3.12", "3.13")
"""Those of pyproject.toml."""
DASHBOARD = re.compile(r"--dashboard-host[= ]127\.0\.0\.1(?![\w.])")
MAKE_TOKEN = (
    "make it: (umask 077; mkdir -p ~/.ray; python -c "
    "\"import secrets; print(secrets.token_hex(32), end='')\" > ~/.ray/auth_token)"
)


def check_cluster_file(path: Path) -> Config:
    """The cluster of `path` as Ray completes it with its defaults.

    Call it in the project's folder: sources of file_mounts are relative to the working directory, in Ray too.

    Raises:
        UserError: names the file and every key that is wrong.
    """
    given = _read(path)
    _refuse(path, [*_missing(given), *_unknown_provider_keys(given)])
    prepared = _as_ray_reads_it(path, given)
    problems = [*_mounts(given), *_texts(prepared), *_pins(prepared), *_dashboard(prepared)]
    _refuse(path, [*problems, *(_of_this_machine(prepared) if _is_local(given) else _of_a_cloud(prepared))])
    return prepared


def _read(path: Path) -> Config:
    if not path.is_file():
        raise UserError(f"{path}: no such cluster file")
    try:
        content = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise UserError(f"{path}: {error}") from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: must be a mapping, as `ray up` reads it")
    return content


def _refuse(path: Path, problems: list[str]) -> None:
    if problems:
        raise UserError("\n".join(f"{path}: {problem}" for problem in problems))


def _is_local(config: Config) -> bool:
    return bool(config["provider"]["type"] == "local")


def _missing(given: Config) -> Iterator[str]:
    """What Ray would fill in, or die of without saying where."""
    provider = given.get("provider")
    if not isinstance(provider, dict) or "type" not in provider:
        yield "provider: must say a type, such as {type: aws}"
        return
    needed = ["cluster_name", "auth"]
    if _is_local(given):
        yield from (f"provider.{key}: missing" for key in ("head_ip", "worker_ips") if key not in provider)
        if "available_node_types" in given:
            yield "available_node_types: provider local has none, leave it out"
    else:
        needed += ["max_workers", "available_node_types", "head_node_type"]
    yield from (f"{key}: missing" for key in needed if key not in given)


def _unknown_provider_keys(given: Config) -> Iterator[str]:
    provider = given.get("provider")
    known = PROVIDER_KEYS.get(provider["type"]) if isinstance(provider, dict) and "type" in provider else None
    if known:
        yield from (f"provider.{_unknown(key, known)}" for key in provider if key not in known)  # type: ignore[union-attr]


def _unknown(key: str, known: set[str]) -> str:
    return f"{key}: unknown key{did_you_mean(key, known, least=0)}"


def _as_ray_reads_it(path: Path, given: Config) -> Config:
    """Ray's own checks. The one place that uses its private functions: they are what `ray up` calls."""
    from ray.autoscaler._private.util import prepare_config, validate_config

    schema = json.loads((Path(ray.autoscaler.__file__).parent / "ray-schema.json").read_text())
    try:
        jsonschema.validate(given, schema)  # first, for prepare_config trusts the types
        with _quiet():
            prepared: Config = prepare_config(given)
            validate_config(prepared)
    except jsonschema.ValidationError as error:
        raise UserError(f"{path}: {_explain(error)}") from error
    except (ValueError, NotImplementedError) as error:
        raise UserError(f"{path}: {error}") from error
    return prepared


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Ray talks about defaults and docker here, even where there is no docker."""
    logger = logging.getLogger("ray.autoscaler")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)


def _explain(error: jsonschema.ValidationError) -> str:
    where = ".".join(str(key) for key in error.absolute_path)
    known = error.schema.get("properties") if isinstance(error.schema, Mapping) else None
    if error.validator == "additionalProperties" and known:
        unknown = next(key for key in error.instance if key not in known)
        return ".".join(filter(None, [where, _unknown(unknown, set(known))]))
    return f"{where or 'the file'}: {error.message}"


def _mounts(given: Config) -> Iterator[str]:
    """Ray finds out about a missing source when the head is up and paid for."""
    for target, source in given.get("file_mounts", {}).items():
        path, token = Path(source).expanduser(), target.endswith("auth_token")
        if not path.exists():
            yield f"file_mounts.{target}: {source} does not exist" + (f"; {MAKE_TOKEN}" if token else "")
        elif token and path.stat().st_mode & 0o077:
            yield f"file_mounts.{target}: others may read {source}: chmod 600 {source}"


def _commands(prepared: Config) -> Iterator[tuple[str, str]]:
    """Every shell command with its key; Ray has put setup_commands before those of head and workers too."""
    setup = prepared.get("setup_commands", [])
    for key in COMMANDS:
        for command in prepared.get(key, []):
            if key == "setup_commands" or command not in setup:
                yield key, command
    for name, node in prepared["available_node_types"].items():
        for key in ("initialization_commands", "worker_setup_commands"):
            yield from ((f"available_node_types.{name}.{key}", command) for command in node.get(key, []))


def _texts(prepared: Config) -> Iterator[str]:
    for key, command in _commands(prepared):
        if "0.0.0.0" in command:
            yield f"{key}: 0.0.0.0 opens a port to everyone in `{command}`"


def _pins(prepared: Config) -> Iterator[str]:
    """One Ray and one torch on laptop, head and workers; one Python on head and workers."""
    pinned, pythons = _pinned_versions(), dict[str, str]()
    images = [(f"docker.{key}", text) for key, text in prepared.get("docker", {}).items() if "image" in key]
    for key, text in [*_commands(prepared), *images]:
        for match in (found for pin in PINS for found in pin.finditer(text)):
            name, version = match["name"], match["version"]
            if name.startswith("py"):
                version = f"3.{version[1:].lstrip('.')}"
                pythons.setdefault(version, key)
                if version not in PYTHONS:
                    yield f"{key}: python {version}, but stagegrid runs on {', '.join(PYTHONS)}"
            elif version != pinned[name]:
                yield f"{key}: {name} {version}, but stagegrid is tested with {pinned[name]} ({CONSTRAINTS})"
    if len(pythons) > 1:
        found = ", ".join(f"{version} in {key}" for version, key in pythons.items())
        yield f"two versions of python on one cluster ({found}): write the same"


def _pinned_versions() -> dict[str, str]:
    if not CONSTRAINTS.is_file():
        raise UserError(f"{CONSTRAINTS}: not found: run this in the project's folder")
    lines = [line.partition("==") for line in CONSTRAINTS.read_text().splitlines()]
    return {name: version for name, _, version in lines if name in ("ray", "torch")}


def _starts(prepared: Config, key: str) -> list[str]:
    return [command for command in prepared.get(key, []) if "ray start" in command]


def _dashboard(prepared: Config) -> Iterator[str]:
    key = "head_start_ray_commands"
    starts = _starts(prepared, key)
    if not starts or not all(DASHBOARD.search(command) for command in starts):
        yield f"{key}: `ray start --head` needs --dashboard-host=127.0.0.1 (`ray dashboard` uses ssh)"


def _of_this_machine(prepared: Config) -> Iterator[str]:
    for key, command in _commands(prepared):
        if "ray stop" in command:
            yield f"{key}: `ray stop` ends every Ray of this machine, leave it out"


def _of_a_cloud(prepared: Config) -> Iterator[str]:
    head = prepared["head_node_type"]
    if prepared["available_node_types"][head]["resources"].get("CPU") != 0:
        yield f"available_node_types.{head}.resources: CPU must be 0, the head trains nothing"
    if not any(str(CONSTRAINTS) in command for command in prepared["setup_commands"]):
        yield f"setup_commands: install stagegrid with --constraint .../{CONSTRAINTS}"
    if not any(target.endswith(".ray/auth_token") for target in prepared["file_mounts"]):
        yield "file_mounts: ~/.ray/auth_token is missing, nodes without it cannot join"
    for key in ("head_start_ray_commands", "worker_start_ray_commands"):
        if any("RAY_AUTH_MODE=token" not in command for command in _starts(prepared, key)):
            yield f"{key}: write RAY_AUTH_MODE=token before `ray start`, or anybody in the network may use it"
