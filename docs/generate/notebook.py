"""notebook.md: docs/notebook.ipynb as a page, with the outputs that it was saved with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat


def notebook_page(path: Path) -> str:
    """The page."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return "\n\n".join(text for cell in notebook.cells for text in _texts(cell)) + "\n"


def _texts(cell: Any) -> Iterator[str]:
    if cell.cell_type == "markdown":
        yield cell.source
        return
    yield f"```python\n{cell.source}\n```"
    for output in cell.outputs:
        yield f"```\n{_printed(output).rstrip()}\n```"


def _printed(output: Any) -> str:
    """What an output says on a terminal.

    Raises:
        ValueError: the notebook was saved with an error in it.
    """
    if output.output_type == "error":
        raise ValueError(f"the notebook was saved with an error: {output.evalue}")
    return str(output.text if output.output_type == "stream" else output.data["text/plain"])
