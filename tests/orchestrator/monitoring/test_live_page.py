from html.parser import HTMLParser
from pathlib import Path

from orchestrator.artifacts.run import Run
from orchestrator.monitoring.live_page import write_live_page
from orchestrator.monitoring.status import StatusReader
from tests.orchestrator.fake_run import make_fake_run


def page(run: Run) -> str:
    write_live_page(run, StatusReader(run).read())
    return run.store.read("report/live.html").decode()


class Cells(HTMLParser):
    """Counts table rows and open tags."""

    def __init__(self) -> None:
        super().__init__()
        self.rows, self.open = 0, list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.rows += tag == "tr"
        if tag not in ("meta", "progress"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "progress":
            assert self.open.pop() == tag


def test_a_finished_run_no_longer_reloads(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, selections=("top_k",), activations=("sigmoid",))
    text = page(run)
    assert "http-equiv" not in text
    assert "1/1 legs" in text


def test_an_unfinished_run_reloads_and_shows_every_leg_and_failure(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), missing={("sigmoid", "top_k")},
                        failed={("sigmoid", "threshold")})  # fmt: skip
    text = page(run)
    assert 'http-equiv="refresh"' in text
    parser = Cells()
    parser.feed(text)
    assert parser.open == []
    failures = sum(status.reason is not None for status in StatusReader(run).read())
    assert failures == 1
    assert parser.rows == 1 + len(run.manifest.legs) + failures


def test_what_comes_from_outside_is_escaped(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), failed={("sigmoid", "threshold")})
    leg = next(leg for leg in run.manifest.legs if run.legs[leg.id].failure())
    run.legs[leg.id].fail("<script>alert(1)</script>")
    assert "<script>" not in page(run)
