from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from orchestrator.artifacts.fold_files import fold_folder

from orchestrator.artifacts.run import Run
from orchestrator.plan.legs import Cell
from orchestrator.report.selection.diagnostics import CELL, Diagnostics, diagnose
from orchestrator.report.selection.judgements import BINS, Judged, read_judged, read_truth, spans
from orchestrator.report.selection.suspects import TOP, precision_at
from orchestrator.storage.store import Store
from tests.orchestrator.fake_run import Numbers, cell_of, make_fake_run

SMALL = Numbers(verified=24, unverified=40, test=10, classes=5, iterations=(4, 30, 3), batch=16)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_fake_run(
        tmp_path_factory.mktemp("run"),
        activations=("sigmoid", "sigmoid_sparsemax"),
        selections=("verified_only", "keep_all", "top_k", "threshold", "random_k"),
        numbers=SMALL,
        failed=[("sigmoid", "threshold")],
    )


@pytest.fixture(scope="module")
def found(run: Run) -> Diagnostics:
    return diagnose(run)


def rows(run: Run, cell: Cell) -> list[dict[str, Any]]:
    """All judgements of a cell, with whether the labels are wrong, the slow way."""
    truth = run.noise_truth
    assert truth is not None
    wrong = {
        r["fname"]: set(r["given"].split(",")) != set(r["true"].split(",")) for r in truth.to_dict("records")
    }
    labels = dict(zip(run.clips["fname"], run.clips["labels"], strict=True))
    return [
        {"fold": fold, "t": j["iteration"], "wrong": wrong[j["fname"]], "m": 1 - j["keep"],
         "loss": j["loss"], "fname": j["fname"], "labels": list(labels[j["fname"]])}
        for fold in range(run.experiment.folds) for j in run.judgements(cell, fold).to_dict("records")
    ]  # fmt: skip


def line(table: pd.DataFrame, *cell: object, **where: object) -> Any:
    for name, value in zip(CELL, cell, strict=False):
        table = table[table[name] == value]
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


@pytest.mark.parametrize("selection", ["top_k", "random_k"])
def test_a_mask_is_judged_as_a_detector_of_wrong_labels(run: Run, found: Diagnostics, selection: str) -> None:
    all_rows = rows(run, cell_of(run, "sigmoid", selection))
    masked = sum(r["m"] for r in all_rows)
    hits = sum(r["m"] for r in all_rows if r["wrong"])
    wrong = sum(r["wrong"] for r in all_rows)
    row = line(found.by_cell, "sigmoid", selection, 0)
    assert row["judged"] == len(all_rows)
    assert row["masked_share"] == pytest.approx(masked / len(all_rows))
    assert row["base_rate"] == pytest.approx(wrong / len(all_rows))
    assert row["precision"] == pytest.approx(hits / masked)
    assert row["recall"] == pytest.approx(hits / wrong)
    assert row["lift"] == pytest.approx(hits / masked / (wrong / len(all_rows)))


def test_ranking_masks_find_wrong_labels_and_the_control_does_not(found: Diagnostics) -> None:
    lift = found.by_cell.groupby("selection")["lift"].mean()
    assert lift["top_k"] > 1.5
    assert lift["threshold"] > 1.5
    assert 0.7 < lift["random_k"] < 1.3


def test_cells_without_results_or_without_unverified_clips_are_left_out(found: Diagnostics) -> None:
    cells = set(zip(found.by_cell["activation"], found.by_cell["selection"], strict=True))
    assert cells == {
        (a, s)
        for a in ("sigmoid", "sigmoid_sparsemax")
        for s in ("keep_all", "top_k", "threshold", "random_k")
    } - {("sigmoid", "threshold")}


def test_a_mask_that_keeps_all_has_no_precision(found: Diagnostics) -> None:
    row = line(found.by_cell, "sigmoid", "keep_all", 0)
    assert row["masked_share"] == row["recall"] == 0
    assert np.isnan(row["precision"])


def test_spans_of_time_agree_with_a_count_by_hand(run: Run, found: Diagnostics) -> None:
    cell = cell_of(run, "sigmoid_sparsemax", "threshold")
    all_rows = rows(run, cell)
    table = found.over_time
    table = table[(table["activation"] == cell.activation) & (table["selection"] == cell.selection)]
    assert len(table) == 2 * BINS  # 30 iterations
    for row in table.to_dict("records"):
        within = [r for r in all_rows if r["fold"] == row["fold"] and row["first"] <= r["t"] <= row["last"]]
        masked = sum(r["m"] for r in within)
        assert row["judged"] == len(within)
        assert row["masked_share"] == pytest.approx(masked / len(within))
        if masked:
            assert row["precision"] == pytest.approx(sum(r["m"] * r["wrong"] for r in within) / masked)
    assert table["judged"].sum() == len(all_rows)
    assert (table["first"].min(), table["last"].max()) == (5, 34)


def test_every_label_of_a_clip_counts_for_its_class(run: Run, found: Diagnostics) -> None:
    cell = cell_of(run, "sigmoid", "top_k")
    judged: dict[str, float] = defaultdict(float)
    masked: dict[str, float] = defaultdict(float)
    for r in rows(run, cell):
        for label in r["labels"]:
            judged[label] += 1
            masked[label] += r["m"]
    table = found.by_class
    table = table[(table["activation"] == "sigmoid") & (table["selection"] == "top_k")]
    for name, of in table.groupby("class"):
        assert of["judged"].sum() == judged[str(name)]
        assert (of["judged"] * of["masked_share"]).sum() == pytest.approx(masked[str(name)])


def test_masked_share_by_kind_of_label(run: Run, found: Diagnostics) -> None:
    truth = run.noise_truth
    assert truth is not None
    assert found.by_kind is not None
    kind = dict(zip(truth["fname"], truth["kind"], strict=True))
    all_rows = rows(run, cell_of(run, "sigmoid", "top_k"))
    for name in set(kind.values()):
        of = [r["m"] for r in all_rows if kind[r["fname"]] == name]
        row = line(found.by_kind, "sigmoid", "top_k", 0, kind=name)
        assert (row["judged"], row["masked_share"]) == (len(of), pytest.approx(np.mean(of)))


def judged(loss: list[list[float]], masked: list[list[float]]) -> Judged:
    """A batch of unverified clips for each inner list, in one stage."""
    batches, clips = np.shape(loss)
    iteration = np.repeat(np.arange(batches), clips)
    return Judged(
        Cell("a", "s", 0), 0, iteration, np.zeros_like(iteration), np.tile(np.arange(clips), batches),
        np.ravel(loss), np.ravel(masked),
    )  # fmt: skip


def test_excess_is_in_standard_deviations_over_the_lowest_masked_loss() -> None:
    # Standard deviation 2 in both batches; the second masks nothing: its highest loss is the threshold.
    excess = judged([[0.0, 4.0, 0.0, 4.0], [1.0, 5.0, 1.0, 5.0]], [[0, 1, 0, 1], [0, 0, 0, 0]]).excess()
    assert excess.tolist() == [-2, 0, -2, 0, -2, 0, -2, 0]


def test_excess_of_equal_losses_is_zero() -> None:
    assert not judged([[3.0, 3.0]], [[0, 1]]).excess().any()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.1, 10), min_size=6, max_size=6, unique=True), st.integers(1, 4),
       st.floats(0.1, 100), st.floats(-5, 5))  # fmt: skip
def test_excess_knows_no_scale_and_is_not_negative_where_the_highest_are_masked(
    loss: list[float], k: int, scale: float, shift: float
) -> None:
    masked = (np.array(loss) >= sorted(loss)[-k]).astype(float)
    excess = judged([loss], [masked.tolist()]).excess()
    moved = judged([[scale * x + shift for x in loss]], [masked.tolist()]).excess()
    np.testing.assert_allclose(moved, excess, atol=1e-6)
    assert ((excess >= 0) == (masked > 0)).all()


def test_suspects_are_ordered_by_how_often_then_how_strongly_masked(run: Run, found: Diagnostics) -> None:
    cells = [
        Cell("sigmoid", "top_k", 0),
        Cell("sigmoid_sparsemax", "top_k", 0),
        Cell("sigmoid_sparsemax", "threshold", 0),
    ]
    seen: dict[str, int] = defaultdict(int)
    masked: dict[str, float] = defaultdict(float)
    excess: dict[str, float] = defaultdict(float)
    for cell in cells:  # neither the cell that keeps all nor the random control
        batches = defaultdict(list)
        for r in rows(run, cell):
            batches[r["fold"], r["t"]].append(r)
        for batch in batches.values():
            losses = np.array([r["loss"] for r in batch])
            count = round(sum(r["m"] for r in batch))
            limit = sorted(losses)[-max(1, count)]
            for r in batch:
                seen[r["fname"]] += 1
                masked[r["fname"]] += r["m"]
                excess[r["fname"]] += (r["loss"] - limit) / losses.std()
    table: Any = found.suspects.set_index("fname")
    assert set(table.index) == set(seen)
    for name, row in table.to_dict("index").items():
        assert (row["seen"], row["masked"]) == (seen[name], pytest.approx(masked[name]))
        assert row["strength"] == pytest.approx(excess[name] / seen[name], abs=1e-6)
    order = sorted(seen, key=lambda name: (-masked[name] / seen[name], -table["strength"][name], name))
    assert table.index.tolist() == order
    assert found.suspects["rank"].tolist() == list(range(1, len(seen) + 1))


def test_suspects_show_the_models_own_top_classes(run: Run, found: Diagnostics) -> None:
    cells = [
        Cell("sigmoid", "top_k", 0),
        Cell("sigmoid_sparsemax", "top_k", 0),
        Cell("sigmoid_sparsemax", "threshold", 0),
    ]
    logs = [
        np.log(dict(zip(f.rows.tolist(), f.scores.astype(np.float64), strict=True))[row])
        for row in [int(np.flatnonzero(run.clips["fname"] == found.suspects["fname"][0])[0])]
        for cell in cells for f in (run.unverified_scores(cell, fold) for fold in range(2))
    ]  # fmt: skip
    mean = np.exp(np.mean(logs, axis=0))
    best = np.argsort(-mean)[:TOP]
    first = found.suspects.iloc[0]
    assert [first[f"class_{i + 1}"] for i in range(TOP)] == [run.manifest.vocabulary[c] for c in best]
    np.testing.assert_allclose([first[f"score_{i + 1}"] for i in range(TOP)], mean[best])


def test_precision_at_n_is_above_the_base_rate(found: Diagnostics) -> None:
    assert found.precision_at is not None
    assert found.precision_at["n"].tolist() == [10, 25]  # 40 clips
    assert found.precision_at["precision"][0] == found.suspects["wrong"][:10].mean()
    assert found.precision_at["lift"][0] > 1.5


def test_precision_of_a_short_or_empty_list() -> None:
    assert precision_at(pd.DataFrame({"wrong": [1] * 12}))["n"].tolist() == [10]
    assert precision_at(pd.DataFrame({"wrong": np.zeros(12, int)}))["lift"].isna().all()
    assert precision_at(pd.DataFrame({"wrong": np.zeros(0, int)})).empty


def test_soft_weights_count_in_part(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",), numbers=SMALL)
    cell = cell_of(run, "sigmoid", "top_k")
    for fold in range(2):
        folder = fold_folder(run.leg(run.cells[cell]), fold)
        table = folder.read_table("judgements.parquet")
        soft = pa.array(np.full(len(table), 0.75, np.float32))
        folder.write_table("judgements.parquet", table.set_column(4, "keep", soft))
    assert line(diagnose(run).by_cell, "sigmoid", "top_k", 0)["masked_share"] == pytest.approx(0.25)


def test_without_known_truth_only_shares_are_told(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",), numbers=SMALL)
    run.store.delete("noise_truth.parquet")
    found = diagnose(run)
    assert found.precision_at is None
    assert found.by_kind is None
    assert "precision" not in found.by_cell
    assert "wrong" not in found.suspects
    assert len(found.suspects) == SMALL.unverified


def test_a_run_that_judged_nothing_has_empty_tables(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), selections=("verified_only",), numbers=SMALL)
    found = diagnose(run)
    assert all(len(t) == 0 for t in (found.over_time, found.by_class, found.by_cell, found.suspects))
    found.write(Store.open(tmp_path / "report"))
    assert (tmp_path / "report" / "suspects.csv").read_text().startswith("rank,fname,labels,seen")


def test_spans_cover_every_judgement_once(run: Run) -> None:
    of = read_judged(run, cell_of(run, "sigmoid", "top_k"), 0)
    found = [(first, last, np.arange(len(of.loss))[rows]) for first, last, rows in spans(of)]
    assert np.concatenate([rows for _, _, rows in found]).tolist() == list(range(len(of.loss)))
    for first, last, places in found:
        assert of.iteration[places].min() == first
        assert of.iteration[places].max() == last


def test_equal_sets_of_labels_are_right_in_any_order(run: Run, tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    names = run.clips["fname"].tolist()
    table = {
        "fname": names[-3:],
        "given": ["a,b", "a", "a"],
        "true": ["b,a", "", "b"],
        "kind": ["x", "y", "z"],
    }
    store.write_table("noise_truth.parquet", pa.table(table))
    store.write_table("clips.parquet", run.store.read_table("clips.parquet"))
    truth = read_truth(Run(store, run.manifest))
    assert truth is not None
    assert np.flatnonzero(truth.wrong).tolist() == [len(names) - 2, len(names) - 1]
