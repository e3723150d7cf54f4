"""Settings of reports: they change no trained model, only how its predictions are scored."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat

from trainable.config import OURS, Seed, Settings


class ReportSettings(Settings):
    """How scores, intervals and verdicts are made from predictions."""

    clip_sigma: Annotated[PositiveFloat | None, OURS] = 10.0
    """Standard deviations at which class-normalised scores are clipped; a low value ties the highest scores
    of rare classes (docs/statistics.md). null: no clipping."""
    resamples: Annotated[int, Field(ge=100, le=1_000_000), OURS] = 10_000
    """Bootstrap samples of the clips, the same ones for every cell."""
    level: Annotated[float, Field(gt=0, lt=1), OURS] = 0.95
    """Coverage of intervals, and certainty of verdicts."""
    bootstrap_seed: Annotated[Seed, OURS] = 0
    """Seed of the bootstrap samples."""
    ties: Annotated[Literal["group", "challenge"], OURS] = "group"
    """Rank of equal scores in the tables: group counts all of them as above (eq. 10); challenge sorts,
    ties to the higher class index, as the challenge's own code. Both are in the list of all scores."""
    embed_clips: Annotated[bool, OURS] = False
    """Put the first 5 seconds of the clips to be checked into the page itself, some 3 MB, so that it can be
    sent to others; without it a page on a disk points at the files there."""
