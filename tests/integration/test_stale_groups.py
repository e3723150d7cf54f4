"""A killed actor's placement group is given back, nobody else's."""

import logging
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
import ray
from ray.util.placement_group import PlacementGroup, placement_group, placement_group_table

from orchestrator.training.ray_private import drop_stale_groups, stale_groups_dropped
from tests.integration.programs import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """Without a dashboard Ray's own helper cannot see that an actor is dead."""
    ray.init(
        address="local", num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR
    )
    yield
    ray.shutdown()


class Owner:
    """As Ray Train's controller does: reserves a place for its workers."""

    def reserve(self) -> tuple[int, str]:
        self.group = reserved()
        return os.getpid(), self.group.id.hex()


def reserved() -> PlacementGroup:
    group: PlacementGroup = placement_group([{"CPU": 1}])
    ray.get(group.ready())
    return group


def owner() -> tuple[Any, int, str]:
    actor: Any = ray.remote(num_cpus=0)(Owner).remote()
    return actor, *ray.get(actor.reserve.remote())


def state(group: str) -> str:
    return str(placement_group_table()[group]["state"])


def test_the_group_of_a_dead_actor_is_removed_and_no_other() -> None:
    own = reserved().id.hex()
    _living, _, kept = owner()
    _dead, pid, stale = owner()
    assert drop_stale_groups() == []
    os.kill(pid, signal.SIGKILL)
    dropped: list[str] = []

    def drop() -> bool:
        dropped.extend(drop_stale_groups())
        return bool(dropped)

    wait_for(drop, "the stale group", 30)
    assert dropped == [stale]
    assert state(stale) == "REMOVED"
    assert (state(own), state(kept)) == ("CREATED", "CREATED")
    assert drop_stale_groups() == []


def test_a_block_keeps_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.training.ray_private.LOOK_SECONDS", 0.1)
    _dead, pid, stale = owner()
    with stale_groups_dropped():
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: state(stale) == "REMOVED", "the stale group", 30)
