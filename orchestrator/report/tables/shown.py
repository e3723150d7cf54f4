"""What a terminal shows of a report: the result in two sentences, grid, verdicts, the page's place."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from orchestrator.report.tables.table import Table
from orchestrator.report.tables.terminal import to_rich


@dataclass(frozen=True)
class Shown:
    """Printed by rich it is that."""

    headline: Sequence[str]
    tables: Sequence[Table]
    page: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for sentence in self.headline:
            yield Text(sentence)
        yield Text()
        for table in self.tables:
            yield to_rich(table, options.max_width)
            yield Text()
        yield Text(f"report: {self.page}", overflow="fold")
