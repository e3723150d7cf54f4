from pathlib import Path

from orchestrator.settings.loading import load_experiment
from orchestrator.stats.claims import NOT_IN_PAPER, Claim, Comparison, Scope, Source, claims_of
from orchestrator.stats.grid import Entry
from tests.orchestrator.fake_run import make_fake_run
from tests.places import CONFIGS


def test_a_scope_reads_as_people_say_it() -> None:
    assert [str(s) for s in (Scope("activation"), Scope("selection"))] == ["all rows", "all columns"]
    assert str(Scope("activation", "sigmoid")) == "row sigmoid"
    assert str(Scope("selection", "all rows")) == "column all rows"
    assert not Scope("selection", "all rows").is_whole_grid


def test_a_comparison_of_columns_is_claimed_over_all_rows_then_in_each() -> None:
    experiment = load_experiment(CONFIGS / "paper.yaml")
    claims = list(Comparison("selection", "threshold", "top_k", Source("x")).claims(experiment))
    rows = list(experiment.activations)
    assert [claim.scope for claim in claims] == [
        Scope("activation"), *(Scope("activation", row) for row in rows)
    ]  # fmt: skip
    pairs = [(Entry(row, "threshold"), Entry(row, "top_k")) for row in rows]
    assert claims[0].pairs == tuple(pairs)
    assert [claim.pairs for claim in claims[1:]] == [(pair,) for pair in pairs]


def test_a_sentence_ends_with_its_restriction() -> None:
    plain, several = (Claim("a > b", Scope("activation"), Source("x"), clips=c) for c in ("all", "several"))
    assert plain.sentence == "a > b"
    assert several.sentence == "a > b on clips with several labels"


def test_nothing_is_compared_with_itself_or_with_a_name_that_the_grid_lacks() -> None:
    for name in ("paper", "extended", "smoke"):
        experiment = load_experiment(CONFIGS / f"{name}.yaml")
        entries = {Entry(a, s) for a in experiment.activations for s in experiment.selections}
        for claim in claims_of(experiment):
            for higher, lower in claim.pairs:
                assert higher != lower
                assert {higher, lower} <= entries


def test_the_papers_claims_cover_every_row_and_column(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, missing={(a, s) for a in ("sigmoid",) for s in ("top_k",)})
    claims = list(claims_of(run.experiment))
    assert {claim.source.place for claim in claims} == {"section 5.1", "table 2"}
    rows, columns = list(run.experiment.activations), list(run.experiment.selections)
    places = {(claim.sentence, str(claim.scope)) for claim in claims}
    for column in columns:
        for row in rows[1:]:
            assert (f"{row} > sigmoid", f"column {column}") in places
    for row in rows:
        for column in columns[1:]:
            assert (f"{column} > verified_only", f"row {row}") in places
        assert ("threshold > top_k", f"row {row}") in places
    assert any(claim.clips == "several" for claim in claims)


def test_more_rows_and_columns_bring_more_claims(tmp_path: Path) -> None:
    run = make_fake_run(
        tmp_path,
        activations=["sigmoid", "softmax", "sparsemax", "sigmoid_softmax"],
        selections=["verified_only", "threshold", "keep_all", "random_k"],
    )
    claims: dict[str, Claim] = {claim.sentence: claim for claim in claims_of(run.experiment)}
    several = "sparsemax > softmax on clips with several labels"
    columns = ("threshold > keep_all", "threshold > random_k", "keep_all > verified_only")
    for statement in ("sigmoid_softmax > softmax", several, *columns):
        assert claims[statement].source is NOT_IN_PAPER
    assert "threshold > top_k" not in claims


def test_a_column_that_ranks_otherwise_is_held_against_the_one_that_does_not() -> None:
    selections = (
        "selections={verified_only: {}, top_k: {k: 2}, more: {mechanism: top_k, k: 1, rank_by: excess},"
        " other: {mechanism: top_k, k: 2, rank_by: per_label}}"
    )
    experiment = load_experiment(CONFIGS / "smoke.yaml", (selections,))
    sentences = {claim.sentence for claim in claims_of(experiment) if "> top_k" in claim.sentence}
    assert sentences == {"other > top_k", "other > top_k on clips with several labels"}, "more has another k"
