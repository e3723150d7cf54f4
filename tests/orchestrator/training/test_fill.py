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
from orchestrator.settings.loading import load_experiment
from orchestrator.training import fill
from orchestrator.training.driver.run_cluster import RunCluster
from orchestrator.training.readable_data import open_readable
from orchestrator.watch.terminal import Display
from tests.orchestrator.data.small_sets import sounding
from tests.places import SMOKE

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


def features(folder: Path, monkeypatch: pytest.MonkeyPatch, choice: str) -> tuple[Any, Decoding, str]:
    """What `fill` makes of the data set, the passes over it, and what was said."""
    decoding, said, out = Decoding(), io.StringIO(), Store.open(folder / "out")
    monkeypatch.setattr(pipeline, "compute_features", decoding)
    monkeypatch.setattr(RunCluster, "shares", lambda self: None)
    experiment = load_experiment(SMOKE, [f"data.bad_clips={choice}"])
    cluster = RunCluster(experiment, out, Display(Console(file=said, width=200)))
    dataset = open_readable(sounding(folder / "data"), experiment, out)
    return fill._features(dataset, cluster), decoding, said.getvalue()


def test_a_clip_that_cannot_be_decoded_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadClips, match=r"d\.wav: there are samples that are not finite"):
        features(tmp_path, monkeypatch, "stop")
    assert set(Store.open(tmp_path / "out").sizes()) == {"features", "features/recordings.parquet"}


def test_a_clip_that_cannot_be_decoded_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (dataset, found), decoding, said = features(tmp_path, monkeypatch, "skip")
    assert found == "features"
    assert [len(names) for names in decoding.passes] == [7, 6]
    assert dataset.table.skipped == {"d.wav": REASON}
    assert f"skipped: {REASON}" in said
    assert "class Accordion has fewer verified clips (1) than there are folds" in said
    (dataset, _), decoding, _ = features(tmp_path, monkeypatch, "skip")
    assert [len(names) for names in decoding.passes] == [6], "the note spares the next command the first pass"
