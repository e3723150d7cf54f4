"""What a killed Train controller leaves reserved is given back, so that its trial's next start finds room.

Ray has a helper for that, but it must find the dashboard, and must have been told of the group. Where a
second Ray runs on the machine, or the controller dies while its workers start, the group keeps its CPUs until
the job ends, and the grid would wait for them for ever.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import ray
from ray._private.state import state
from ray._raylet import ActorID, PlacementGroupID
from ray.core.generated.gcs_pb2 import PlacementGroupTableData  # type: ignore[attr-defined]
from ray.util.placement_group import PlacementGroup, remove_placement_group

LOOK_SECONDS = 2.0


@contextmanager
def stale_groups_dropped() -> Iterator[None]:
    """Look for such groups of this job again and again while the block runs."""
    over = Event()

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            drop_stale_groups()

    looking = Thread(target=look, daemon=True)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()


def drop_stale_groups() -> list[str]:
    """Remove the placement groups of this job whose actor is dead; their ids in hex."""
    stale = [group for group in _groups() if _is_stale(group)]
    for group in stale:
        remove_placement_group(PlacementGroup(PlacementGroupID(group.placement_group_id)))
    return [group.placement_group_id.hex() for group in stale]


def _groups() -> list[PlacementGroupTableData]:
    """All that the cluster knows, with their creators, which Ray's public table leaves out."""
    accessor = state._connect_and_get_accessor()
    return [PlacementGroupTableData.FromString(raw) for raw in accessor.get_placement_group_table()]


def _is_stale(group: PlacementGroupTableData) -> bool:
    return (
        group.creator_job_id.hex() == ray.get_runtime_context().get_job_id()
        and ActorID(group.creator_actor_id) != ActorID.nil()  # a driver's is Tune's own
        and group.creator_actor_dead
        and group.state != PlacementGroupTableData.REMOVED
    )
