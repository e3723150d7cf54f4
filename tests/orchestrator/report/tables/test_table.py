import io
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from orchestrator.report.tables.table import (
    Column,
    DetailHole,
    Row,
    Table,
    Value,
    to_csv,
    to_latex,
    to_markdown,
)
from orchestrator.stats.grid import Hole, Interval
from tests.orchestrator.report.tables.examples import SMALL


def test_markdown() -> None:
    assert to_markdown(SMALL).splitlines() == [
        "**A title**",
        "",
        "| row | x_1 cv | x_1 private | words |",
        "| --- | --- | --- | --- |",
        "| a_b | 0.5000 [0.4000, 0.7000] | 0.2500<br>paper 0.3000, -0.0500 | 50 % & more |",
        "| c | *failed: no memory* | *not run* | x&#124;y |",
        "",
        "- a note",
    ]


def test_csv_has_all_digits_and_the_reasons() -> None:
    frame = pd.read_csv(io.StringIO(to_csv(SMALL)))
    assert frame["x_1 cv low"].tolist()[0] == 0.4
    assert frame["x_1 private difference"].tolist()[0] == 0.25 - 0.3
    assert frame["x_1 cv hole"].tolist()[1] == "failed: no memory"
    assert frame["words"].tolist() == ["50 % & more", "x|y"]


def test_latex_escapes_and_has_as_many_cells_in_every_line() -> None:
    text = to_latex(SMALL)
    assert r"{}a\_b & 0.5000 [0.4000, 0.7000] & 0.2500; paper 0.3000, -0.0500 & 50 \% \& more \\" in text
    assert r"\emph{not run}" in text
    assert text.count("\\begin{") == text.count("\\end{") == 2
    lines = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {line.replace(r"\&", "").count("&") for line in lines} == {3}


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="pdflatex is not installed")
def test_pdflatex_compiles_whatever_a_label_is(tmp_path: Path) -> None:
    """Every printable character of ASCII and Latin-1, others, commands, ends of lines, options."""
    printable = "".join(map(chr, [*range(32, 127), *range(161, 256)]))
    labels = [
        printable,
        *printable,
        "[5cm]",
        "\\input{/etc/passwd}",
        "}}",
        "$$",
        "%",
        "a\nb",
        "\0\x1b\u202e",
        "ねこ 🐈 ‰ –",
    ]
    rows = tuple(Row(label, (label, Hole("failed", label))) for label in labels)
    table = Table(printable, "[", (Column("%"), Column(printable)), rows, ("\\end{table}",))
    text = to_latex(table)
    rules = "".join(f"\\let\\{name}rule\\hline\n" for name in ("top", "mid", "bottom"))
    source = f"\\documentclass{{article}}\n{rules}\\begin{{document}}\n{text}\\end{{document}}\n"
    (tmp_path / "t.tex").write_text(source)
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "-no-shell-escape", "t.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "t.pdf").is_file()
    assert "passwd)" not in done.stdout  # pdflatex names the files that it reads


def test_a_hole_may_leave_its_kind_to_another_column() -> None:
    hole = DetailHole("not judged", "a/b: not run")
    table = Table("t", "c", (Column("x"),), (Row("r", (hole,)), Row("s", (Value(1.0),))))
    assert "| r | *a/b: not run* |" in to_markdown(table)
    assert "\\emph{a/b: not run}" in to_latex(table)
    assert pd.read_csv(io.StringIO(to_csv(table)))["x hole"][0] == "a/b: not run"
    assert hole != Hole("not judged", "a/b: not run")


def test_a_best_value_stands_out_in_print() -> None:
    table = Table("t", "c", (Column("x"),), (Row("r", (Value(0.5, Interval(0.4, 0.6), best=True),)),))
    assert "| r | **0.5000** [0.4000, 0.6000] |" in to_markdown(table)
    assert "r & \\textbf{0.5000} [0.4000, 0.6000]" in to_latex(table)
