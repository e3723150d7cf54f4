"""What decoding finds bad, without Ray: refused, or noted and left out of everything that follows."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from orchestrator.data.clip_table import ClipTable
from orchestrator.data.folded import BadClips
from orchestrator.features import pipeline
from orchestrator.files.store import Store
from orchestrator.training import fill
from orchestrator.training.fill import GridFill, Order
from orchestrator.watch.terminal import Display
from tests.orchestrator.data.small_sets import sounding
from tests.places import SMOKE
from trainable.errors import UserError

REASON = "d.wav: there are samples that are not finite numbers"


class Decoding:
    """Stands for the features' pipeline: d.wav cannot be decoded."""

    def __init__(self) -> None:
        self.passes: list[list[str]] = []

    def __call__(self, table: ClipTable, *others: Any) -> str:
        names = table.clips["fname"].tolist()
        self.passes.append(names)
        if "d.wav" in names:
            raise BadClips({"d.wav": REASON}, len(names))
        return "features"


def features(folder: Path, monkeypatch: pytest.MonkeyPatch, choice: str) -> tuple[GridFill, Decoding, str]:
    """What `fill` makes of the data set, the passes over it, and what was said."""
    decoding, said = Decoding(), io.StringIO()
    monkeypatch.setattr(pipeline, "compute_features", decoding)
    monkeypatch.setattr(fill, "join_cluster", lambda *_: None)
    order = Order(SMOKE, sounding(folder / "data"), str(folder / "out"), (f"data.bad_clips={choice}",))
    grid = GridFill(order, Display(Console(file=said, width=200)))
    grid.find_data()
    grid.open_dataset()
    grid.compute_features()
    return grid, decoding, said.getvalue()


def test_a_clip_that_cannot_be_decoded_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadClips, match=r"d\.wav: there are samples that are not finite"):
        features(tmp_path, monkeypatch, "stop")
    assert set(Store.open(tmp_path / "out").sizes()) == {"features", "features/recordings.parquet"}


def test_a_clip_that_cannot_be_decoded_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grid, decoding, said = features(tmp_path, monkeypatch, "skip")
    assert str(grid.features) == "features"
    assert [len(names) for names in decoding.passes] == [7, 6]
    assert grid.dataset.table.skipped == {"d.wav": REASON}
    assert f"skipped: {REASON}" in said
    assert "class Accordion has fewer verified clips (1) than there are folds" in said
    _, decoding, _ = features(tmp_path, monkeypatch, "skip")
    assert [len(names) for names in decoding.passes] == [6], "the note spares the next command the first pass"


def test_wandb_that_is_not_installed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fill, "find_spec", lambda name: None)
    order = Order(SMOKE, None, str(tmp_path), wandb="project")
    with pytest.raises(UserError, match=r"--wandb: .* pip install 'stagegrid\[wandb\]'"):
        GridFill(order, Display(Console(file=io.StringIO())))
