"""Claims about training against plain loops over the files that folds leave, and scipy."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from orchestrator.legs.run import Run
from orchestrator.stats.claims import Scope, claims_of
from orchestrator.stats.components import Crossed
from orchestrator.stats.grid import Hole
from orchestrator.stats.training import (
    UNKNOWN,
    Pairs,
    Trained,
    TrainingClaim,
    correlation,
    judge_training,
    over_models,
    training_claims,
)
from tests.orchestrator.fake_run import cell_of, make_fake_run, with_noise_truth
from tests.places import SHARED_DATA

PAPER_TEXT = SHARED_DATA.parent / "paper.txt"
ROWS = ("sigmoid", "sigmoid_softmax")
FSCORE_2, FSCORE_3 = "F-score in stage 2: threshold > top_k", "F-score in stage 3: threshold > top_k"
LOSS_2, LOSS_3 = "loss in stage 2: top_k > threshold", "loss in stage 3: top_k > threshold"
FASTER = "iterations to an F-score: top_k > threshold"
FOLLOWS = "masked clips follow wrong labels: threshold > top_k"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_fake_run(tmp_path_factory.mktemp("run"), activations=ROWS, seeds=[0, 1], folds=3)


def claim_of(run: Run, statement: str, row: str | None = None) -> TrainingClaim:
    (found,) = [
        training
        for training in training_claims(run.experiment)
        if (training.claim.statement, training.claim.scope) == (statement, Scope("activation", row))
    ]
    return found


def curve(run: Run, row: str, column: str, seed: int, fold: int) -> list[dict[str, float]]:
    frame = run.curves(cell_of(run, row, column, seed), fold)
    return [dict(zip(frame.columns, map(float, line), strict=True)) for line in frame.to_numpy()]


def mean_of(lines: list[dict[str, float]], name: str, stage: int) -> float:
    values = [line[name] for line in lines if line["stage"] == stage and not math.isnan(line[name])]
    return sum(values) / len(values)


def share_until(lines: list[dict[str, float]], level: float) -> float:
    own = [line for line in lines if line["stage"] == 1]
    return next(n for n, line in enumerate(own, 1) if line["fscore"] >= level) / len(own)


def highest(lines: list[dict[str, float]]) -> float:
    return max(line["fscore"] for line in lines if line["stage"] == 1 and not math.isnan(line["fscore"]))


def follows(run: Run, row: str, column: str, seed: int, fold: int) -> float:
    """Batch by batch, from the tables of the files alone."""
    table = run.noise_truth
    assert table is not None
    lines = zip(table["fname"], table["given"], table["true"], strict=True)
    truth = {name: set(given.split(",")) != set(true.split(",")) for name, given, true in lines}
    judged = run.judgements(cell_of(run, row, column, seed), fold)
    masked: dict[int, float] = {}
    wrong: dict[int, float] = {}
    for t, name, keep in zip(judged["iteration"], judged["fname"], judged["keep"], strict=True):
        masked[t] = masked.get(t, 0) + 1 - keep
        wrong[t] = wrong.get(t, 0) + truth[name]
    both = [[counts[t] for t in sorted(masked)] for counts in (masked, wrong)]
    return 0.0 if len(set(both[0])) == 1 else float(stats.pearsonr(*both).statistic)


def by_hand(run: Run, statement: str, row: str, seed: int, fold: int) -> float:
    new, old = (curve(run, row, column, seed, fold) for column in ("threshold", "top_k"))
    if statement in (FSCORE_2, FSCORE_3):
        stage = 1 if statement == FSCORE_2 else 2
        return mean_of(new, "fscore", stage) - mean_of(old, "fscore", stage)
    if statement in (LOSS_2, LOSS_3):
        stage = 1 if statement == LOSS_2 else 2
        return mean_of(old, "loss", stage) - mean_of(new, "loss", stage)
    if statement == FASTER:
        level = min(highest(new), highest(old))
        return share_until(old, level) - share_until(new, level)
    return follows(run, row, "threshold", seed, fold) - follows(run, row, "top_k", seed, fold)


@pytest.mark.parametrize("statement", [FSCORE_2, FSCORE_3, LOSS_2, LOSS_3, FASTER, FOLLOWS])
def test_each_claim_is_what_plain_loops_and_scipy_say(run: Run, statement: str) -> None:
    """Averaged over rows within a model first: six models, not twelve."""
    pairs = [(seed, fold) for seed in (0, 1) for fold in range(3)]
    expected = [np.mean([by_hand(run, statement, row, *pair) for row in ROWS]) for pair in pairs]
    found, incomplete = judge_training(Pairs.of(run), claim_of(run, statement), 0.95)
    assert isinstance(found, Crossed)
    student = stats.ttest_1samp(expected, 0)
    interval = student.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=1e-6)
    assert found.p == pytest.approx(student.pvalue, rel=1e-3, abs=1e-9)
    assert (found.nu, incomplete) == (5, "")
    assert len(set(expected)) > 1, "else nothing was compared"


def test_in_a_single_row_it_is_that_row(run: Run) -> None:
    values = Pairs.of(run).values(claim_of(run, LOSS_3, "sigmoid_softmax"))
    pairs = [(seed, fold) for seed in (0, 1) for fold in range(3)]
    assert values == pytest.approx([by_hand(run, LOSS_3, "sigmoid_softmax", *pair) for pair in pairs])


def test_masks_follow_wrong_labels_with_the_threshold_and_cannot_with_top_k(run: Run) -> None:
    pairs = Pairs.of(run).by_row["sigmoid"].values()
    assert all(old.follows == 0 for _, old in pairs)
    assert min(new.follows for new, _ in pairs) > 0.1, "wrong labels lose more in the fake run"


def test_a_correlation_is_scipys_and_0_of_what_never_changes() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 50))
    assert correlation(a, a + b) == pytest.approx(stats.pearsonr(a, a + b).statistic)
    assert correlation(np.full(50, 3.0), b) == correlation(b, np.full(50, 3.0)) == 0.0


def test_where_nobody_knows_the_truth_one_claim_says_so_and_the_others_stand(tmp_path: Path) -> None:
    run = with_noise_truth(make_fake_run(tmp_path, activations=ROWS, folds=4), None)
    pairs = Pairs.of(run)
    assert judge_training(pairs, claim_of(run, FOLLOWS), 0.95) == (UNKNOWN, "")
    assert isinstance(judge_training(pairs, claim_of(run, FSCORE_2), 0.95)[0], Crossed)


def test_a_row_without_one_of_both_is_named_and_the_others_stand(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=ROWS, folds=3, failed={("sigmoid", "top_k")})
    pairs, reason = Pairs.of(run), "sigmoid/top_k: failed: RuntimeError: out of memory"
    lost = judge_training(pairs, claim_of(run, FSCORE_2, "sigmoid"), 0.95)
    assert lost == (Hole("not judged", reason), "")
    found, incomplete = judge_training(pairs, claim_of(run, FSCORE_2), 0.95)
    assert isinstance(found, Crossed)
    assert incomplete == reason


def test_two_models_have_no_interval(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=ROWS, folds=2)
    found, _ = judge_training(Pairs.of(run), claim_of(run, FSCORE_2), 0.95)
    assert isinstance(found, Hole)
    assert found.detail == "2 pairs of models, an interval needs 3: add --seeds"


def test_a_grid_without_both_mechanisms_claims_nothing(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=ROWS, selections=["verified_only", "threshold"])
    assert training_claims(run.experiment) == []


def test_stages_are_named_as_the_grid_has_them(tmp_path: Path) -> None:
    stages = [{"iterations": 5}, {"iterations": 5, "unverified": 0.5}, {"iterations": 5, "unverified": 0.25}]
    run = make_fake_run(tmp_path, activations=["sigmoid"], config={"stages": stages})
    statements = {training.claim.statement for training in training_claims(run.experiment)}
    assert "F-score in stages 2 and 3: threshold > top_k" in statements
    assert not any("loss in stage 3" in statement for statement in statements), "no stage comes after"


def test_equal_models_are_no_evidence() -> None:
    assert over_models([0.5, 0.5], 0.95) is None
    assert over_models([0.0, 0.0, 0.0], 0.95) == Crossed(0.0, 0.0, 0.0, 2, 1.0)
    assert over_models([0.5, 0.5, 0.5], 0.95) == Crossed(0.5, 0.5, 0.5, 2, 0.0)


@pytest.mark.skipif(not PAPER_TEXT.is_file(), reason="the paper's text is not here")
def test_every_claim_of_the_paper_cites_a_sentence_of_the_paper(run: Run) -> None:
    text = " ".join(PAPER_TEXT.read_text().split())
    claims = [*claims_of(run.experiment), *(t.claim for t in training_claims(run.experiment))]
    for source in {claim.source for claim in claims}:
        words = source.sentence.split()
        halves = [(" ".join(words[:n]), " ".join(words[n:])) for n in range(len(words))]
        assert any(a in text and b in text for a, b in halves), "a table may stand within a sentence"
        assert source.cited == f'{source.place}: "{source.sentence}"'
    assert len({claim.source for claim in claims}) == 7


def test_a_measure_reads_the_stage_that_it_is_about(run: Run) -> None:
    """A level that is reached at the last iteration of stage 2 takes all of it."""
    model = Trained(run, cell_of(run, "sigmoid", "top_k"), 0, None)
    values = model.curves.set_index("iteration")["fscore"].dropna()
    last = pd.Series(values[values.index <= 40])
    model.curves.loc[model.curves["iteration"] == 40, "fscore"] = float(last.max()) + 1
    assert model.share_until(float(last.max()) + 0.5, "fscore", [1]) == 1.0
