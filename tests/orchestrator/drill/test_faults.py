"""What the faults do to files; what they do to processes needs a run."""

from pathlib import Path

import pytest

from orchestrator.drill.faults import FAULTS
from orchestrator.drill.scene import Scene
from orchestrator.legs import artifacts
from tests.orchestrator.fake_run import make_fake_run


@pytest.mark.parametrize("fault", [f for f in FAULTS if f.moment == "finished"], ids=lambda f: f.name)
def test_a_fault_of_a_finished_run_changes_exactly_one_file(tmp_path: Path, fault: object) -> None:
    out = tmp_path / "out"
    run = make_fake_run(out, activations=("sigmoid",), selections=("top_k",))
    run.legs[run.manifest.legs[0].id].fold(0).store.write(artifacts.WEIGHTS, bytes(100))
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    fault.deed(Scene([], out))  # type: ignore[attr-defined]
    after = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert len([path for path in before if after.get(path) != before[path]]) == 1
    assert after.keys() <= before.keys()
