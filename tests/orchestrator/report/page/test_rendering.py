import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from orchestrator.legs.run import Run
from orchestrator.report.page.rendering import RATE, SECONDS, breakable, groups, inline_svg, sounds, textual
from orchestrator.report.tables.table import Column, Row, Table, Value
from orchestrator.stats.grid import Hole
from tests.orchestrator.fake_run import make_fake_run
from tests.orchestrator.report.page.conftest import SMALL, Made

PLAIN = {
    "verified_csv": "good.csv", "verified_folder": "good", "unverified_csv": "web.csv",
    "unverified_folder": "web",
}  # fmt: skip
ODD = '50 %#?&"<b>.wav'


def make_run(folder: Path, data: Path, **report: Any) -> Run:
    run = make_fake_run(
        folder, activations=["sigmoid"], selections=["top_k"], numbers=SMALL,
        config={"data": {"plain": PLAIN}, "report": report},
    )  # fmt: skip
    for part in ("good", "web"):
        (data / part).mkdir(parents=True)
        (data / f"{part}.csv").write_text("fname,labels\n")
    for name in ("a.wav", ODD):
        soundfile.write(data / "web" / name, np.sin(np.arange(20 * 8000) / 9), 8000, subtype="PCM_16")
    return Run(run.store, run.manifest.model_copy(update={"data_folder": str(data)}))


def test_data_in_the_runs_folder_are_linked_by_a_way_that_moves_with_it_others_whole(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", tmp_path / "run" / "data")
    assert sounds(run, ["a.wav", ODD, "gone.wav"]) == {
        "a.wav": "../data/web/a.wav",
        ODD: "../data/web/50%20%25%23%3F%26%22%3Cb%3E.wav",
    }

    run = make_run(tmp_path / "another", tmp_path / "data")
    assert sounds(run, ["a.wav"]) == {"a.wav": (tmp_path / "data" / "web" / "a.wav").as_uri()}


def test_short_pieces_can_be_put_into_the_page(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", tmp_path / "data", embed_clips=True)
    (tmp_path / "data" / "web" / "bad.wav").write_bytes(b"no sound")
    found = sounds(run, ["a.wav", "bad.wav"])
    assert list(found) == ["a.wav"]
    assert found == sounds(run, ["a.wav", "bad.wav"]), "the same page each time"
    kind, content = found["a.wav"].split(",")
    assert kind == "data:audio/flac;base64"
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(content)))
    assert (len(samples), rate) == (RATE * SECONDS, RATE)


def test_names_that_leave_the_folder_are_no_clips_and_data_may_be_gone(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", tmp_path / "data")
    assert sounds(run, ["../good.csv", "web/a.wav", "/etc/hostname", ".."]) == {}
    away = Run(run.store, run.manifest.model_copy(update={"data_folder": str(tmp_path / "away")}))
    assert sounds(away, ["a.wav"]) == {}


def test_columns_of_numbers_and_of_text() -> None:
    rows = (
        Row("r", (Value(1.0), "1,234", "+0.50", "a", "", "***")),
        Row("s", (Hole("n/a"), "2", "", Hole("not run"), "", "0.1")),
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


def test_neighbours_of_a_group_share_a_title() -> None:
    columns = (Column("a", "x"), Column("a", "y"), Column("b", "x"), Column("c"), Column("c"))
    assert groups(Table("t", "", columns, ())) == [("a", 2), ("b", 1), ("c", 1), ("c", 1)]
