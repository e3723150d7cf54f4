"""What a run is, as its manifest says it."""

from pathlib import Path

from orchestrator.legs.manifest import environment, legs_index
from tests.orchestrator.fake_run import make_fake_run


def test_the_environment_names_versions_and_hardware() -> None:
    found = environment()
    assert found["ray"] == "2.60.0"
    assert found["torch"].startswith("2.13.0")
    assert " x " in found["cpus"]
    assert found["git commit"]


def test_every_leg_and_every_cell_has_its_folder(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), seeds=(0, 1))
    lines = list(legs_index(run.manifest))
    for leg in run.manifest.legs:
        (line,) = [line for line in lines if line.startswith(f"| `{leg.id}` |")]
        assert leg.label in line
    for cell, leg_id in run.cells.items():
        assert f"| {cell.entry}, seed {cell.seed} | `{leg_id}` |" in lines


def test_spans_of_a_way_through_the_tree_follow_each_other(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",))
    text = "\n".join(legs_index(run.manifest))
    assert "| the start | 1 to " in text
    for leg in run.manifest.legs:
        if leg.parent:
            parent = next(above for above in run.manifest.legs if above.id == leg.parent)
            assert f"| `{leg.parent}` | {parent.last_iteration + 1} to {leg.last_iteration} |" in text
