"""Curves as characters."""

import numpy as np
import pytest

from orchestrator.report.show.text_curves import HEIGHT, NAME, NUMBER, TextCurve, drawing, ruler

NAN = float("nan")


def test_a_rising_line_fills_from_the_lower_left() -> None:
    assert drawing(np.arange(24.0), 24) == [
        "                ▁▂▃▄▅▆▇█",
        "        ▁▂▃▄▅▆▇█████████",
        "▁▂▃▄▅▆▇█████████████████",
    ]


def test_what_is_not_measured_is_blank_and_gaps_between_values_lie_on_a_line() -> None:
    lines = drawing(np.array([NAN, 0.0, NAN, 1.0, NAN]), 5)
    assert {line[0] for line in lines} == {line[4] for line in lines} == {" "}
    assert lines[1][2] == "▄"
    assert lines[0][3] == "█"


@pytest.mark.parametrize("values", [[1.0], [2.0, 2.0, 2.0], [NAN, 5.0]])
def test_few_or_equal_values_can_be_drawn(values: list[float]) -> None:
    lines = drawing(np.array(values), 40)
    assert [len(line) for line in lines] == [40] * HEIGHT
    assert "".join(lines).strip()


def test_a_curve_has_its_name_and_its_numbers() -> None:
    lines = list(TextCurve("loss", np.array([3.0, 1.0, 2.0])).lines(60))
    assert lines[0].startswith("loss ")
    assert [line.rsplit(" ", 2)[1:] for line in lines] == [["3", "highest"], ["2", "last"], ["1", "lowest"]]
    assert max(map(len, lines)) <= 60


@pytest.mark.parametrize("width", [10, 40, 80, 120])
def test_the_ruler_says_where_stages_begin(width: int) -> None:
    text = ruler([100, 300, 400], width)
    assert text.endswith(" 400 iterations")
    if width >= 80:
        room = width - NAME - NUMBER
        assert text.index("|stage 2") == NAME + round(room / 4)
        assert text.index("|stage 3") == NAME + round(room * 3 / 4)
