"""Who uses a cluster's CPUs; a real one in tests/integration/test_side_by_side.py."""

from typing import Any

import pytest
import ray
from ray._private.state import state

from orchestrator.training.driver.crowd import other_programs, shortage


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A cluster of four CPUs, one free; the test's own job is 01."""
    listed: list[dict[str, Any]] = [job("01", "mine")]

    class Context:
        def get_job_id(self) -> str:
            return "01"

    monkeypatch.setattr(ray, "get_runtime_context", Context)
    monkeypatch.setattr(state, "job_table", lambda: listed)
    monkeypatch.setattr(ray, "available_resources", lambda: {"CPU": 1.0})
    monkeypatch.setattr(ray, "cluster_resources", lambda: {"CPU": 4.0})
    return listed


def job(number: str, entrypoint: str, dead: bool = False) -> dict[str, Any]:
    return {"JobID": number, "Entrypoint": entrypoint, "DriverPid": 7, "DriverIPAddress": "h", "IsDead": dead}


def test_enough_is_not_talked_about(jobs: list[dict[str, Any]]) -> None:
    assert shortage({"CPU": 1.0}) is None


def test_what_is_short_and_whose_it_is(jobs: list[dict[str, Any]]) -> None:
    need = "no free CPUs (1 of 4 CPUs are free, 1.99 needed); "
    assert shortage({"CPU": 1.99}) == f"{need}no other program is at work there"
    jobs += [job("02", "python -c\n" + "x" * 200), job("03", "gone", dead=True)]
    jobs += [job("04", "python ray/dashboard/agent.py")]
    assert shortage({"CPU": 1.99}) == f"{need}at work there: python -c {'x' * 90}... (process 7 on h)"
    assert str(shortage({"CPU": 1.0, "GPU": 0.5})).startswith(
        "no free GPUs (0 of 0 GPUs are free, 0.5 needed)"
    )


def test_rays_own_list_of_jobs_is_where_it_was() -> None:
    """It is private."""
    assert callable(state.job_table)
    assert other_programs.__doc__
