"""States of a fold: whatever happens to a file, only what was written is ever loaded."""

from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.files.store import Store
from orchestrator.legs.artifacts import PREVIOUS_STATE, STATE
from orchestrator.legs.state_files import HEADER, read_states, state_of, write_state


def state(iteration: int) -> dict[str, object]:
    return {"iteration": iteration, "model": {"w": torch.full((50,), float(iteration))}}


def iterations(store: Store) -> list[int]:
    return [found["iteration"] for found in read_states(store)]


def test_the_last_two_are_kept(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    assert iterations(store) == []
    for iteration in (1, 2, 3):
        write_state(store, state(iteration))
    assert iterations(store) == [3, 2]
    assert sorted(store.names()) == sorted([STATE, PREVIOUS_STATE])


def test_a_kill_between_the_two_renames_loses_no_state(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    write_state(store, state(1))
    store.rename(STATE, PREVIOUS_STATE)
    assert iterations(store) == [1]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_cut_state_falls_back_to_the_one_before(
    tmp_path: Path, share: float, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store.open(tmp_path)
    write_state(store, state(1))
    whole = write_state(store, state(2))
    store.write(STATE, whole[: int(share * len(whole))])
    assert iterations(store) == [1]
    assert f"{tmp_path}/{STATE} is passed over" in caplog.text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_never_loads(tmp_path: Path, place: float, bit: int) -> None:
    data = bytearray(write_state(Store.open(tmp_path), state(1)))
    data[int(place * len(data))] ^= 1 << bit
    with pytest.raises(ValueError, match=r"no state of this version|has changed"):
        state_of(bytes(data))


def test_a_state_never_runs_code(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (print, ("code ran",))

    store = Store.open(tmp_path)
    write_state(store, {"x": Evil()})
    assert iterations(store) == []


def test_what_torch_wrote_without_a_checksum_is_passed_over(tmp_path: Path) -> None:
    torch.save(state(1), tmp_path / STATE)
    store = Store.open(tmp_path)
    assert not store.read(STATE).startswith(HEADER)
    assert iterations(store) == []
