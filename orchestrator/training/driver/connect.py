"""The Ray cluster: join the one that runs, or start one on this machine; and what it offers."""

import logging
import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

import ray
from ray.job_config import JobConfig

from orchestrator.files import signals
from orchestrator.files.store import Store
from orchestrator.legs.allocation import Node
from orchestrator.settings.tree import Resources
from orchestrator.training import ray_private
from orchestrator.training.driver.cluster_file import machines_of
from orchestrator.training.driver.head_watch import watch_head
from trainable.errors import UserError

KNOCK_SECONDS = 10.0


def connect(about: Mapping[str, str]) -> str:
    """Join the cluster of RAY_ADDRESS, or the one that `ray start` began here, or start a local one.

    `about` tells people who look at the cluster's jobs what this one is: no secrets. Returns what it did, in
    words. Connected already: stays so. A Ray that another program has started for itself is left alone.

    Raises:
        UserError: RAY_ADDRESS names a cluster that does not answer.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # Tune imports it: it would write to ~/.config
    for name, value in ray_private.OPTIONS.items():
        os.environ.setdefault(name, value)
    if ray.is_initialized():
        return "on the Ray cluster that is connected"
    job = JobConfig(metadata=dict(about), ray_namespace="stagegrid")
    address = os.environ.get("RAY_ADDRESS") or "auto"
    if address == "auto":
        address = _answering(ray_private.begun_address()) or "local"
    if address == "local":
        _start_local(job)
        where = "on a local Ray"
    else:
        where = _join(address, job)
    watch_head()
    return where


def _answering(begun: str | None) -> str | None:
    """The address, unless nobody answers there: a `ray start` that was killed leaves it behind."""
    try:
        _knock(begun or "")
    except OSError:
        return None
    return begun


def _join(address: str, job: JobConfig) -> str:
    try:
        _knock(address)
        with signals.in_foreign_hands():
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, job_config=job)
    except OSError as error:
        given = os.environ.get("RAY_ADDRESS")
        named = f"RAY_ADDRESS={given}" if given else f"{address}, which `ray start` began"
        raise UserError(
            f"no Ray cluster answers at {named} ({error}); if it asks for a token, "
            "set RAY_AUTH_MODE=token and copy its token file; for a Ray of its own set RAY_ADDRESS=local"
        ) from error
    signals.at_end(ray.shutdown)  # it learns of our end; a Ray of our own is ended with us
    return f"on the Ray cluster at {ray.get_runtime_context().gcs_address}"


def _knock(address: str) -> None:
    """Ray itself takes minutes to find out that nobody is at host:port."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdigit() and "://" not in address:
        socket.create_connection((host, int(port)), KNOCK_SECONDS).close()


def _start_local(job: JobConfig) -> None:
    _protect_token()
    # Without the dashboard a dead Train controller keeps its placement group for ever.
    with signals.in_foreign_hands():
        ray.init(
            address="local",
            include_dashboard=True,
            dashboard_host="127.0.0.1",
            log_to_driver=False,
            logging_level=logging.ERROR,
            job_config=job,
        )


def _protect_token() -> None:
    """Where nobody has chosen, Ray asks for a token: make its file before Ray does, for its owner alone."""
    if "RAY_AUTH_MODE" in os.environ:
        return
    path = Path.home() / ".ray" / "auth_token"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))


def dashboard() -> str:
    """Address of the cluster's dashboard page, and what it asks for; the token itself is never shown."""
    url = ray_private.dashboard_url()
    if not url:
        return "off"
    asks = os.environ.get("RAY_AUTH_MODE") == "token"
    return f"http://{url}" + (" (it asks for a token: `ray get-auth-token` prints it)" if asks else "")


def largest(resources: Resources) -> list[Node]:
    """What the machines offer of a cluster that grows on demand, when it is at its largest; else nothing."""
    stated = [Node(kind.cpus, kind.gpus) for kind in resources.machines for _ in range(kind.count)]
    port, begun = ray.get_runtime_context().gcs_address.rpartition(":")[2], ray_private.begun_address()
    config = ray_private.autoscaler_config() if begun and begun.endswith(f":{port}") else None
    return stated or (machines_of(config) if config else [])


def nodes() -> list[Node]:
    """What the nodes offer that are up."""
    offers = [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
    return [Node(offer.get("CPU", 0.0), offer.get("GPU", 0.0)) for offer in offers]


def hosts() -> dict[str, str]:
    """Names of the machines that are up, by Ray's id of their nodes."""
    alive = [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
    return {node["NodeID"]: node["NodeManagerHostname"] for node in alive}


def shortage(needed: Mapping[str, float]) -> str | None:
    """A line where less of a resource is free on the cluster than `needed`; None: there is enough."""
    free: dict[str, float] = ray.available_resources()  # type: ignore[no-untyped-call]
    total: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    missing = [name for name, amount in needed.items() if free.get(name, 0.0) < amount]
    shown = ", ".join(
        f"{free.get(name, 0.0):g} of {total.get(name, 0.0):g} {name}s are free, {needed[name]:g} needed"
        for name in missing
    )
    return f"no free {missing[0]}s ({shown})" if missing else None


def check_storage(out: Store, machines: int, shared_path: bool) -> None:
    """Refuse a path of one machine for a run on several.

    Raises:
        UserError: says how the machines can share results.
    """
    if out.is_local and machines > 1 and not shared_path:
        raise UserError(
            f"{out} is a path of this machine, and the cluster has {machines}: name object storage with "
            "--out s3://... or gs://..., or set resources.shared_path to true where all share that path"
        )
