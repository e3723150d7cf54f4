from orchestrator.stats.grid import Entry
from tests.orchestrator.stats.made import made_inputs


def test_cells_that_judge_have_a_result_and_unverified_clips() -> None:
    columns = ("verified_only", "keep_all", "top_k", "random_k")
    lost = Entry("sigmoid", "top_k")
    judging = {cell.entry for cell in made_inputs(columns=columns, missing=[lost]).judging_cells()}
    rows = ("sigmoid", "sigmoid_softmax")
    assert judging == {Entry(row, column) for row in rows for column in columns[1:]} - {lost}
