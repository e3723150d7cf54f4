"""A task says where its random numbers are."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.random import Generator, Philox

from tests.trainable.tiny import data, task
from trainable.sampling import Purpose, draw_clips


def test_a_draw_is_the_seeds_the_folds_and_the_iterations() -> None:
    found = task(seed=9, fold=2).draw(7).generator(Purpose.MASKS).random(5)
    expected = Generator(Philox(key=[9, 2], counter=[0, 0, 7, 6])).random(5)
    assert found.tobytes() == expected.tobytes()


def test_cells_that_differ_otherwise_share_their_clips() -> None:
    cells = [task("sigmoid", "top_k"), task("sigmoid_softmax", compute={"tf32": True})]
    first, second = (draw_clips(24, 8, cell.draw(3), Purpose.UNVERIFIED) for cell in cells)
    assert first.tolist() == second.tolist()


@pytest.mark.parametrize("change", [{"seed": 6}, {"fold": 0}])
def test_seeds_and_folds_have_their_own(change: dict[str, int]) -> None:
    first, second = (
        cell.draw(0).generator(Purpose.CROPS).random(4)
        for cell in (task(), replace(task(), **change))  # type: ignore[arg-type]
    )
    assert not np.intersect1d(first, second).size


def test_the_tiny_parts_of_a_data_set_share_no_clip() -> None:
    """Every other test of a fold stands on this."""
    parts = data().training.verified, data().training.unverified, data().validation, data().test
    rows = np.concatenate(parts)
    assert sorted(rows) == list(range(len(data().targets_NC)))
