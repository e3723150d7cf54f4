"""Stage lists of cells."""

from trainable.selection import Selection
from trainable.stages import Stage, StageSettings, boundaries, cell_stages

PAPER = (
    StageSettings(iterations=10_000),
    StageSettings(iterations=10_000, unverified=0.5),
    StageSettings(iterations=5_000, learning_rate=0.0001),
)


def test_a_column_fills_in_its_selection() -> None:
    threshold = Selection.make("threshold")
    assert cell_stages(PAPER, threshold, 0.001) == (
        Stage(10_000, 0.0, 0.001, None),
        Stage(10_000, 0.5, 0.001, threshold),
        Stage(5_000, 0.0, 0.0001, None),
    )


def test_verified_only_keeps_the_budget() -> None:
    stages = cell_stages(PAPER, Selection.make("verified_only"), 0.001)
    assert [stage.iterations for stage in stages] == [10_000, 10_000, 5_000]
    assert all(stage.unverified == 0 and stage.selection is None for stage in stages)


def test_columns_share_their_first_stage_alone() -> None:
    columns = [cell_stages(PAPER, Selection.make(name), 0.001) for name in ("top_k", "threshold")]
    columns.append(cell_stages(PAPER, Selection.make("verified_only"), 0.001))
    assert len({str(stages[0].describe()) for stages in columns}) == 1
    assert len({str(stages[1].describe()) for stages in columns}) == 3


def test_a_description_names_all_that_the_stage_does() -> None:
    stage = cell_stages(PAPER, Selection.make("top_k", k=3), 0.002)[1]
    assert stage.describe() == {
        "iterations": 10_000,
        "unverified": 0.5,
        "learning_rate": 0.002,
        "selection": {"name": "top_k", "k": 3, "rank_by": "loss"},
    }


def test_boundaries() -> None:
    stages = cell_stages(PAPER, Selection.make("top_k"), 0.001)
    assert boundaries(stages) == [0, 10_000, 20_000, 25_000]
    assert boundaries(()) == [0]
