"""A closer look at a cell, and at what sets two runs apart."""

from pathlib import Path

from tests.orchestrator.cli.conftest import Stagegrid
from tests.orchestrator.fake_run import make_fake_run


def test_two_runs_are_compared(stagegrid: Stagegrid, tmp_path: Path) -> None:
    for name, size in (("old", 16), ("new", 32)):
        batches = {"size": size, "crop_frames": 100, "clip_frames": 200}
        make_fake_run(
            tmp_path / name, activations=("sigmoid",), selections=("top_k",), config={"batches": batches}
        )
    code, out, _ = stagegrid("diff", tmp_path / "old", tmp_path / "new")
    assert code == 0
    assert "  batches.size 16 -> 32\n" in out
    assert "sigmoid/top_k" in out


def test_a_cell_is_shown_and_an_unknown_one_refused(stagegrid: Stagegrid, tmp_path: Path) -> None:
    make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",))
    for words in ((), ("--cell", "sigmoid/top_k")):
        code, out, _ = stagegrid("show", tmp_path, *words)
        assert code == 0
        assert out.startswith("sigmoid/top_k: 1 of 1 cells in cross-validation")
    code, _, err = stagegrid("show", tmp_path, "--cell", "sigmoid/topk")
    assert code == 2
    assert "did you mean sigmoid/top_k?" in err
