"""A driver's lines in the log folder of Ray; in the dashboard: tests/integration/test_ray_start.py."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import ray

from orchestrator.training.driver.job_log import job_log


def test_lines_are_added_and_a_full_disk_is_no_reason_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = tmp_path / "logs"
    node = SimpleNamespace(get_logs_dir_path=lambda: str(logs))
    monkeypatch.setattr(ray.worker, "global_worker", SimpleNamespace(node=node))
    monkeypatch.setattr(ray, "get_runtime_context", lambda: SimpleNamespace(get_job_id=lambda: "07000000"))
    write = job_log()
    write("no such folder")
    logs.mkdir()
    write("one")
    write("two")
    assert (logs / "job-driver-07000000-stagegrid.log").read_text() == "one\ntwo\n"
