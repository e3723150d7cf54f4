"""The tables about masks as data frames, and their files in the report."""

from dataclasses import dataclass

import pandas as pd

from orchestrator.files.store import Store
from orchestrator.stats.masks import MaskTables


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
        return cls(**{name: columns and pd.DataFrame(columns) for name, columns in vars(tables).items()})

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Those in diagnostics/, by the names of their files."""
        return {name: frame for name, frame in vars(self).items() if frame is not None and name != "suspects"}

    def write(self, report: Store) -> None:
        """suspects.csv and diagnostics/*.csv."""
        for name, frame in {"suspects": self.suspects, **self.tables}.items():
            folder = report if name == "suspects" else report / "diagnostics"
            text = frame.to_csv(index=False, lineterminator="\n", float_format="%.6g")
            folder.write(f"{name}.csv", text.encode())
