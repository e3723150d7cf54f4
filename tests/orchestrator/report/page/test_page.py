import re
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from orchestrator.artifacts.run import Run
from orchestrator.experiment.loading import load_experiment
from orchestrator.experiment.report_settings import ReportSettings
from orchestrator.experiment.settings import Experiment
from orchestrator.report.claims.claims import ClaimResult, judge_claims
from orchestrator.report.figures.all_figures import make_figures
from orchestrator.report.figures.style import Picture
from orchestrator.report.page.overview import grids, summary, verdict_counts, verdicts
from orchestrator.report.page.page import Tables, breakable, inline_svg, textual, write_page
from orchestrator.report.page.run_facts import run_facts, settings_of
from orchestrator.report.scores.run_scores import RunScores, score_run
from orchestrator.report.selection.diagnostics import Diagnostics, diagnose
from orchestrator.report.tables.mask_tables import SUSPECTS
from orchestrator.report.tables.paper_tables import claims_table, table1
from orchestrator.report.tables.table import Column, Hole, Row, Table, Value
from orchestrator.storage.store import Store
from tests.orchestrator.fake_run import Numbers, make_fake_run
from tests.places import CONFIGS

pytestmark = pytest.mark.integration  # draws every figure

SMALL = Numbers(verified=24, unverified=40, test=16, classes=4, iterations=(8, 8, 4), batch=16)
EVIL = '<b>&"'
VOID = {"meta", "br", "wbr", "img", "link", "input", "hr"}


@dataclass(frozen=True)
class Made:
    """What a page is made of."""

    run: Run
    scores: RunScores
    claims: list[ClaimResult]
    diagnostics: Diagnostics
    figures: list[Picture]

    @classmethod
    def of(cls, run: Run) -> "Made":
        scores = score_run(run, ReportSettings(resamples=100))
        claims, found = judge_claims(run, scores), diagnose(run)
        return cls(run, scores, claims, found, make_figures(run, scores, claims, found))

    def page(self, folder: Path) -> str:
        run, scores, claims = self.run, self.scores, self.claims
        tables = Tables([table1(run, scores)], [claims_table(run, scores, claims)])
        write_page(run, scores, claims, tables, self.diagnostics, self.figures, Store.open(folder))
        return (folder / "index.html").read_text()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_fake_run(
        tmp_path_factory.mktemp("run"), numbers=SMALL, failed=[("sigmoid_softmax", "threshold")],
        missing=[("sigmoid", "top_k")], vocabulary=[EVIL, "dog", "cat", "$x$"],
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(run: Run) -> Made:
    return Made.of(run)


@pytest.fixture(scope="module")
def html(made: Made, tmp_path_factory: pytest.TempPathFactory) -> str:
    return made.page(tmp_path_factory.mktemp("page"))


class Strict(HTMLParser):
    """Fails where a tag is not closed in its order; keeps ids, references, links and headings."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        assert len(found) == len(attrs), f"an attribute of {tag} is given twice"
        self.tags.append((tag, found))
        if found.get("id"):
            self.ids.append(str(found["id"]))
        for value in found.values():
            self.references += re.findall(r"url\(#([^)]+)\)", value or "")
        href = found.get("href") or ""
        if href:
            assert href.startswith("#"), href
            self.references.append(href[1:])
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
    assert count["svg"] == count["figure"] == count["figcaption"] == 10
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
                        missing=[("sigmoid", "top_k")])  # fmt: skip
    html = Made.of(run).page(tmp_path)
    assert "No cell has a result yet." in html
    assert "No selection has judged an unverified clip." in html
    Strict().feed(html)


def test_the_grid_marks_its_highest_score(made: Made) -> None:
    for grid in grids(made.run, made.scores):
        cells = [cell for _, row in grid.rows for cell in row]
        values = [cell.score.value for cell in cells if cell.score]
        assert [cell.score.value for cell in cells if cell.score and cell.best] == [max(values)]
        assert {cell.reason for cell in cells if not cell.score} == {
            "not run",
            "failed: RuntimeError: out of memory",
        }
        assert sorted(cell.rank for cell in cells if cell.score)[0] == 0


def test_the_summary_counts(made: Made) -> None:
    found = summary(made.run, made.scores)
    assert found.shape == "3 activations × 3 selections, 2 folds, seed 0"
    assert found.clips == "24 verified, 40 unverified, 16 test clips of 4 classes"


def test_verdicts_are_counted_in_words(made: Made) -> None:
    shown = [c for part in verdicts(made.claims) for row in part.rows for c in row.splits if c]
    numbers = [int(n) for n in re.findall(r"\d+", verdict_counts(made.claims))]
    assert numbers[0] == len(shown) == sum(numbers[1:])


def test_the_worklist_is_cut(html: str, run: Run) -> None:
    assert f"The {SUSPECTS} most suspicious of {SMALL.unverified} clips" in html


def test_facts_tell_what_sharing_saved(run: Run) -> None:
    facts = {name: value for _, group in run_facts(run) for name, value in group}
    shared, alone = run.manifest.iterations * 2, run.manifest.iterations_alone * 2
    assert facts["without shared stages"] == f"{alone:,} ({1 - shared / alone:.0%} saved)"
    assert facts["git commit"] == "none"
    assert facts["devices"] == "cpu"
    assert facts["that run's time"] == "12.5 s"
    assert facts["legs"] == "10 of 12 trained"


def test_settings_of_the_papers_configuration_are_the_papers() -> None:
    lines = {line.key: line for line in settings_of(load_experiment(CONFIGS / "paper.yaml"))}
    assert not [line for line in lines.values() if line.origin.startswith("paper:")]
    assert lines["stages.1.unverified"] == ("stages.1.unverified", "0.5", "paper")
    assert lines["batches.size"].origin == "paper"
    assert lines["model.gru"].origin == "not in the paper"


def test_a_changed_value_of_the_papers_says_so() -> None:
    changed = ["batches.size=8", "selections.top_k.k=2", "selections.threshold.k=2", "stages.0.iterations=7"]
    lines = {line.key: line for line in settings_of(load_experiment(CONFIGS / "paper.yaml", changed))}
    assert lines["batches.size"] == ("batches.size", "8", "paper: 64")
    assert lines["selections.top_k.k"].origin == "paper: 10"
    assert lines["stages.0.iterations"].origin == "paper: 10000"


def test_every_setting_has_a_line() -> None:
    experiment: Experiment = load_experiment(CONFIGS / "paper.yaml")
    keys = {line.key for line in settings_of(experiment)}

    def leaves(value: Any, key: str) -> set[str]:
        if isinstance(value, dict) and value and key != "ensembles":
            return {
                leaf for name, below in value.items() for leaf in leaves(below, f"{key}.{name}".lstrip("."))
            }
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return {leaf for i, below in enumerate(value) for leaf in leaves(below, f"{key}.{i}")}
        return {key}

    assert leaves(experiment.model_dump(mode="json", serialize_as_any=True), "") <= keys


def test_columns_of_numbers_and_of_text() -> None:
    rows = (
        Row("r", (Value(1.0), "1,234", "+0.50", "a", "", "***")),
        Row("s", (Hole("x"), "2", "", Hole("y"), "", "0.1")),
    )
    table = Table("t", "c", tuple(map(Column, "abcdef")), rows)
    assert textual(table) == [False, False, False, True, False, False]


def test_names_break_after_underscores_and_stay_escaped() -> None:
    assert breakable("a_<b>") == "a_<wbr>&lt;b&gt;"


def test_inline_figures_take_the_pages_colours(made: Made) -> None:
    for picture in made.figures:
        svg = inline_svg(picture)
        assert "#1a1a1a" not in svg
        assert "currentColor" in svg
        assert "fill: #ffffff" not in svg
        assert "<style" not in svg
        assert svg.startswith("<svg")
