"""The plan as people see it."""

import io
from pathlib import Path

from rich.console import Console

from orchestrator.cli.plan_preview import preview
from orchestrator.cli.plan_tree import cost_table, plan_tree
from orchestrator.files.store import Store
from orchestrator.legs.forecast import Speed
from orchestrator.settings.loading import load_experiment
from tests.places import CONFIGS


def test_the_plan_is_shown_with_states_and_costs(tmp_path: Path) -> None:
    shown = preview(load_experiment(CONFIGS / "paper.yaml"), Store.open(tmp_path), None)
    console = Console(width=100, file=io.StringIO())
    console.print(plan_tree(shown))
    console.print(cost_table(shown.plan, shown.todo, 4, "one", Speed(10, start_seconds=0), [4, 36]))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert text.count("new") == 12
    assert "27% saved" in text
    assert "4:35:00" in text
