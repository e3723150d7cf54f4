import subprocess
import sys
from collections.abc import Sequence

import pytest

from trainable.later import Later

HEAVY = ("torch", "ray", "pandas", "librosa", "scipy", "matplotlib", "sklearn")
LIGHT = (
    "orchestrator.cli.status",
    "orchestrator.cli.plan",
    "orchestrator.report.kept",
    "orchestrator.training.fill",
    "orchestrator.watch.terminal",
    "orchestrator.training.driver.watchers",
)
"""What `status`, `plan` and a run with nothing left to do import."""


def loaded_by(statements: str, asked: Sequence[str] = HEAVY) -> set[str]:
    code = f"{statements}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split()) & set(asked)


def test_a_module_is_loaded_when_something_of_it_is_asked_for() -> None:
    made = "from trainable.later import Later\ncolours = Later('colorsys')"
    assert loaded_by(made, ["colorsys"]) == set()
    assert loaded_by(f"{made}\ncolours.rgb_to_hls", ["colorsys"]) == {"colorsys"}


def test_what_it_has_not_is_an_error_as_of_the_module() -> None:
    with pytest.raises(AttributeError, match="module 'colorsys' has no attribute 'nothing'"):
        Later("colorsys").nothing  # noqa: B018


@pytest.mark.parametrize("module", LIGHT)
def test_commands_that_compute_nothing_import_nothing_heavy(module: str) -> None:
    assert loaded_by(f"import {module}") == set()


def test_settings_need_no_torch() -> None:
    settings = "from orchestrator.settings.loading import load_experiment\nfrom pathlib import Path"
    planned = "from orchestrator.legs.plan import make_plan\nmake_plan(load_experiment(Path('paper')), 'x')"
    assert loaded_by(f"{settings}\n{planned}") == set()
