"""The forest plot: the differences that the claims are about, with their intervals."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orchestrator.report.figures.style import INK, WIDTH, Picture, picture
from orchestrator.stats.assessment import TRAINING, ClaimResult
from orchestrator.stats.bootstrap import Difference
from orchestrator.stats.claims import Claim
from orchestrator.stats.grid import Hole
from orchestrator.stats.predictions import SPLIT_NAMES
from orchestrator.stats.run_scores import RunScores
from orchestrator.stats.verdicts import Verdict

MARKS: dict[Verdict, tuple[str, str]] = {
    Verdict.HIGHER: ("o", INK),
    Verdict.UNCLEAR: ("o", "none"),
    Verdict.LOWER: ("X", INK),
    Verdict.EXPLORATORY: ("|", INK),
}
"""Marker and what fills it."""
MOST_LINES = 100
"""Claims that a page can show: of more, those over the whole grid alone."""
NAMES = {
    Verdict.HIGHER: "filled", Verdict.UNCLEAR: "open", Verdict.LOWER: "cross", Verdict.EXPLORATORY: "bar"
}  # fmt: skip


def claims_forest(scores: RunScores, claims: Sequence[ClaimResult]) -> Picture | None:
    """Differences of lwlrap with intervals, a panel for each split; None where there is none."""
    judged = [r for r in claims if isinstance(r.difference, Difference) and r.evidence != TRAINING]
    whole = [r for r in judged if r.claim.scope.is_whole_grid]
    crowded = len({r.claim for r in judged}) > MOST_LINES and bool(whole)
    results = whole if crowded else judged
    splits = [split for split in dict.fromkeys(result.evidence.split for result in results) if split]
    if not splits:
        return None
    lines = list(dict.fromkeys(result.claim for result in results))
    heights = _heights(lines)
    figure = Figure(figsize=(WIDTH, 1.1 - 0.17 * min(heights.values())), layout="constrained")
    panels = figure.subplots(1, len(splits), sharey=True, squeeze=False)[0]
    for panel, split in zip(panels, splits, strict=True):
        for result in (result for result in results if result.evidence.split == split):
            _difference(panel, result, heights[result.claim])
        panel.axvline(0, color=INK, linewidth=0.8)
        panel.set_title(SPLIT_NAMES[split])
        panel.set_xlabel("difference in lwlrap")
        panel.locator_params(axis="x", nbins=5)
    _claim_names(panels[0], heights)
    caption = (
        f"Paired differences with {scores.settings.level:.0%} intervals: {_intervals_over(results)}. "
        f"{_legend(results)}. Green diamonds: the "
        "paper's difference, where the data are the paper's. "
    )
    caption += (
        "Claims over the whole grid alone; claims.csv has those of single rows and columns."
        if crowded
        else "Thick: the claim over the whole grid."
    )
    alt = f"Forest plot of {len(lines)} differences; the table of claims has the numbers."
    return picture(figure, "claims", "Claims", caption, alt)


def _intervals_over(results: Sequence[ClaimResult]) -> str:
    """What the intervals of each panel are over."""
    trained = {r.evidence.split: r.crossed is not None for r in results if r.evidence.split}
    told = {True: "over other clips and other trainings", False: "over other clips alone, of one training"}
    return "; ".join(f"{SPLIT_NAMES[split]}: {told[crossed]}" for split, crossed in trained.items())


def _legend(results: Sequence[ClaimResult]) -> str:
    """What each marker in the figure says."""
    words: dict[Verdict, dict[str, None]] = {}
    for result in results:
        words.setdefault(result.verdict, {})[result.words] = None
    told = [f"{NAMES[verdict]}: {' or '.join(words[verdict])}" for verdict in MARKS if verdict in words]
    return "; ".join(told).capitalize()


def _heights(claims: Sequence[Claim]) -> dict[Claim, float]:
    """From the top down; a sentence has a line of its own above those of its rows or columns."""
    heights, height, before = {}, 0.0, ""
    for claim in claims:
        height -= 1.0 if claim.sentence == before else 1.0 + _head(claim)
        heights[claim], before = height, claim.sentence
    return heights


def _head(claim: Claim) -> float:
    """Height of a sentence's own line, or of its two."""
    return 1.7 if claim.restriction else 1.0


def _difference(axes: Axes, result: ClaimResult, height: float) -> None:
    assert not isinstance(result.shown, Hole)
    difference, bold = result.shown, result.claim.scope.is_whole_grid
    marker, face = MARKS[result.verdict]
    axes.plot([difference.low, difference.high], [height, height], color=INK, linewidth=1.8 if bold else 0.9)
    axes.plot(
        difference.estimate, height, marker=marker, color=INK, markerfacecolor=face,
        markersize=4.5 if bold else 3.5,
    )  # fmt: skip
    if result.published is not None:
        axes.plot(result.published, height, marker="D", color="#009e73", markersize=3.5)


def _claim_names(axes: Axes, heights: dict[Claim, float]) -> None:
    """Sentences as bold tick labels above the rows or columns that they are about."""
    heads: dict[str, float] = {}
    for claim, height in heights.items():
        lines = f"{claim.statement}\n{claim.restriction}".strip()
        heads.setdefault(lines, height + 0.5 + _head(claim) / 2)
    places = [claim.scope.name or str(claim.scope) for claim in heights]
    axes.set_yticks([*heights.values(), *heads.values()], [*places, *heads])
    for label in axes.get_yticklabels()[len(places) :]:
        label.set_fontweight("bold")
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(min(heights.values()) - 0.8, -0.2)
