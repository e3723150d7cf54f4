"""Two runs side by side: simulated ones, and made ones."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from orchestrator.legs.run import Run
from orchestrator.report.diff.comparison import ClaimPair, claim_pairs, claim_table, compare
from orchestrator.report.diff.scores import score_both
from orchestrator.stats.assessment import TRAINING, ClaimResult, Evidence
from orchestrator.stats.bootstrap import Difference
from orchestrator.stats.claims import Claim, Scope
from orchestrator.stats.components import Crossed
from orchestrator.stats.paper import Citation
from orchestrator.stats.training import over_models
from tests.orchestrator.fake_run import make_fake_run
from tests.orchestrator.measured import claims_about, scores_of

QUICK = {"report": {"resamples": 100}}


def fake(folder: Path, config: dict[str, Any], **options: Any) -> Run:
    return make_fake_run(folder, activations=["sigmoid"], config=QUICK | config, **options)


def printed(old: Run, new: Run, width: int = 80) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width).print(compare(old, new))
    return stream.getvalue()


def test_settings_are_told_with_old_and_new_values(tmp_path: Path) -> None:
    old = fake(tmp_path / "old", {"optimizer": {"learning_rate": 0.001}})
    new = fake(tmp_path / "new", {"optimizer": {"learning_rate": 0.5}, "name": "other"})
    text = printed(old, new)
    assert f"old: {tmp_path}/oldnew: {tmp_path}/new" in text.replace("\n", "")
    assert "settings:\n  optimizer.learning_rate 0.001 -> 0.5\n  name fake -> other\n" in text
    assert "data: the same features, labels and folds" in text
    assert "program and machine: the same" in text
    assert "differences are paired" in text.replace("\n", " ")
    assert max(map(len, text.splitlines())) <= 80


def test_other_data_and_versions_are_told(tmp_path: Path) -> None:
    old = fake(tmp_path, {})
    other = old.manifest.model_copy(update={"data_id": "other", "environment": {"torch": "3"}})
    text = printed(old, Run(old.store, other))
    assert "data: features, labels or folds differ" in text
    assert "  torch 2 -> 3\n" in text
    assert "settings: the same" in text


def test_names_from_strangers_do_nothing_to_the_terminal(tmp_path: Path) -> None:
    old = fake(tmp_path, {})
    evil = old.manifest.model_copy(update={"environment": {"[red]torch": "\x1b[31m[/]"}})
    text = printed(old, Run(old.store, evil))
    assert "\x1b" not in text
    assert "[red]torch null -> \ufffd[31m[/]" in text


CLAIM = Claim("a > b", Scope("activation"), Citation("x"))
ROWS, COLUMNS = ["sigmoid", "sigmoid_softmax"], ["top_k", "threshold"]


def result(low: float | None, high: float = 0.0) -> ClaimResult:
    if low is None:
        return ClaimResult(CLAIM, Evidence("cv"), Difference(0, -1, 1))
    crossed = Crossed((low + high) / 2, low, high, 3, 0.5)
    return ClaimResult(CLAIM, TRAINING, Difference(0, -1, 1), crossed=crossed)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (result(0, 1), result(1, 2), "overlap"),
        (result(0, 1), result(1.1, 2), "disjoint"),
        (result(1.1, 2), result(0, 1), "disjoint"),
        (result(0, 5), result(1, 2), "overlap"),
        (result(None), result(1, 2), "none in old"),
        (result(None), result(None), "none in old and new"),
    ],
)
def test_two_intervals_are_disjoint_where_they_share_no_point(
    old: ClaimResult, new: ClaimResult, words: str
) -> None:
    assert ClaimPair(old, new).words == words


def test_the_last_line_counts_the_disjoint_pairs_of_those_that_are_complete() -> None:
    pairs = [ClaimPair(result(0, 1), result(low, low + 1)) for low in (0.5, 2, 3)]
    table = claim_table([*pairs, ClaimPair(result(0, 1), result(None))], 0.95)
    assert table.notes[-1] == "2 of 3 pairs are disjoint"
    assert "so 1 pairs are not compared" in table.notes[-2]
    assert table.rows[-1].cells == ("training", "+0.5000\n[+0.0000, +1.0000]", "no interval", "none in new")


def test_right_intervals_of_two_runs_are_seldom_disjoint() -> None:
    """4 models each, the same truth, 2000 worlds: far below 5 %; with another truth they mostly are."""
    rng = np.random.default_rng(0)

    def disjoint(shift: float) -> float:
        draws = rng.standard_normal((2000, 2, 4)) + np.array([[0], [shift]])
        worlds = [[over_models(run.tolist(), 0.95) for run in both] for both in draws]
        apart = [a.high < b.low or b.high < a.low for a, b in worlds if a and b]
        return float(np.mean(apart))

    assert disjoint(0) < 0.02
    assert disjoint(8) > 0.9


def test_two_made_runs_are_compared_claim_by_claim(tmp_path: Path) -> None:
    """Each interval is the one that the run's own report has."""
    old, new = (
        make_fake_run(
            tmp_path / str(seed), activations=ROWS, selections=COLUMNS, folds=4, seeds=[seed], config=QUICK
        )
        for seed in (0, 7)
    )
    pairs = claim_pairs(score_both(old, new))
    for run, side in ((old, "old"), (new, "new")):
        own = claims_about(run, scores_of(run))
        expected = [r.crossed for r in own if r.claim.scope.is_whole_grid]
        assert [getattr(pair, side).crossed for pair in pairs] == expected
    assert {pair.words for pair in pairs if pair.old.evidence == Evidence("cv")} == {"none in old and new"}
    assert any(pair.old.crossed != pair.new.crossed for pair in pairs)
    stream = io.StringIO()
    Console(file=stream, width=80).print(compare(old, new))
    last = stream.getvalue().strip().splitlines()[-1]
    words = [pair.words for pair in pairs]
    disjoint, overlap = (words.count(word) for word in ("disjoint", "overlap"))
    assert last.strip() == f"{disjoint} of {disjoint + overlap} pairs are disjoint"


def test_other_grids_share_no_claim(tmp_path: Path) -> None:
    old = make_fake_run(tmp_path / "a", activations=["sigmoid"], selections=COLUMNS, config=QUICK)
    new = make_fake_run(tmp_path / "b", activations=["softmax"], selections=COLUMNS, config=QUICK)
    assert claim_pairs(score_both(old, new)) == []
    assert claim_table([], 0.95).notes[-1] == "0 of 0 pairs are disjoint"
