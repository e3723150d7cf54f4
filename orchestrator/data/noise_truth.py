"""What a data set knows of its own label errors: FSDKaggle2019.doc/noise_truth.csv."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.data.clip_table import ClipTable
from orchestrator.data.csv_files import read_columns
from orchestrator.data.problems import Kind, Problem, Problems
from trainable.later import Later

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = Later("pandas")

COLUMNS = ("fname", "given", "true", "kind")


KIND: Kind = "list of label errors"


def read_noise_truth(folder: Path, table: ClipTable, problems: Problems | None = None) -> pd.DataFrame | None:
    """Known label errors of the unverified clips of `table`: COLUMNS; None where the data set knows none.

    Raises:
        UserError: the file is malformed, or names a clip twice or one that is not unverified; names the line.
    """
    path = folder / "FSDKaggle2019.doc" / "noise_truth.csv"
    if not path.exists():
        return None
    problems = problems or Problems()
    lines = read_columns(path, COLUMNS, problems, KIND)
    unverified = set(table.clips["fname"][table.clips["part"] == "unverified"])
    seen: set[str] = set()
    for number, values in lines:
        fname = values["fname"]
        if fname not in unverified and fname not in table.skipped:
            problems.stop(Problem.at(KIND, path, number, f"{fname} is no unverified clip of this data set"))
        if fname in seen:
            problems.stop(Problem.at(KIND, path, number, f"{fname} is there twice"))
        seen.add(fname)
    kept = [values for _, values in lines if values["fname"] in unverified]
    return pd.DataFrame(kept, columns=list(COLUMNS), dtype=str)
