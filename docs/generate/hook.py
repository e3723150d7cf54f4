"""What MkDocs calls: adds the generated pages, and the files beside docs/ that pages point at."""

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from docs.generate.commands import commands_page
from docs.generate.files import files_page
from docs.generate.notebook import notebook_page
from docs.generate.settings import settings_page

ROOT = Path(__file__).resolve().parents[2]
BESIDE = {
    "overview.md": "README.md",  # MkDocs would take a README.md for the first page
    **{name: name for name in ("SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")},
}
"""Documents of the project's folder that are pages too, by the pages' names."""
FILES = (
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "configs").glob("*.yaml"))),
    "cluster/constraints.txt",
    "CITATION.cff",
    "LICENSE",
)
"""Files that pages point at."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Pages that no file in docs/ holds, and the configurations as files."""
    made = {
        "reference/settings.md": settings_page(),
        "reference/commands.md": commands_page(),
        "reference/files.md": files_page(),
        "notebook.md": notebook_page(ROOT / "docs/notebook.ipynb"),
        **{page: (ROOT / name).read_text() for page, name in BESIDE.items()},
        **{name: (ROOT / name).read_text() for name in FILES},
    }
    for name, content in made.items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, page: Any, config: MkDocsConfig, files: Files) -> str:
    """Links that leave docs/ lead to those pages and files."""
    if page.file.src_uri in BESIDE:
        markdown = markdown.replace("](docs/", "](")
    inside = re.sub(r"\]\(\.\./(?=[A-Z]|configs/|cluster/)", "](", markdown)
    inside = inside.replace("](notebook.ipynb)", "](notebook.md)")
    return inside.replace("](README.md", "](overview.md")
