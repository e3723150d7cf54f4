import io
from pathlib import Path

from rich.console import Console

from orchestrator.legs import artifacts
from orchestrator.report.tables.claim_tables import MARKS, claims_table, short_verdicts
from orchestrator.report.tables.files import Tables
from orchestrator.report.tables.table import DetailHole, Table, Value
from orchestrator.report.tables.terminal import to_rich
from orchestrator.stats.assessment import TRAINING, whole_grid
from orchestrator.stats.bootstrap import Difference
from orchestrator.stats.grid import Hole, Interval
from orchestrator.stats.verdicts import Standing, Verdict
from tests.orchestrator.fake_run import Numbers, cell_of, make_fake_run, with_noise_truth
from tests.orchestrator.report.tables.conftest import ANOTHER, FAST, Results

BETTER = {(row, "threshold"): 3.0 for row in ("sigmoid", "sigmoid_softmax", "sigmoid_sparsemax")}


def lines(table: Table) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=80).print(to_rich(table, 80))
    return stream.getvalue().splitlines()


def test_claims_have_a_line_each(results: Results) -> None:
    table = claims_table(results.scores, results.claims, ANOTHER)
    assert len(table.rows) == len(results.claims)
    for line, result in zip(table.rows, results.claims, strict=True):
        where, split, difference, open_too, _, corrected, verdict, source = line.cells
        assert (corrected != "") == (result.corrected_p is not None)
        if result.crossed:
            assert open_too == Value(
                result.crossed.estimate, Interval(result.crossed.low, result.crossed.high)
            )
        assert (split, verdict, source) == (str(result.evidence), result.words, result.claim.source.cited)
        assert where == str(result.claim.scope) + (" (in part)" if result.incomplete else "")
        if isinstance(result.difference, Difference):
            if result.evidence == TRAINING:
                assert difference == Hole("n/a", "trainings alone are held open")
                continue
            assert isinstance(difference, Value)
            assert difference.value == result.difference.estimate
        else:
            assert difference == DetailHole("not judged", result.difference.detail)
    assert {row.cells[6] for row in table.rows} >= {"not judged", "no clear difference"}


def test_verdicts_are_those_over_the_whole_grid(results: Results, tables: Tables) -> None:
    assert len(tables.verdicts.rows) == 6 * 2 + 2 + 6, (
        "six comparisons on two splits, one on their clips with several labels, six about training"
    )
    for row, result in zip(tables.verdicts.rows, whole_grid(results.claims), strict=True):
        split, verdict = row.cells
        assert row.label.startswith(f"{result.claim.sentence}, {result.claim.scope} (")
        assert split == str(result.evidence)
        if isinstance(result.difference, Difference):
            number = f"{result.difference.estimate:+.4f}"
            assert isinstance(verdict, str)
            assert verdict.startswith(f"{result.words}\n{number} [")
        else:
            assert verdict == result.difference


def test_a_grid_without_two_cells_to_compare_says_so(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=["verified_only"], config=FAST)
    results = Results.of(run)
    verdicts = results.tables().verdicts
    assert (verdicts.rows, verdicts.notes) == ((), ("the grid has no two cells that a claim compares",))
    assert short_verdicts(results.claims) == []


def test_the_papers_grid_has_its_verdicts_in_ten_lines(tmp_path: Path) -> None:
    results = Results.of(make_fake_run(tmp_path, config=FAST))
    table, _ = short_verdicts(results.claims)
    printed = lines(table)
    assert len(printed) <= 12
    assert printed[0].split() == ["Verdicts", "cv", "private"]
    assert printed[7].startswith("  on clips with several labels")
    told = " ".join(" ".join(printed).split())
    assert (
        "△ higher in these models, ▽ lower in these models, ○ no clear difference: one training was" in told
    )


def test_a_mark_says_what_the_verdict_is(tmp_path: Path) -> None:
    effect = {("sigmoid", "top_k"): 3.0}
    run = make_fake_run(
        tmp_path, activations=["sigmoid"], selections=["verified_only", "top_k"], effect=effect, config=FAST
    )
    results = Results.of(run)
    (table,) = short_verdicts(results.claims)
    (row,) = table.rows
    assert row.label == "top_k > verified_only (row sigmoid)"
    for cell, result in zip(row.cells, results.claims, strict=True):
        assert result.verdict is Verdict.HIGHER
        assert str(cell).startswith(f"{MARKS[Standing.THESE_MODELS][Verdict.HIGHER]} +")


def test_marks_of_intervals_over_other_trainings_say_so(tmp_path: Path) -> None:
    """Four models see the private clips; on cv, where nothing but Table 2 is judged, two seeds are few."""
    results = Results.of(make_fake_run(tmp_path, effect=BETTER, seeds=[0, 1], config=FAST))
    table, _ = short_verdicts(results.claims)
    cells = {row.label: row.cells for row in table.rows}
    by_folds, by_all = cells["threshold > verified_only"]
    assert str(by_folds).startswith("· +")
    assert str(by_all).startswith("▲ +")
    told = " ".join(table.notes)
    assert "● not distinguishable: interval over other test clips and other trainings, corrected" in told
    assert "· no verdict (exploratory): " in told
    assert "one training was run" not in told


def test_what_is_missing_is_told(results: Results) -> None:
    table, _ = short_verdicts(results.claims)
    assert any(note.startswith("in part, for want of sigmoid") for note in table.notes)
    assert not any(isinstance(cell, Hole) for row in table.rows for cell in row.cells)
    assert short_verdicts([]) == []


def test_claims_about_training_are_a_table_of_their_own(tmp_path: Path) -> None:
    longer = Numbers(iterations=(10, 80, 10))
    results = Results.of(make_fake_run(tmp_path, folds=4, seeds=[0, 1], numbers=longer, config=FAST))
    _, table = short_verdicts(results.claims)
    cells = {row.label: row.cells for row in table.rows}
    assert len(cells) == 6
    assert str(cells["masked clips follow wrong labels: threshold > top_k"][0]).startswith("▲ +")
    assert str(cells["loss in stage 2: top_k > threshold"][0]).startswith("· ")
    told = " ".join(table.notes)
    assert "interval over other trainings, corrected for 12 claims (Holm)" in told
    assert max(map(len, lines(table))) <= 80


def test_a_claim_that_lacks_data_says_so_in_one_line(tmp_path: Path) -> None:
    results = Results.of(with_noise_truth(make_fake_run(tmp_path, folds=4, config=FAST), None))
    _, table = short_verdicts(results.claims)
    told = " ".join(" ".join(lines(table)).split())
    assert told.count("nobody knows which labels are wrong") == 1
    (one,) = [note for note in table.notes if "not judged" in note]
    assert one.startswith("masked clips follow wrong labels: threshold > top_k: not judged: nobody")


def test_a_reason_that_all_have_is_told_once_in_place_of_a_table(tmp_path: Path) -> None:
    _, table = short_verdicts(Results.of(make_fake_run(tmp_path, config=FAST)).claims)
    told = "not judged: 2 pairs of models, an interval needs 3: add --seeds"
    assert [line.rstrip() for line in lines(table)] == ["Verdicts on training", told]


def test_different_seeds_are_not_said_to_be_one_training(tmp_path: Path) -> None:
    columns = ["top_k", "threshold"]
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=columns, seeds=[0, 1], config=FAST)
    run.leg_of(cell_of(run, "sigmoid", "top_k", 1)).store.delete(artifacts.RESULT)
    table, _ = short_verdicts(Results.of(run).claims)
    told = " ".join(table.notes)
    assert "too few trainings of the same seeds: interval over other test clips" in told
    assert "one training was run" not in told
