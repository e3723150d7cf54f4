"""The plan before the run: its ids, once its features are there; what is shown of it; options of `plan`."""

from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.cli.plan import cost_table, plan_tree, preview
from orchestrator.data.folded import open_dataset
from orchestrator.features.feature_set import FeatureManifest, Shard, features_id, sets_of
from orchestrator.files.store import Store
from orchestrator.legs.artifacts import DATA
from orchestrator.legs.folders import LegFolders
from orchestrator.legs.forecast import Speed
from orchestrator.legs.plan import Plan, make_plan
from orchestrator.settings.loading import load_experiment
from orchestrator.settings.tree import Experiment
from tests.orchestrator.cli.conftest import Stagegrid
from tests.orchestrator.data.small_sets import sounding
from tests.orchestrator.fake_run import Numbers, make_fake_run
from tests.orchestrator.legs.test_folders import result
from tests.orchestrator.legs.test_plan import experiment
from tests.places import CONFIGS, SMOKE
from trainable.errors import UserError

CONTENT = "c" * 64


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data set").mkdir()
    return sounding(tmp_path / "data set")


@pytest.fixture
def out(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "out")


def grid(**changes: object) -> Experiment:
    return experiment(folds=2, **changes)


def ids(plan: Plan) -> list[str]:
    return [leg.id for leg in plan.legs]


def write_features(out: Store, data: Path, settings: Experiment) -> Plan:
    """The features' files as far as a plan looks at them; and the plan of a run that has them."""
    dataset = open_dataset(data, settings.data, settings.folds, settings.fold_seed)
    name = features_id(dataset.table, settings.audio)
    folder = sets_of(out) / name
    folder.write("x.parquet", b"12345")
    shard = Shard(name="x.parquet", rows=7, bytes=5, sha256="0" * 64)
    manifest = FeatureManifest(
        id=name, content_hash=CONTENT, audio=settings.audio, clips=7, frames=9, shards=(shard,)
    )
    folder.write_model("manifest.json", manifest.sealed())
    return make_plan(settings, dataset.data_id(CONTENT))


def test_without_a_folder_everything_is_new() -> None:
    shown = preview(grid(), None, None)
    assert shown.todo == set(ids(shown.plan)) == set(shown.work_left)
    assert set(shown.work_left.values()) == {"new"}
    assert shown.stale == {}


def test_with_features_the_legs_are_those_of_the_run(out: Store, data: Path) -> None:
    before = preview(grid(), out, data)
    real = write_features(out, data, grid())
    assert ids(preview(grid(), out, data).plan) == ids(real)
    assert not set(ids(before.plan)) & set(ids(real))
    assert not set(ids(preview(grid(), out, None).plan)) & set(ids(real))
    assert not set(ids(preview(grid(fold_seed=1, seeds=[1]), out, data).plan)) & set(ids(real))


def test_features_of_other_settings_or_damaged_ones_do_not_count(out: Store, data: Path) -> None:
    real = set(ids(write_features(out, data, grid())))
    other = preview(grid(audio={"n_mels": 64}), out, data)
    assert not real & set(ids(other.plan))
    (shard,) = Path(sets_of(out).base).glob("*/x.parquet")
    shard.write_bytes(b"1")
    assert not real & set(ids(preview(grid(), out, data).plan))


def test_embedded_data_are_found_in_the_runs_folder(out: Store, data: Path) -> None:
    inside = Path(out.base) / DATA
    inside.parent.mkdir()
    data.rename(inside)
    real = write_features(out, inside, grid())
    assert ids(preview(grid(), out, None).plan) == ids(real)


def test_what_is_done_is_not_to_do(out: Store, data: Path) -> None:
    real = write_features(out, data, grid())
    done, begun, *others = real.legs
    folders = LegFolders.of(out)
    for fold in range(2):
        folders[done].fold(fold).finish(result(0.5))
    assert folders[done].finish(2)
    folders[begun].fold(1).write_state({"iteration": 1})
    shown = preview(grid(), out, data)
    expected = {leg.id: "new" for leg in others} | {done.id: "done", begun.id: "continue"}
    assert shown.work_left == expected
    assert shown.todo == {begun.id, *(leg.id for leg in others)}


def test_a_leg_that_no_cell_needs_any_more_is_named_with_what_changed(out: Store, data: Path) -> None:
    plan = write_features(out, data, grid())
    stem = plan.legs[0]
    LegFolders.of(out)[stem].begin(stem, plan.identities[stem.id])
    assert preview(grid(), out, data).stale == {}
    shown = preview(grid(model={"gru": 7}), out, data)
    assert shown.stale == {stem.id: "model.gru 256 -> 7"}


def test_a_data_set_that_is_not_in_order_is_told(out: Store, data: Path) -> None:
    (data / "FSDKaggle2019.audio_test" / "9.wav").unlink()
    with pytest.raises(UserError, match=r"9\.wav is missing"):
        preview(grid(), out, data)


# --- what is shown --------------------------------------------------------------------------------------


def test_the_plan_is_shown_with_states_and_costs(out: Store, capsys: pytest.CaptureFixture[str]) -> None:
    shown = preview(load_experiment(CONFIGS / "paper.yaml"), out, None)
    console = Console(width=100)
    console.print(plan_tree(shown))
    text = capsys.readouterr().out
    assert text.count("new [") == 12
    assert "27% saved" in text
    stem, first = text.splitlines()[1:3]
    assert stem.startswith("├── sigmoid.3_columns.s0: stage 1, ")
    assert first.startswith("│   ├── sigmoid.")
    console.print(cost_table(shown, Speed(10, start_seconds=0), [4, 36]))
    assert "4:35:00" in capsys.readouterr().out


def test_the_command_counts_the_iterations_of_the_grid(stagegrid: Stagegrid) -> None:
    """Three rows: stems of 6 and three branches of 9 each, instead of nine cells of 15."""
    code, out, _ = stagegrid("plan", "--config", SMOKE, "--set", "folds=3")
    assert code == 0
    assert f"{3 * (6 + 3 * 9)} iterations in each fold; without shared stems {9 * 15}" in out
    assert "--like" in out.splitlines()[-1]


def test_it_tells_the_time_on_one_device_at_a_stated_speed(stagegrid: Stagegrid) -> None:
    """Of two folds on one device each has half its speed: 99 iterations x 2 at 2 a second."""
    code, out, _ = stagegrid(
        "plan", "--config", SMOKE, "--speed", 2, "--start", 0, "--devices", "1", "--set",
        "resources.legs_per_run=one",
    )  # fmt: skip
    assert code == 0
    assert out.splitlines()[-1].split()[:2] == ["1", "1:39"]


def test_it_says_how_many_seeds_a_difference_needs(stagegrid: Stagegrid, tmp_path: Path) -> None:
    make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k", "threshold"), seeds=(0, 1))
    options = ("--config", SMOKE, "--speed", 1, "--detect", ".2")
    code, _, err = stagegrid("plan", *options, "--out", tmp_path)
    assert code == 2
    assert "--seeds 2 first" in err
    rows = ("sigmoid", "sigmoid_softmax")
    make_fake_run(tmp_path / "two", activations=rows, selections=("top_k", "threshold"), seeds=(0, 1))
    code, out, err = stagegrid("plan", *options, "--out", tmp_path / "two")
    assert (code, err) == (0, "")
    assert "Seeds that find a difference of 0.2" in out
    assert "power 80% at alpha 0.05" in out


# --- options --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--devices", "0"], "--devices 0: '0' is no number of devices"),
        (["--devices", "x"], "--devices x: 'x' is no number of devices"),
        (["--devices", "1,,2"], "--devices 1,,2: ''"),
        (["--devices", "²"], "--devices ²"),
        (["--devices", "9" * 5000], "is no number of devices"),
        (["--speed", "0"], "--speed 0.0: must be more than 0"),
        (["--speed", "nan"], "--speed nan"),
        (["--start", "-1"], "--start -1.0: must be 0 seconds or more"),
        (["--like", "/nope"], "--like /nope: /nope: no run is here"),
        (["--detect", "0"], "--detect 0.0: must be a difference of lwlrap above 0"),
        (["--detect", "nan", "--out", "/nope"], "--detect nan: must be"),
        (["--detect", ".01"], "--detect: name the finished run that it goes by with --out"),
        (["--detect", ".01", "--out", "/nope"], "/nope: no run is here"),
    ],
)
def test_options_are_refused_before_anything_is_read(
    stagegrid: Stagegrid, options: list[str], reason: str
) -> None:
    code, _, err = stagegrid("plan", "--config", "no such file", *options)
    assert code == 2
    assert reason in err
    assert "no such configuration" not in err


def test_a_speed_is_that_of_a_run_only_where_it_has_trained(stagegrid: Stagegrid, tmp_path: Path) -> None:
    numbers = Numbers(verified=12, unverified=16, test=8, classes=4, iterations=(2, 2, 1), batch=8)
    make_fake_run(tmp_path, numbers=numbers, activations=("sigmoid",), selections=("top_k",))
    code, _, err = stagegrid("plan", "--config", SMOKE, "--like", tmp_path)
    assert code == 2
    assert f"--like {tmp_path}: " in err
    assert "has trained nothing to the end" in err
