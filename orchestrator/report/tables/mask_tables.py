"""The diagnostics on the report's page, as tables: what was masked, how well, and what to check first."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from orchestrator.report.diagnostics import Diagnostics
from orchestrator.report.tables.table import Column, Row, Table
from orchestrator.stats.grid import Hole
from orchestrator.stats.suspects import TOP

SUSPECTS = 25
"""Rows of the worklist that the page shows; suspects.csv has all."""


def mask_tables(diagnostics: Diagnostics) -> list[Table]:
    """What every cell masked, also by number of labels; with known truth, how well, which right clips, by
    kind of label, and the worklist's precision."""
    return list(_tables(diagnostics))


def _tables(diagnostics: Diagnostics) -> Iterator[Table]:
    if len(diagnostics.by_cell):
        yield _by_cell(diagnostics.by_cell)
    yield from _by_labels(diagnostics.by_labels)
    if diagnostics.by_kind is not None and len(diagnostics.by_kind):
        yield _wide(diagnostics.by_kind, "kind", "masked_share", "Share masked by kind of label")
    if diagnostics.precision_at is not None and len(diagnostics.precision_at):
        first = [f"first {n}" for n in diagnostics.precision_at["n"]]
        yield _listed(diagnostics.precision_at, first, "Precision of the worklist", "suspects")


NAMES = {
    "judged": "judgements",
    "masked_share": "share masked",
    "base_rate": "base rate",
    "lift": "precision / base rate",
}
"""Columns that have another name for people."""


def _by_cell(frame: pd.DataFrame) -> Table:
    table = _listed(frame, _cells(frame), "What was masked, over all folds and iterations", "cell")
    note = (
        "base rate: share of judgements about wrong labels, the precision of a random mask; precision: "
        "share of what is masked whose labels are wrong; recall: share of wrong labels masked"
    )
    return replace(table, notes=(note,)) if "precision" in frame else table


def _listed(frame: pd.DataFrame, labels: Sequence[str], title: str, corner: str) -> Table:
    """The frame as it is, but for the columns that say what a row is about."""
    names = [name for name in frame.columns if name not in ("activation", "selection", "seed", "n")]
    lines = zip(labels, frame.to_dict("records"), strict=True)
    rows = tuple(Row(label, tuple(_cell(name, line[name]) for name in names)) for label, line in lines)
    return Table(title, corner, tuple(Column(NAMES.get(name, name)) for name in names), rows)


def _cells(frame: pd.DataFrame) -> list[str]:
    """Names of the cells that the rows are about."""
    keys = zip(frame["activation"], frame["selection"], frame["seed"], strict=True)
    return [f"{row}/{column}" + (f", seed {seed}" if seed else "") for row, column, seed in keys]


def _by_labels(frame: pd.DataFrame) -> Iterator[Table]:
    note = (
        "a mask by the loss takes several labels for wrong ones where right clips with more labels lose more"
    )
    if len(frame):
        named = frame.assign(head=[f"{n} label" + "s" * (n > 1) for n in frame["labels"]])
        yield _wide(named, "head", "masked_share", "Share masked by number of labels")
        if frame["masked_right"].notna().any():
            title = "Share masked of the clips whose labels are right, by their number"
            yield _wide(named, "head", "masked_right", title, (note,))


def _wide(frame: pd.DataFrame, head: str, share: str, title: str, notes: tuple[str, ...] = ()) -> Table:
    """A row for each cell, a column for each value of `head` with its `share`."""
    cells = _cells(frame)
    wide = frame.assign(cell=cells).pivot(index="cell", columns=head, values=share)
    wide = wide.loc[list(dict.fromkeys(cells))]
    lines = zip(wide.index, wide.to_numpy(), strict=True)
    rows = tuple(Row(str(cell), tuple(_cell(share, value) for value in line)) for cell, line in lines)
    return Table(title, "cell", tuple(map(Column, wide.columns)), rows, notes)


def _cell(name: str, value: float) -> str | Hole:
    if pd.isna(value):
        return Hole("n/a")
    return f"{int(value):,}" if name == "judged" else f"{value:.2f}" if name == "lift" else f"{value:.3f}"


def suspect_table(diagnostics: Diagnostics) -> Table | None:
    """The top of the worklist; None where nothing was judged."""
    frame = diagnostics.suspects
    if frame.empty:
        return None
    known = "true" in frame
    heads = ("labels", "suspicion", "seen", "share masked", "strength", "the model's own top classes")
    notes = (
        "suspicion: place by strength among the clips with as many labels, from 0 to 1",
        "share masked: of the judgements by all folds of the cells that mask by loss; strength: mean excess "
        "of the loss over the batch's threshold, in standard deviations of the batch",
    )
    rows = tuple(_suspect(line, known) for line in frame.head(SUSPECTS).to_dict("records"))
    columns = tuple(map(Column, (*heads, "true labels") if known else heads))
    return Table(f"The {len(rows)} most suspicious of {len(frame):,} clips", "clip", columns, rows, notes)


def _suspect(line: Mapping[Hashable, Any], known: bool) -> Row:
    """A clip of the worklist."""
    places = [place for place in range(1, TOP + 1) if f"class_{place}" in line]
    own = ", ".join(f"{line[f'class_{place}']} {line[f'score_{place}']:.2f}" for place in places)
    share, strength = f"{line['masked_share']:.2f}", f"{line['strength']:+.2f}"
    suspicion = f"{line['suspicion']:.3f}"
    cells = (line["labels"].replace(",", ", "), suspicion, str(line["seen"]), share, strength, own)
    return Row(line["fname"], (*cells, _known(line)) if known else cells)


def _known(line: Mapping[Hashable, Any]) -> str:
    """The true labels of a suspect, marked where they are the given ones."""
    text = line["true"].replace(",", ", ") or "outside the vocabulary"
    return text if line["wrong"] else f"{text} (labels are right)"
