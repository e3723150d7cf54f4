"""What figures say, for tests."""

import xml.etree.ElementTree as ET

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orchestrator.legs.run import Run
from orchestrator.report.figures.all_figures import make_figures
from orchestrator.report.figures.style import Picture
from orchestrator.stats.assessment import assess_claims
from orchestrator.stats.diagnostics import diagnose
from orchestrator.stats.published import Published
from orchestrator.stats.run_scores import score_run
from tests.orchestrator.fake_run import Numbers

SMALL = Numbers(verified=24, unverified=30, test=16, classes=4, iterations=(8, 8, 4), batch=16)
QUICK = {"report": {"resamples": 100}}


def figures(run: Run) -> dict[str, Picture]:
    """All figures of a run, by name."""
    scores = score_run(run)
    claims = assess_claims(run, scores, Published("another data set"))
    return {picture.name: picture for picture in make_figures(run, scores, claims, diagnose(run))}


def texts(picture: Picture) -> set[str]:
    root = ET.fromstring(picture.svg)
    return {"".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")}


def empty_axes() -> Axes:
    """Somewhere to draw."""
    axes = Figure().subplots()
    assert isinstance(axes, Axes)
    return axes
