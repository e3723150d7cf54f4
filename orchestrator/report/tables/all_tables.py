"""All tables of a report about scores: built once for its files, its page and the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.legs.run import Run
from orchestrator.report.tables.more_tables import readings_table, stages_table, verdicts_table
from orchestrator.report.tables.paper_tables import claims_table, table1, table2, table3
from orchestrator.report.tables.table import Table
from orchestrator.stats.assessment import ClaimResult
from orchestrator.stats.paper import Published
from orchestrator.stats.run_scores import RunScores


@dataclass(frozen=True)
class Tables:
    """Every table, by the name of its files."""

    table1: Table
    table2: Table
    table3: Table
    readings: Table
    stages: Table
    claims: Table
    verdicts: Table

    @property
    def of_numbers(self) -> dict[str, Table]:
        """Those that a paper could print."""
        return {
            "table1": self.table1,
            "table2": self.table2,
            "table3": self.table3,
            "readings": self.readings,
            "stages": self.stages,
        }

    @property
    def of_claims(self) -> dict[str, Table]:
        """The others."""
        return {"claims": self.claims, "verdicts": self.verdicts}


def make_tables(run: Run, scores: RunScores, claims: Sequence[ClaimResult], published: Published) -> Tables:
    """Every table of the run, with a hole wherever it has no number."""
    return Tables(
        table1(run, scores, published),
        table2(run, scores, published),
        table3(run, scores, published),
        readings_table(run, scores),
        stages_table(run, scores),
        claims_table(scores, claims, published),
        verdicts_table(scores, claims),
    )
