"""Clips that decoding finds bad are noted, and the next command leaves them out at once."""

from pathlib import Path

import pytest

from orchestrator.files.store import Store
from orchestrator.legs.manifest import Origin, write_manifest
from orchestrator.legs.plan import make_plan
from orchestrator.legs.run import Run
from orchestrator.report.page.run_facts import run_facts
from orchestrator.settings.loading import load_experiment
from orchestrator.training.readable_data import left_out, note_bad_clips, open_readable
from tests.orchestrator.data.small_sets import sounding
from tests.orchestrator.data.test_refusals import damage
from tests.places import SMOKE
from trainable.errors import UserError

SKIP = ["data.bad_clips=skip"]


def test_noted_clips_are_left_out_the_next_time_and_folds_are_those_of_the_rest(tmp_path: Path) -> None:
    out, folder = Store.open(tmp_path / "out"), sounding(tmp_path / "data")
    experiment = load_experiment(SMOKE, SKIP)
    first = open_readable(folder, experiment, out)
    reasons = {"d.wav": "d.wav: there are samples that are not finite numbers"}
    note_bad_clips(out, first, experiment, reasons)
    again = open_readable(folder, experiment, out)
    assert again.table.skipped == reasons
    assert "d.wav" not in again.table.clips["fname"].tolist()
    assert again.data_id("f") == left_out(first, experiment, reasons).data_id("f") != first.data_id("f")
    assert open_readable(folder, load_experiment(SMOKE), out).table.skipped == {}


def test_a_damaged_note_is_no_note(tmp_path: Path) -> None:
    out, folder = Store.open(tmp_path / "out"), sounding(tmp_path / "data")
    experiment = load_experiment(SMOKE, SKIP)
    first = open_readable(folder, experiment, out)
    note_bad_clips(out, first, experiment, {"d.wav": "x"})
    (name,) = (out / "features").names(".json")
    (out / "features").write(name, b"{")
    assert open_readable(folder, experiment, out).table.skipped == {}


def test_skipped_clips_are_in_the_manifest_and_on_the_page(tmp_path: Path) -> None:
    out, folder = Store.open(tmp_path / "out"), sounding(tmp_path / "data")
    damage(folder, ["c.wav"])
    experiment = load_experiment(SMOKE, SKIP)
    dataset = open_readable(folder, experiment, out)
    plan = make_plan(experiment, dataset.data_id("f"))
    write_manifest(out, experiment, dataset, plan, ("f", "d"), Origin(SMOKE, tuple(SKIP), folder))
    run = Run.open(out)
    assert list(run.manifest.skipped) == ["c.wav"]
    (data, *_) = run_facts(run)
    assert "c.wav: cannot be read (its header claims" in dict(data[1])["skipped, bad files"]


def test_a_data_set_without_unverified_clips_is_refused_where_a_stage_draws_some(tmp_path: Path) -> None:
    out, folder = Store.open(tmp_path / "out"), sounding(tmp_path / "data")
    (folder / "FSDKaggle2019.meta" / "train_noisy_post_competition.csv").write_text("fname,labels\n")
    with pytest.raises(
        UserError, match=r"selections\.top_k needs unverified clips, and the data set has none"
    ):
        open_readable(folder, load_experiment(SMOKE), out)
    plain = load_experiment(SMOKE, ["stages=[{iterations: 3}]"])
    assert len(open_readable(folder, plain, out).rows_of(0).training.unverified) == 0
