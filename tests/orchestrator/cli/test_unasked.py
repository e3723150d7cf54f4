"""What grid.py adds to its arguments; the whole file is run in test_grid.py."""

from pathlib import Path

import pytest

from orchestrator.cli.unasked import unasked
from tests.places import ROOT

SET = {"STAGEGRID_CONFIG": "c.yaml", "STAGEGRID_DATA": "/d", "STAGEGRID_OUT": "s3://b/o"}


def test_the_environment_says_what_the_arguments_do_not() -> None:
    assert unasked([], SET, ROOT) == ["--config", "c.yaml", "--data", "/d", "--out", "s3://b/o"]
    assert unasked(["--out=x", "--config", "y"], SET, ROOT) == ["--data", "/d"]
    assert unasked(["--out", "x"], {"STAGEGRID_DATA": ""}, ROOT) == []


def test_where_nobody_says_anything_it_is_the_demo() -> None:
    assert unasked([], {}, ROOT) == ["--config", str(ROOT / "configs/demo.yaml"), "--out", "runs/demo"]


def test_a_copy_without_configurations_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="STAGEGRID_CONFIG and STAGEGRID_OUT"):
        unasked([], {}, tmp_path)
