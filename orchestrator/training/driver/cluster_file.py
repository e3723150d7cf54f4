"""The YAML file of `ray up`, checked without a cloud: Ray's own schema, and what it finds out too late."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import yaml

from orchestrator.legs.allocation import Node
from orchestrator.training import ray_private
from trainable.errors import UserError, did_you_mean

Config = dict[str, Any]

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
    try:
        jsonschema.validate(given, ray_private.cluster_schema())
        prepared = ray_private.prepared_cluster(given)
    except jsonschema.ValidationError as error:
        raise UserError(f"{path}: {_explain(error)}") from error
    except (ValueError, NotImplementedError) as error:
        raise UserError(f"{path}: {error}") from error
    if problems := list(_mounts(given)):
        raise UserError("\n".join(f"{path}: {problem}" for problem in problems))
    return prepared


def _read(path: Path) -> Config:
    """The file's content, with the keys that Ray needs to say what is wrong with the others."""
    if not path.is_file():
        raise UserError(f"{path}: no such cluster file")
    try:
        content = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise UserError(f"{path}: {error}") from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: must be a mapping, as `ray up` reads it")
    if missing := [key for key in ("cluster_name", "provider", "auth") if not content.get(key)]:
        raise UserError(f"{path}: {missing[0]}: missing")
    return content


def _explain(error: jsonschema.ValidationError) -> str:
    where = ".".join(str(key) for key in error.absolute_path)
    known = error.schema.get("properties") if isinstance(error.schema, Mapping) else None
    if error.validator == "additionalProperties" and known:
        unknown = next(key for key in error.instance if key not in known)
        key = ".".join(filter(None, [where, unknown]))
        return f"{key}: unknown key{did_you_mean(unknown, set(known), least=0)}"
    return f"{where or 'the file'}: {error.message}"


def _mounts(given: Config) -> Iterator[str]:
    """Ray finds out about a missing source when the head is up and paid for."""
    for target, source in given.get("file_mounts", {}).items():
        path, token = Path(source).expanduser(), target.endswith("auth_token")
        if not path.exists():
            yield f"file_mounts.{target}: {source} does not exist" + (f"; {MAKE_TOKEN}" if token else "")
        elif token and path.stat().st_mode & 0o077:
            yield f"file_mounts.{target}: others may read {source}: chmod 600 {source}"


def machines_of(prepared: Config) -> list[Node]:
    """Head and workers of a cluster at its largest; none where its file tells no CPUs.

    Where the types' own limits add up to more than the cluster's, the types that come first are taken.
    """
    machines, room = [], prepared["max_workers"]
    for name, kind in prepared["available_node_types"].items():
        workers = min(kind.get("max_workers", room), room)
        room -= workers
        offers = kind.get("resources", {})
        node = Node(offers.get("CPU", 0), offers.get("GPU", 0))
        machines += [node] * (workers + (name == prepared["head_node_type"]))
    return machines if any(node.cpus for node in machines) else []
