import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from orchestrator.legs.run import Run
from orchestrator.report.build import headline
from orchestrator.report.inputs import ranking
from orchestrator.report.page.page import grids, verdict_counts
from orchestrator.report.page.rendering import COLOURS
from orchestrator.report.tables.claim_tables import verdict_grids
from orchestrator.stats.grid import Hole
from orchestrator.stats.paper import Published
from orchestrator.stats.scoring import Score
from tests.orchestrator.fake_run import make_fake_run
from tests.orchestrator.report.page.conftest import ANOTHER, EVIL, QUICK, SMALL, Made

pytestmark = pytest.mark.integration  # draws every figure

VOID = {"meta", "br", "wbr", "img", "link", "input", "hr"}


@pytest.fixture(scope="module")
def html(made: Made, tmp_path_factory: pytest.TempPathFactory) -> str:
    return made.page(tmp_path_factory.mktemp("page"))


class Strict(HTMLParser):
    """Fails where a tag is not closed in its order; keeps ids, references, links, files and headings."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.files: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        assert len(found) == len(attrs), f"an attribute of {tag} is given twice"
        self.tags.append((tag, found))
        if found.get("id"):
            self.ids.append(str(found["id"]))
        for value in found.values():
            self.references += re.findall(r"url\(#([^)]+)\)", value or "")
        href = found.get("href") or ""
        if href.startswith("#"):
            self.references.append(href[1:])
        elif href:
            self.files.append(href)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def parsed(html: str) -> Strict:
    parser = Strict()
    parser.feed(html)
    parser.close()
    return parser


def test_the_page_is_well_formed(parsed: Strict) -> None:
    assert parsed.open == []
    assert [tag for tag, _ in parsed.tags][:2] == ["html", "head"]


def test_ids_are_unique_and_every_reference_has_its_target(parsed: Strict) -> None:
    assert len(parsed.ids) == len(set(parsed.ids))
    assert set(parsed.references) <= set(parsed.ids)
    assert len(parsed.references) > 50  # markers and clips of the figures


def test_the_page_needs_no_network_and_no_script(html: str, parsed: Strict) -> None:
    assert "http:" not in html
    assert "https:" not in html
    assert "@import" not in html
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in parsed.tags}
    assert not any("src" in attrs for _, attrs in parsed.tags)
    files = r"suspects\.csv|(figures|tables|diagnostics)/[\w-]+\.\w+"
    assert all(re.fullmatch(files, linked) for linked in parsed.files)


def test_the_page_opens_with_the_result(html: str, made: Made) -> None:
    first, second = headline(made.scores, made.claims, list(ranking(made.run)))
    before = html[: html.index('id="grid"')].replace("<wbr>", "")
    assert before.index(first) < before.index(second)


def test_a_number_of_the_grid_stands_in_no_second_table(html: str) -> None:
    assert "Table 1." not in html
    assert 'id="figure-grid"' not in html
    for known, new in (("private folds", "private blend"), ("private stage 3", "private stage 2")):
        assert f'data-label="{known}"' not in html
        assert f'data-label="{new}"' in html
    assert html.count("as in the paper&#39;s Figure 4.") == 1, "a caption of several figures is told once"


def test_clips_to_check_can_be_heard(made: Made, tmp_path: Path) -> None:
    name = made.diagnostics.suspects["fname"][0]
    folder = tmp_path / "noisy"
    folder.mkdir()
    (tmp_path / "a.csv").write_text("fname,labels\n")
    soundfile.write(folder / name, np.zeros(100), 8000, subtype="PCM_16")
    plain = {"verified_csv": "a.csv", "verified_folder": "noisy", "unverified_csv": "a.csv",
             "unverified_folder": "noisy"}  # fmt: skip
    config = made.run.manifest.config | {"data": {"layout": "plain", "plain": plain}}
    manifest = made.run.manifest.model_copy(update={"data_folder": str(tmp_path), "config": config})
    parser = Strict()
    parser.feed(replace(made, run=Run(made.run.store, manifest)).page(tmp_path / "page"))
    (player,) = [attrs for tag, attrs in parser.tags if tag == "audio"]
    assert player["src"] == (folder / name).as_uri()


def test_names_are_escaped(html: str, parsed: Strict) -> None:
    assert "<b>&" not in html
    assert EVIL in "".join(parsed.text)


def test_sections_come_in_order_with_headings(parsed: Strict) -> None:
    sections = [attrs["id"] for tag, attrs in parsed.tags if tag == "section"]
    assert sections == ["grid", "verdicts", "figures", "tables", "diagnostics", "run"]
    levels = [int(tag[1]) for tag, _ in parsed.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_figures_and_tables_can_be_read_without_seeing_them(parsed: Strict) -> None:
    count = {
        name: sum(tag == name for tag, _ in parsed.tags)
        for name in ("svg", "figure", "figcaption", "table", "caption")
    }
    assert count["svg"] == count["figure"] == count["figcaption"] == 9
    assert count["table"] == count["caption"]
    for tag, attrs in parsed.tags:
        if tag == "svg":
            assert attrs["role"] == "img"
            assert attrs["aria-label"]
        if tag == "th":
            assert attrs["scope"] in {"col", "row", "colgroup"}


def test_holes_are_told_with_their_reasons(html: str) -> None:
    assert "2 cells have no result" in html
    assert "sigmoid_softmax/threshold: failed: RuntimeError: out of memory" in html
    assert "sigmoid/top_k: not run" in html


def test_only_one_line_tells_the_time(made: Made, html: str, tmp_path: Path) -> None:
    before, again = (text.replace("</html>", "").splitlines() for text in (html, made.page(tmp_path)))
    different = [line for line, other in zip(before, again, strict=True) if line != other]
    assert all(line.startswith("Written 2") for line in different)
    assert sum(line.startswith("Written 2") for line in before) == 1


def test_a_page_without_any_result(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path / "run", numbers=SMALL, activations=("sigmoid",), selections=("top_k",),
                        missing=[("sigmoid", "top_k")], config=QUICK)  # fmt: skip
    html = Made.of(run).page(tmp_path)
    assert "No cell has a result yet." in html
    assert "No selection has judged an unverified clip." in html
    Strict().feed(html)


def test_every_verdict_has_a_colour_that_the_style_sheet_knows(html: str) -> None:
    style = html[html.index("<style>") : html.index("</style>")]
    for colour in (*COLOURS.values(), "open"):
        assert f".{colour} {{ color:" in style
    assert 'class="verdict open">not judged' in html


def test_the_grid_marks_its_highest_score(made: Made) -> None:
    for grid in grids(made.run, made.scores, ANOTHER):
        cells = [cell for _, row in grid.rows for cell in row]
        scored = [(cell.score.value, cell) for cell in cells if isinstance(cell.score, Score)]
        values = [value for value, _ in scored]
        assert [value for value, cell in scored if cell.best] == [max(values)]
        assert {cell.score for cell in cells if isinstance(cell.score, Hole)} == {
            Hole("not run"),
            Hole("failed", "RuntimeError: out of memory"),
        }
        ranks = [cell.rank for _, cell in scored]
        assert (min(ranks), max(ranks)) == (0, 1)
        assert sorted(values) == [value for _, value in sorted(zip(ranks, values, strict=True))]


def test_published_numbers_stand_in_the_grid_on_the_papers_data(made: Made) -> None:
    cells = dict(grids(made.run, made.scores, Published())[1].rows)
    assert cells["sigmoid"][0].published == 0.7155
    shown = [cell for grid in grids(made.run, made.scores, ANOTHER) for _, row in grid.rows for cell in row]
    assert all(cell.published is None for cell in shown)


def test_verdicts_are_counted_in_words(made: Made) -> None:
    given = [result for grid in verdict_grids(made.claims) for result in grid.results]
    numbers = [int(n) for n in re.findall(r"\d+", verdict_counts(made.claims))]
    assert numbers[0] == len(given) == sum(numbers[1:])
    assert verdict_counts([]) == ""
