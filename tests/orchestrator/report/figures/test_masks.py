from pathlib import Path

import numpy as np
import pandas as pd

from orchestrator.legs.run import Run
from orchestrator.report.figures.masks import masking, masks_by_class, masks_over_time, worklist_precision
from orchestrator.report.figures.style import Picture, sheet
from tests.orchestrator.fake_run import make_fake_run, with_noise_truth
from tests.orchestrator.measured import diagnostics_of
from tests.orchestrator.report.figures.drawn import SMALL, texts


def test_names_of_classes_are_text_not_markup_or_mathematics(made: dict[str, Picture]) -> None:
    shown = texts(made["masked-classes"])
    assert {"$x^2$", '<b>&"', "a_b"} <= shown
    assert b"<b>" not in made["masked-classes"].svg


def test_cells_that_mask_nothing_are_left_out() -> None:
    table = pd.DataFrame(
        {
            "activation": ["a", "a", "b", "b"],
            "selection": ["keep", "keep", "rank", "rank"],
            "masked_share": [0.0, 0.0, 0.0, 0.2],
        }
    )
    assert masking(table)["selection"].tolist() == ["rank", "rank"]


def test_masks_have_a_column_for_each_activation_and_say_what_is_measured(made: dict[str, Picture]) -> None:
    shown = texts(made["masks"])
    assert {"sigmoid", "sigmoid_softmax", "precision", "recall", "share masked", "base rate"} <= shown
    assert {"top_k", "threshold"} <= shown
    assert "verified_only" not in shown


def test_without_known_truth_only_the_share_is_drawn(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, numbers=SMALL, activations=("sigmoid",), selections=("top_k",))
    run = with_noise_truth(run, None)
    diagnostics = diagnostics_of(run)
    with sheet():
        drawn = masks_over_time(run, diagnostics)
        assert worklist_precision(diagnostics) is None
    assert drawn is not None
    assert "share masked" in texts(drawn)
    assert not {"precision", "recall", "base rate"} & texts(drawn)
    assert "Precision" not in drawn.caption


def test_classes_go_from_the_most_masked_to_the_least(run: Run, made: dict[str, Picture]) -> None:
    table = diagnostics_of(run).by_class
    table = table[table["selection"].isin(["top_k", "threshold"])]
    masked = table["judged"] * table["masked_share"]
    sums = (
        table.assign(masked=masked).groupby(["activation", "selection", "class"])[["judged", "masked"]].sum()
    )
    share = (sums["masked"] / sums["judged"]).groupby("class").mean().sort_values()
    most, least = share.index[-1], share.index[0]
    expected = f"Heat map of the share masked: 4 classes from {most}, the most, to {least}."
    assert made["masked-classes"].alt == expected


def test_the_worklist_tells_its_precision(run: Run, made: dict[str, Picture]) -> None:
    wrong = diagnostics_of(run).suspects["wrong"].to_numpy(float)
    first, base = np.mean(wrong[:10]), np.mean(wrong)
    assert f"from {first:.2f} in the first 10 clips to {base:.2f} in all" in made["suspects"].alt
    assert {"first n suspects", "base rate"} <= texts(made["suspects"])


def test_a_run_that_judged_nothing_has_no_figures_of_masks(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, numbers=SMALL, activations=("sigmoid",), selections=("verified_only",))
    diagnostics = diagnostics_of(run)
    assert masks_over_time(run, diagnostics) is None
    assert masks_by_class(diagnostics) is None
    assert worklist_precision(diagnostics) is None
