"""What figures say, for tests."""

import xml.etree.ElementTree as ET

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orchestrator.legs.run import Run
from orchestrator.report.figures.draw import make_figures
from orchestrator.report.figures.style import Picture
from orchestrator.stats.paper import Published
from tests.orchestrator.fake_run import Numbers
from tests.orchestrator.measured import claims_about, diagnostics_of, scores_of

SMALL = Numbers(verified=24, unverified=30, test=16, classes=4, iterations=(8, 8, 4), batch=16)
QUICK = {"report": {"resamples": 100}}


def figures(run: Run) -> dict[str, Picture]:
    """All figures of a run, by name."""
    scores = scores_of(run)
    claims = claims_about(run, scores, Published("another data set"))
    return {picture.name: picture for picture in make_figures(run, scores, claims, diagnostics_of(run))}


def texts(picture: Picture) -> set[str]:
    root = ET.fromstring(picture.svg)
    return {"".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")}


def empty_axes() -> Axes:
    """Somewhere to draw."""
    axes = Figure().subplots()
    assert isinstance(axes, Axes)
    return axes
