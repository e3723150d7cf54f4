"""What a data set knows of its own label errors: FSDKaggle2019.doc/noise_truth.csv."""

from pathlib import Path

import pandas as pd

from orchestrator.dataset.clip_table import ClipTable
from orchestrator.dataset.csv_files import read_columns
from trainable.errors import UserError

COLUMNS = ("fname", "given", "true", "kind")


def read_noise_truth(folder: Path, table: ClipTable) -> pd.DataFrame | None:
    """Known label errors of the unverified clips of `table`: COLUMNS; None where the data set knows none.

    Raises:
        UserError: the file is malformed, or names a clip twice or one that is not unverified; names the line.
    """
    path = folder / "FSDKaggle2019.doc" / "noise_truth.csv"
    if not path.exists():
        return None
    lines = read_columns(path, COLUMNS)
    unverified = set(table.clips["fname"][table.clips["part"] == "unverified"])
    seen: set[str] = set()
    for number, values in lines:
        fname = values["fname"]
        if fname not in unverified and fname not in table.skipped:
            raise UserError(f"{path}, line {number}: {fname} is no unverified clip of this data set")
        if fname in seen:
            raise UserError(f"{path}, line {number}: {fname} is there twice")
        seen.add(fname)
    kept = [values for _, values in lines if values["fname"] in unverified]
    return pd.DataFrame(kept, columns=list(COLUMNS), dtype=str)
