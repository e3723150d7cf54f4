from html.parser import HTMLParser
from pathlib import Path

from orchestrator.files.store import Store
from orchestrator.legs.progress import write_note
from orchestrator.legs.run import Run
from orchestrator.legs.status import NOBODY, StatusReader
from orchestrator.watch.live_page import write_first_page, write_live_page
from tests.orchestrator.fake_run import make_fake_run


def page(run: Run) -> str:
    reader = StatusReader(run)
    write_live_page(run, reader.read(), reader.note)
    return run.store.read("report/live.html").decode()


class Cells(HTMLParser):
    """Counts table rows and open tags."""

    def __init__(self) -> None:
        super().__init__()
        self.rows, self.open = 0, list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.rows += tag == "tr"
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
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
    rows = 1 + len(run.experiment.activations)
    assert parser.rows == rows + 1 + len(run.manifest.legs)
    assert "RuntimeError: out of memory" in text
    assert "sigmoid · shared stem" in text
    assert "3_columns" not in text


def test_what_holds_up_the_run_and_the_way_to_the_dashboard_are_there(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), missing={("sigmoid", "top_k")})
    assert NOBODY in page(run)
    write_note(run.store, "training", {}, "no free CPUs: <another>", "http://127.0.0.1:8265")
    text = page(run)
    assert "no free CPUs: &lt;another&gt;" in text
    assert "http://127.0.0.1:8265" in text


def test_the_first_page_says_what_the_run_is_at(tmp_path: Path) -> None:
    out = Store.open(tmp_path)
    write_first_page(out, "my <run>", "computing features")
    text = (out / "report").read("live.html").decode()
    assert "my &lt;run&gt;: computing features" in text
    assert 'http-equiv="refresh"' in text


def test_what_comes_from_outside_is_escaped(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), failed={("sigmoid", "threshold")})
    leg = next(leg for leg in run.manifest.legs if run.legs[leg.id].failure())
    run.legs[leg.id].fail("<script>alert(1)</script>")
    assert "<script>" not in page(run)
