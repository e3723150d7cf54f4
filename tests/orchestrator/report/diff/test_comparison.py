"""Two runs side by side."""

import io
from pathlib import Path
from typing import Any

from rich.console import Console

from orchestrator.legs.run import Run
from orchestrator.report.diff.comparison import compare
from tests.orchestrator.fake_run import Numbers, make_fake_run

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


def test_nothing_to_score_is_said(tmp_path: Path) -> None:
    numbers = Numbers(verified=24, unverified=40, test=16, classes=4, iterations=(4, 4, 2))
    cells = [("sigmoid", column) for column in ("verified_only", "top_k", "threshold")]
    run = fake(tmp_path, {}, numbers=numbers, missing=cells)
    assert "not run" in printed(run, run)
