"""What `stagegrid plan --detect` prints."""

from pathlib import Path

import pytest

from orchestrator.report.tables.power_table import power_table
from tests.orchestrator.fake_run import Numbers, make_fake_run
from tests.orchestrator.report.tables.conftest import FAST
from trainable.errors import UserError

NO_TEST = Numbers(verified=24, unverified=40, test=0, classes=4, iterations=(4, 4, 2))


def test_every_judged_claim_has_a_number_of_seeds_and_the_most_is_told(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=["sigmoid", "sigmoid_softmax"], seeds=[0, 1], config=FAST)
    table = power_table(run, 0.5)
    assert len(table.rows) == 4
    seeds = [int(str(row.cells[-1])) for row in table.rows]
    assert table.notes[0].startswith(f"--seeds {max(seeds)} is enough for all of them: power 80% at alpha")
    assert table.notes[0].endswith("measured with 3 degrees of freedom, which is rough")
    hopeless = power_table(run, 1e-6)
    assert {row.cells[-1] for row in hopeless.rows} == {"over 100"}
    assert hopeless.notes[0].startswith("no number of seeds is enough for all")


def test_what_one_training_cannot_tell_is_refused_or_named(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path / "one", numbers=NO_TEST, activations=["sigmoid"], config=FAST)
    with pytest.raises(UserError, match=r"nothing in .* was trained twice.*--seeds 2 first"):
        power_table(run, 0.005)
    run = make_fake_run(tmp_path / "folds", config=FAST)
    assert power_table(run, 0.005).notes[1] == (
        "not measured, for want of a second training: "
        "sigmoid_sparsemax > sigmoid_softmax on clips with several labels (cv)"
    )
