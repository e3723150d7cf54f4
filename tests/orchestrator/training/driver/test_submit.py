"""What `stagegrid submit` types, read by real shells."""

import json
import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ray.autoscaler._private.command_runner import _with_interactive

from orchestrator.training.driver import submit
from orchestrator.training.driver.submit import (
    check_credentials,
    how_to_watch,
    path_on_cluster,
    ray_commands,
    run_command,
    submit_run,
)
from tests.places import ROOT
from trainable.errors import UserError

NASTY = [
    "name=a b",
    "name='$HOME'",
    'name="$(touch /x)"',
    "a=`ls`",
    r"a=\n",
    "seeds=[0, 1]",
    "a=*;#&|<>",
    "é=~",
]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Programs: `stagegrid` notes its arguments; `ray` runs its last one in a shell, as ssh does."""
    programs = tmp_path / "bin"
    programs.mkdir()
    note = "import json, sys, pathlib; pathlib.Path(sys.argv[1]).write_text(json.dumps(sys.argv[2:]))"
    write(programs / "stagegrid", f'exec {sys.executable} -c "{note}" {tmp_path}/got "$@"')
    write(programs / "ray", 'for last; do :; done\nexec sh -c "$last"')
    return tmp_path


def write(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def shell(machine: Path, line: str) -> list[str]:
    """Arguments that reach `stagegrid` when `line` is typed."""
    environment = {"PATH": f"{machine / 'bin'}:{os.environ['PATH']}", "HOME": str(machine)}
    subprocess.run(["sh", "-c", line], env=environment, check=True, cwd=machine, stderr=subprocess.DEVNULL)
    got = json.loads((machine / "got").read_text())
    assert isinstance(got, list)
    return got


def test_arguments_survive_two_shells(machine: Path) -> None:
    command = run_command("~/stagegrid/configs/my paper.yaml", "s3://b/a run", "/mnt/$data", NASTY)
    _, execute = ray_commands(Path("cluster/gpu.yaml"), command)
    typed = shlex.join(["ray", *execute[1:]])
    got = shell(machine, typed)
    assert got[:7] == [
        "run",
        "--config",
        f"{machine}/stagegrid/configs/my paper.yaml",
        "--out",
        "s3://b/a run",
        "--data",
        "/mnt/$data",
    ]
    assert got[7:] == [word for text in NASTY for word in ("--set", text)]


def test_arguments_survive_what_ray_makes_of_the_line(machine: Path) -> None:
    (machine / ".bashrc").write_text(f"export PATH={machine / 'bin'}:$PATH\n")
    command = run_command("/p/c.yaml", "/out", None, NASTY)
    # As `ray exec --tmux`: the line quoted for the bash that tmux starts, then for the login shell, then ssh.
    in_tmux = f"bash -c {shlex.quote(command)}"
    got = shell(machine, " ".join(_with_interactive(in_tmux)))  # type: ignore[no-untyped-call]
    assert got == ["run", "--config", "/p/c.yaml", "--out", "/out", *[w for t in NASTY for w in ("--set", t)]]


@settings(max_examples=200)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)))
def test_any_text_is_one_word(texts: list[str]) -> None:
    words = shlex.split(run_command("~/c.yaml", "s3://b", None, texts))
    assert words == [
        *["stagegrid", "run", "--config", "~/c.yaml", "--out", "s3://b"],
        *[w for t in texts for w in ("--set", t)],
    ]


def test_mounts_say_where_a_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/a.yaml").touch()
    (tmp_path / "b.yaml").touch()
    mounts = {"~/p/configs": "configs", "/there/b.yaml": "b.yaml"}
    assert path_on_cluster(Path("configs/a.yaml"), mounts) == "~/p/configs/a.yaml"
    assert path_on_cluster(tmp_path / "configs/a.yaml", mounts) == "~/p/configs/a.yaml"
    assert path_on_cluster(Path("b.yaml"), mounts) == "/there/b.yaml"
    (tmp_path / "c.yaml").touch()
    with pytest.raises(ValueError, match=r"c.yaml: not in any folder of file_mounts \(configs, b.yaml\)"):
        path_on_cluster(Path("c.yaml"), mounts)
    with pytest.raises(ValueError, match=r"d.yaml: no such file"):
        path_on_cluster(Path("d.yaml"), mounts)


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Calls of `ray` instead of a cloud; in the project's folder, with a token."""
    made: list[list[str]] = []

    def run(arguments: list[str], check: bool) -> subprocess.CompletedProcess[str]:
        made.append(arguments)
        return subprocess.CompletedProcess(arguments, 0)

    (tmp_path / "home/.ray").mkdir(parents=True)
    (tmp_path / "home/.ray/auth_token").touch(mode=0o600)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(submit.subprocess, "run", run)  # type: ignore[attr-defined]
    return made


GPU, PAPER = Path("cluster/gpu.yaml"), Path("configs/paper.yaml")


def test_submit_syncs_then_starts_in_tmux(calls: list[list[str]]) -> None:
    told = submit_run(GPU, PAPER, "s3://bucket/paper", "/mnt/data", ["seeds=[0, 1]"])
    ray = str(Path(sys.executable).parent / "ray")
    assert calls[0] == [ray, "rsync-up", "--all-nodes", "cluster/gpu.yaml"]
    assert calls[1][:4] == [ray, "exec", "--tmux", "cluster/gpu.yaml"]
    assert calls[1][4] == (
        "stagegrid run --config ~/stagegrid/configs/paper.yaml "
        "--out s3://bucket/paper --data /mnt/data --set 'seeds=[0, 1]'"
    )
    assert told.splitlines() == [
        "progress:   stagegrid status s3://bucket/paper",
        "dashboard:  ray dashboard cluster/gpu.yaml   (then http://127.0.0.1:8265)",
        "terminal:   ray attach --tmux cluster/gpu.yaml",
    ]


def test_on_a_shared_folder_the_head_is_asked() -> None:
    assert "ray exec c.yaml 'stagegrid status /mnt/run'" in how_to_watch(Path("c.yaml"), "/mnt/run")


@pytest.mark.parametrize(
    ("config", "out", "data", "assignments", "message"),
    [
        (PAPER, "runs/paper", "/d", (), "--out runs/paper: name object storage"),
        (PAPER, "s3://YOUR-BUCKET/p", "/d", (), "YOUR-BUCKET stands for your bucket"),
        (PAPER, "s3://b/p", None, (), "--data: name the data set's folder"),
        (PAPER, "s3://b/p", "FSDKaggle2019", (), "--data FSDKaggle2019: must be an absolute path"),
        (PAPER, "s3://b/p", "/d", ("fols=2",), "fols: unknown key, did you mean folds?"),
        (Path("configs/none.yaml"), "s3://b/p", "/d", (), "configs/none.yaml: no such"),
    ],
)
def test_nothing_is_sent_where_something_is_wrong(
    calls: list[list[str]],
    config: Path,
    out: str,
    data: str | None,
    assignments: tuple[str, ...],
    message: str,
) -> None:
    with pytest.raises(ValueError, match=message):
        submit_run(GPU, config, out, data, assignments)
    assert not calls


def test_a_wrong_cluster_file_sends_nothing(calls: list[list[str]], tmp_path: Path) -> None:
    content = yaml.safe_load(GPU.read_text())
    content["max_worker"] = 8
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(ValueError, match="max_worker: unknown key"):
        submit_run(tmp_path / "c.yaml", PAPER, "s3://b/p", "/d")
    assert not calls


def test_a_failure_of_ray_is_told_and_ends_it(
    calls: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(arguments: list[str], check: bool) -> subprocess.CompletedProcess[str]:
        calls.append(arguments)
        return subprocess.CompletedProcess(arguments, 1)

    monkeypatch.setattr(submit.subprocess, "run", fail)  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"rsync-up.* failed, see above; is the cluster up\? ray up -y"):
        submit_run(GPU, PAPER, "s3://b/p", "/d")
    assert len(calls) == 1


def test_who_has_no_aws_credentials_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked of a cloud."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UserError, match="no AWS credentials are here: `aws configure`"):
        check_credentials("aws")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    check_credentials("aws")
    check_credentials("local")


@pytest.mark.parametrize(("provider", "package"), [("aws", "boto3"), ("gcp", "google-api-python-client")])
def test_a_missing_client_is_named(provider: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submit, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=f"{package} is missing: pip install"):
        check_credentials(provider)
