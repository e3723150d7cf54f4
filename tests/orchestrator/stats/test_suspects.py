from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.stats.grid import Cell
from orchestrator.stats.inputs import Inputs, Judged
from orchestrator.stats.masks import diagnose
from orchestrator.stats.suspects import TOP, Columns, excess, precision_at, ranks_within, worklist
from tests.orchestrator.stats.by_hand import SMALL, judgements_by_hand
from tests.orchestrator.stats.made import made_inputs

CELLS = [Cell(row, column, 0) for row in ("sigmoid", "sigmoid_softmax") for column in ("top_k", "threshold")]
"""Neither those that keep all nor the random control."""


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    columns = ("verified_only", "keep_all", "top_k", "threshold", "random_k")
    return made_inputs(columns=columns, numbers=SMALL)


@pytest.fixture(scope="module")
def suspects(inputs: Inputs) -> Columns:
    return diagnose(inputs).suspects


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
    over = excess(judged([[0.0, 4.0, 0.0, 4.0], [1.0, 5.0, 1.0, 5.0]], [[0, 1, 0, 1], [0, 0, 0, 0]]))
    assert over.tolist() == [-2, 0, -2, 0, -2, 0, -2, 0]
    assert not excess(judged([[3.0, 3.0]], [[0, 1]])).any(), "of equal losses"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.1, 10), min_size=6, max_size=6, unique=True), st.integers(1, 4),
       st.floats(0.1, 100), st.floats(-5, 5))  # fmt: skip
def test_excess_knows_no_scale_and_is_not_negative_where_the_highest_are_masked(
    loss: list[float], k: int, scale: float, shift: float
) -> None:
    masked = (np.array(loss) >= sorted(loss)[-k]).astype(float)
    over = excess(judged([loss], [masked.tolist()]))
    moved = excess(judged([[scale * x + shift for x in loss]], [masked.tolist()]))
    np.testing.assert_allclose(moved, over, atol=1e-6)
    assert ((over >= 0) == (masked > 0)).all()


def test_suspects_are_ordered_by_their_rank_among_clips_with_as_many_labels(
    inputs: Inputs, suspects: Columns
) -> None:
    of_clip: dict[str, list[tuple[float, float]]] = defaultdict(list)
    labels: dict[str, int] = {}
    for cell in CELLS:
        batches = defaultdict(list)
        for j in judgements_by_hand(inputs, cell):
            batches[j["fold"], j["t"]].append(j)
            labels[j["clip"]] = len(j["labels"])
        for batch in batches.values():
            losses = np.array([j["loss"] for j in batch])
            limit = sorted(losses)[-max(1, round(sum(j["m"] for j in batch)))]
            for j in batch:
                of_clip[j["clip"]].append((j["m"], (j["loss"] - limit) / losses.std()))
    seen = {name: len(judgements) for name, judgements in of_clip.items()}
    masked = {name: sum(masked for masked, _ in own) for name, own in of_clip.items()}
    strength = {name: float(np.mean([over for _, over in own])) for name, own in of_clip.items()}
    assert set(suspects["fname"]) == set(seen)
    assert set(labels.values()) == {1, 2}
    suspicion = {}
    for row, name in enumerate(suspects["fname"]):
        assert (suspects["seen"][row], suspects["masked"][row]) == (seen[name], pytest.approx(masked[name]))
        assert suspects["strength"][row] == pytest.approx(strength[name], abs=1e-6)
        peers = [strength[other] for other in seen if labels[other] == labels[name]]
        below = sum(value < strength[name] for value in peers)
        suspicion[name] = (below + 0.5) / len(peers)
        assert suspects["suspicion"][row] == pytest.approx(suspicion[name])
    order = sorted(seen, key=lambda name: (-suspicion[name], -strength[name], name))
    assert suspects["fname"].tolist() == order
    assert suspects["rank"].tolist() == list(range(1, len(seen) + 1))


def test_the_list_of_some_cells_is_made_of_their_judgements_alone(inputs: Inputs, suspects: Columns) -> None:
    every = worklist(inputs, CELLS)
    assert {name: column.tolist() for name, column in every.items()} == {
        name: column.tolist() for name, column in suspects.items()
    }
    single = worklist(inputs, CELLS[:1])
    assert single["seen"].sum() == len(judgements_by_hand(inputs, CELLS[0]))


def test_a_right_clip_with_several_labels_is_no_suspect() -> None:
    """Every label costs 3, a wrong clip 2 more: ordered by the loss, clips with three labels come first."""
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 2, 3], [280, 80, 40])
    wrong = rng.random(400) < 0.3
    strength = 3.0 * labels + 2 * wrong + 0.5 * rng.standard_normal(400)

    def precision(order: np.ndarray) -> float:
        return float(wrong[np.argsort(-order)[:50]].mean())

    assert precision(strength) < 0.5
    assert precision(ranks_within(strength, labels)) > 0.95


@given(st.lists(st.tuples(st.integers(1, 3), st.floats(-5, 5)), min_size=1, max_size=40, unique=True))
def test_ranks_are_even_in_every_group_and_know_no_scale(clips: list[tuple[int, float]]) -> None:
    group, values = np.array([g for g, _ in clips]), np.array([v for _, v in clips])
    ranks = ranks_within(values, group)
    for g in np.unique(group):
        own, n = ranks[group == g], int((group == g).sum())
        np.testing.assert_allclose(np.sort(own), (np.arange(n) + 0.5) / n)
        assert (np.argsort(own) == np.argsort(values[group == g])).all()


def test_suspects_show_the_models_own_top_classes(inputs: Inputs, suspects: Columns) -> None:
    clip = inputs.clips.names.tolist().index(suspects["fname"][0])
    models = [inputs.unverified(cell, fold) for cell in CELLS for fold in range(2)]
    logs = [np.log(m.scores.astype(np.float64))[m.rows.tolist().index(clip)] for m in models]
    mean = np.exp(np.mean(logs, axis=0))
    best = np.argsort(-mean)[:TOP]
    top = [suspects[f"class_{number + 1}"][0] for number in range(TOP)]
    assert top == [inputs.clips.classes[c] for c in best]
    assert [suspects[f"score_{number + 1}"][0] for number in range(TOP)] == pytest.approx(mean[best])


def test_precision_at_n_is_above_the_base_rate(inputs: Inputs, suspects: Columns) -> None:
    precision = precision_at(suspects["wrong"])
    assert precision["n"].tolist() == [10, 25]  # 40 clips
    assert precision["precision"][0] == suspects["wrong"][:10].mean()
    assert precision["lift"][0] > 1.3
    assert np.isnan(precision_at(np.zeros(12))["lift"]).all()
    assert len(precision_at(np.zeros(0))["lift"]) == 0
