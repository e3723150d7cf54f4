"""`stagegrid report` and `export`, from a run's files alone."""

from pathlib import Path

from tests.orchestrator.cli.conftest import Stagegrid
from tests.orchestrator.fake_run import Numbers, make_fake_run

FEW = Numbers(verified=12, unverified=16, test=8, classes=4, iterations=(2, 2, 1), batch=8)


def test_the_report_is_made_and_the_live_page_with_it(stagegrid: Stagegrid, tmp_path: Path) -> None:
    make_fake_run(tmp_path, numbers=FEW, activations=("sigmoid",), selections=("top_k",))
    code, out, _ = stagegrid("report", tmp_path)
    assert code == 0
    assert f"{tmp_path}/report/index.html" in out
    assert 'href="index.html">report</a>' in (tmp_path / "report/live.html").read_text()


def test_export_says_how_many_cells_were_new(stagegrid: Stagegrid, tmp_path: Path) -> None:
    make_fake_run(tmp_path / "run", activations=("sigmoid",), selections=("top_k", "threshold"))
    for new in (2, 0):
        code, out, _ = stagegrid("export", tmp_path / "run", "--tensorboard", tmp_path / "tb")
        assert (code, out) == (0, f"{new} new cells in {tmp_path / 'tb'}\n")
