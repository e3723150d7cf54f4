"""The tables about masks as data frames, and their files in the report."""

from dataclasses import dataclass

import pandas as pd

from orchestrator.files.store import Store
from orchestrator.stats.masks import MaskTables
from orchestrator.stats.suspects import Columns


@dataclass(frozen=True)
class Diagnostics:
    """As `MaskTables`, a frame for each table."""

    over_time: pd.DataFrame
    by_class: pd.DataFrame
    by_cell: pd.DataFrame
    by_labels: pd.DataFrame
    by_kind: pd.DataFrame | None
    suspects: pd.DataFrame
    precision_at: pd.DataFrame | None

    @classmethod
    def of(cls, tables: MaskTables) -> "Diagnostics":
        """From columns to frames."""

        def frame(columns: Columns) -> pd.DataFrame:
            return pd.DataFrame(dict(columns))

        return cls(
            frame(tables.over_time), frame(tables.by_class), frame(tables.by_cell), frame(tables.by_labels),
            frame(tables.by_kind) if tables.by_kind is not None else None, frame(tables.suspects),
            frame(tables.precision_at) if tables.precision_at is not None else None,
        )  # fmt: skip

    def write(self, report: Store) -> None:
        """suspects.csv and diagnostics/*.csv."""
        _write(report, "suspects.csv", self.suspects)
        for name, table in self.tables.items():
            _write(report / "diagnostics", f"{name}.csv", table)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Those in diagnostics/, by the names of their files."""
        tables = {
            "over_time": self.over_time, "by_class": self.by_class, "by_cell": self.by_cell,
            "by_labels": self.by_labels, "by_kind": self.by_kind, "precision_at": self.precision_at,
        }  # fmt: skip
        return {name: table for name, table in tables.items() if table is not None}


def _write(folder: Store, name: str, table: pd.DataFrame) -> None:
    folder.write(name, table.to_csv(index=False, lineterminator="\n", float_format="%.6g").encode())
