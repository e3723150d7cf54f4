"""Two runs side by side, for a terminal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from orchestrator.files.printable import printable
from orchestrator.legs.run import Run
from orchestrator.report.diff.claim_pairs import claim_pairs, claim_table
from orchestrator.report.diff.score_tables import Scored, score_tables
from orchestrator.report.tables.table import Table
from orchestrator.report.tables.terminal import to_rich
from orchestrator.settings.messages import Change, changes


@dataclass(frozen=True)
class Comparison:
    """What sets two runs apart; printed by rich it is all of it."""

    old: Run
    new: Run
    settings: Sequence[Change]
    data: str
    program: Sequence[Change]
    """Versions and hardware."""
    tables: Sequence[Table]
    """Of scores."""
    claims: Table
    """Claim by claim."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.lines():
            yield Text(printable(line), overflow="fold")
        for table in self.tables:
            yield Text()
            yield to_rich(table, options.max_width)
        if not self.tables:
            yield Text("the two have no clips in common kind that both can be scored on")
        yield Text()
        yield to_rich(self.claims, options.max_width)

    def lines(self) -> Iterator[str]:
        """All but the scores."""
        yield f"old: {self.old.store}"
        yield f"new: {self.new.store}"
        yield f"data: {self.data}"
        yield from _listed("settings", self.settings)
        yield from _listed("program and machine", self.program)


def _listed(title: str, found: Sequence[Change]) -> Iterator[str]:
    yield f"{title}: {'' if found else 'the same'}".rstrip()
    yield from (f"  {change}" for change in found)


def compare(old: Run, new: Run) -> Comparison:
    """Settings, data, program, scores and claims of two runs."""
    one, other = (run.experiment.model_dump(mode="json") for run in (old, new))
    same = old.manifest.data_id == new.manifest.data_id
    scored = Scored.of(old, new)
    return Comparison(
        old,
        new,
        list(changes(one, other)),
        "the same features, labels and folds" if same else "features, labels or folds differ",
        list(changes(old.manifest.environment, new.manifest.environment)),
        score_tables(scored),
        claim_table(claim_pairs(scored), scored.old_scores.settings.level),
    )
