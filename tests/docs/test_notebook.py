"""docs/notebook.ipynb: it runs from an empty folder, and its page shows what it printed."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from docs.generate.notebook import notebook_page
from tests.integration.programs import environment
from tests.places import ROOT

NOTEBOOK = ROOT / "docs/notebook.ipynb"


def test_its_outputs_are_there_and_small() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    assert NOTEBOOK.stat().st_size < 20_000
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]
    assert str(ROOT) not in NOTEBOOK.read_text()


def test_its_page_has_text_code_and_outputs() -> None:
    page = notebook_page(NOTEBOOK)
    assert page.startswith("# The same from Python\n")
    assert "```python\nfrom orchestrator.api import Run\n" in page
    assert "sigmoid/top_k\n" in page


def test_a_notebook_with_an_error_makes_no_page(tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    error = {"output_type": "error", "ename": "E", "evalue": "no such run", "traceback": []}
    notebook.cells[-1].outputs = [nbformat.from_dict(error)]  # type: ignore[no-untyped-call]
    nbformat.write(notebook, tmp_path / "notebook.ipynb")  # type: ignore[no-untyped-call]
    with pytest.raises(ValueError, match="no such run"):
        notebook_page(tmp_path / "notebook.ipynb")


@pytest.mark.integration
@pytest.mark.timeout(590)
def test_it_runs_from_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answers are the saved ones; scores may differ on another machine."""
    for name, value in environment(tmp_path / "home").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(notebook, timeout=500, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    answers = [
        output.data["text/plain"]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "execute_result"
    ]
    assert answers[-2:] == ["True", "True"]
    assert (tmp_path / "runs/model/model.json").is_file()
