"""A fold's folder: whatever happens to a state, only what was written is ever loaded."""

from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.files.store import Store
from orchestrator.legs.artifacts import PREVIOUS_STATE, STATE
from orchestrator.legs.fold_folder import HEADER, FoldFolder, state_of


def state(iteration: int) -> dict[str, object]:
    return {"iteration": iteration, "model": {"w": torch.full((50,), float(iteration))}}


def iterations(fold: FoldFolder) -> list[int]:
    return [state["iteration"] for state in fold.states()]


def test_the_last_two_are_kept(tmp_path: Path) -> None:
    fold = FoldFolder(Store.open(tmp_path))
    assert iterations(fold) == []
    for iteration in (1, 2, 3):
        fold.write_state(state(iteration))
    assert iterations(fold) == [3, 2]
    assert sorted(fold.store.names()) == sorted([STATE, PREVIOUS_STATE])


def test_a_kill_between_the_two_renames_loses_no_state(tmp_path: Path) -> None:
    fold = FoldFolder(Store.open(tmp_path))
    fold.write_state(state(1))
    fold.store.rename(STATE, PREVIOUS_STATE)
    assert iterations(fold) == [1]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_cut_state_falls_back_to_the_one_before(
    tmp_path: Path, share: float, caplog: pytest.LogCaptureFixture
) -> None:
    fold = FoldFolder(Store.open(tmp_path))
    fold.write_state(state(1))
    fold.write_state(state(2))
    whole = (tmp_path / STATE).read_bytes()
    fold.store.write(STATE, whole[: int(share * len(whole))])
    assert iterations(fold) == [1]
    assert f"{tmp_path}/{STATE} is passed over" in caplog.text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_never_loads(tmp_path: Path, share: float, bit: int) -> None:
    FoldFolder(Store.open(tmp_path)).write_state(state(1))
    data = bytearray((tmp_path / STATE).read_bytes())
    data[int(share * len(data))] ^= 1 << bit
    with pytest.raises(ValueError, match=r"no state of this version|has changed"):
        state_of(bytes(data))


def test_a_state_never_runs_code(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (print, ("code ran",))

    fold = FoldFolder(Store.open(tmp_path))
    fold.write_state({"x": Evil()})
    assert iterations(fold) == []


def test_what_torch_wrote_without_a_checksum_is_passed_over(tmp_path: Path) -> None:
    torch.save(state(1), tmp_path / STATE)
    fold = FoldFolder(Store.open(tmp_path))
    assert not fold.store.read(STATE).startswith(HEADER)
    assert iterations(fold) == []
