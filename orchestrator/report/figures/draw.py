"""All figures of a report."""

from collections.abc import Iterator, Sequence

from orchestrator.files.store import Store
from orchestrator.legs.run import Run
from orchestrator.report.diagnostics import Diagnostics
from orchestrator.report.figures.curves import all_curves, figure_4, read_curves
from orchestrator.report.figures.masks import masks_by_class, masks_over_time, worklist_precision
from orchestrator.report.figures.scores import claims_forest, heat_map, per_class
from orchestrator.report.figures.style import Picture, sheet
from orchestrator.stats.assessment import ClaimResult
from orchestrator.stats.run_scores import RunScores

FIGURES = "figures"
"""Folder in the report's."""


def make_figures(
    run: Run, scores: RunScores, claims: Sequence[ClaimResult], diagnostics: Diagnostics
) -> list[Picture]:
    """Every figure that the run has data for, in the order of the page."""
    with sheet():
        return [picture for picture in _figures(run, scores, claims, diagnostics) if picture]


def _figures(
    run: Run, scores: RunScores, claims: Sequence[ClaimResult], diagnostics: Diagnostics
) -> Iterator[Picture | None]:
    curves = read_curves(run)
    yield heat_map(run, scores)
    yield claims_forest(scores, claims)
    for activation in run.experiment.activations:
        yield figure_4(run, curves, activation)
    yield all_curves(run, curves)
    yield per_class(run, scores)
    yield masks_over_time(run, diagnostics)
    yield worklist_precision(diagnostics)
    yield masks_by_class(diagnostics)


def write_figures(pictures: Sequence[Picture], report: Store) -> None:
    """figures/<name>.svg and .png in the report's folder."""
    for picture in pictures:
        report.write(f"{FIGURES}/{picture.name}.svg", picture.svg)
        report.write(f"{FIGURES}/{picture.name}.png", picture.png)
