"""Start a run on a cluster that `ray up` made, and leave it there."""

import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from orchestrator.files.addresses import refuse_placeholder
from orchestrator.settings.config_files import is_shipped
from orchestrator.settings.loading import load_experiment
from orchestrator.training.driver.cluster_file import check_cluster_file
from trainable.errors import UserError


def submit_run(
    cluster_file: Path, config: Path, out: str, data: str | None = None, assignments: Sequence[str] = ()
) -> str:
    """Check everything, bring the files to the cluster, start the run in a tmux session of its head.

    `out` and `data` are places as the machines of the cluster see them. Returns how to watch the run.

    Raises:
        UserError: the cluster file, the configuration or a place is wrong; or `ray` failed and said why.
    """
    checked = check_cluster_file(cluster_file)
    load_experiment(config, assignments)
    _check_places(out, data, checked["provider"]["type"] == "local")
    check_credentials(checked["provider"]["type"])
    there = str(config) if is_shipped(config) else path_on_cluster(config, checked["file_mounts"])
    command = run_command(there, out, data, assignments)
    for arguments in ray_commands(cluster_file, command):
        if subprocess.run(arguments, check=False).returncode:
            raise UserError(
                f"`{shlex.join(arguments)}` failed, see above; is the cluster up? ray up -y {cluster_file}"
            )
    return how_to_watch(cluster_file, out)


def _check_places(out: str, data: str | None, local: bool) -> None:
    refuse_placeholder("--out", out)
    if "://" not in out and not PurePosixPath(out).is_absolute():
        raise UserError(
            f"--out {out}: name object storage (s3://..., gs://...) or the absolute path of a folder that "
            "every machine of the cluster shares"
        )
    if data is None and not local:
        raise UserError(
            "--data: name the data set's folder, at the same path on every machine of the cluster"
        )
    if data is not None and not PurePosixPath(data).is_absolute():
        raise UserError(f"--data {data}: must be an absolute path on the machines of the cluster")


def path_on_cluster(path: Path, mounts: Mapping[str, str]) -> str:
    """Where file_mounts (remote path: local path) bring the local file `path`.

    Raises:
        UserError: no mount has it.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    for target, source in mounts.items():
        folder = Path(source).expanduser().resolve()
        if path.resolve().is_relative_to(folder):
            return str(PurePosixPath(target) / path.resolve().relative_to(folder))
    raise UserError(f"{path}: not in any folder of file_mounts ({', '.join(mounts.values())}): move it there")


def run_command(config: str, out: str, data: str | None, assignments: Sequence[str]) -> str:
    """The line that the head's shell reads; every argument arrives there as it was given here.

    Ray hands the line to the remote shell as it is. A ~/ that `config` begins with is that shell's to expand.
    """
    words = ["--out", out, *(["--data", data] if data is not None else [])]
    words += [word for assignment in assignments for word in ("--set", assignment)]
    home, rest = ("~/", config[2:]) if config.startswith("~/") else ("", config)
    return f"stagegrid run --config {home}{shlex.quote(rest)} {shlex.join(words)}"


def ray_commands(cluster_file: Path, command: str) -> list[list[str]]:
    """Argument lists: bring file_mounts to the machines that run, then start `command` on the head."""
    ray = str(Path(sys.executable).with_name("ray"))
    return [
        [ray, "rsync-up", "--all-nodes", str(cluster_file)],
        [ray, "exec", "--tmux", str(cluster_file), command],
    ]


def how_to_watch(cluster_file: Path, out: str) -> str:
    """What to type next."""
    status = shlex.join(["stagegrid", "status", out])
    file = shlex.quote(str(cluster_file))
    if "://" not in out:
        status = f"ray exec {file} {shlex.quote(status)}"
    return (
        f"progress:   {status}\n"
        f"dashboard:  ray dashboard {file}   (then http://127.0.0.1:8265)\n"
        f"terminal:   ray attach --tmux {file}"
    )


def check_credentials(provider: str) -> None:
    """Refuse a cloud for which no credentials are here; nothing is sent to it.

    Raises:
        UserError: says how to get some.
    """
    if check := CHECKS.get(provider):
        check()


def _aws() -> None:
    if find_spec("boto3") is None:
        raise UserError("boto3 is missing: pip install -c cluster/constraints.txt boto3")
    import boto3  # type: ignore[import-untyped, unused-ignore]

    if boto3.Session().get_credentials() is None:
        raise UserError(
            "no AWS credentials are here: `aws configure` makes some, or set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        )


def _gcp() -> None:
    if find_spec("googleapiclient") is None:
        raise UserError(
            "google-api-python-client is missing: pip install google-api-python-client google-auth"
        )
    import google.auth  # type: ignore[import-not-found, unused-ignore]

    try:
        google.auth.default()
    except google.auth.exceptions.DefaultCredentialsError as error:
        raise UserError(
            "no Google Cloud credentials are here: `gcloud auth application-default login` makes some"
        ) from error


CHECKS: dict[str, Callable[[], None]] = {"aws": _aws, "gcp": _gcp}
