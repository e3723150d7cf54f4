"""FSDKaggle2019 as it was published (Zenodo record 3612637): its classes and its counts."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

VOCABULARY_SHA256 = "15715fa55257b74f54b86ace8206210c94adf38823c1ab2b6b018a41e6642a5f"
"""Of the data set's class names in their order, joined by newlines."""
BAD = frozenset(
    f"{name}.wav" for name in ("f76181c4", "77b925c2", "6a1f682a", "c7db12aa", "7752cc8a", "1d44b0bd")
)
"""Curated clips that the authors of the data set call bad: five wrong labels, one without signal."""
FIRST_PRIVATE = "4260ebea"
"""Names of the public test clips sort before it, those of private ones do not."""
NOISE_TRUTH = "FSDKaggle2019.doc/noise_truth.csv"
"""Where the embedded data set, which has the same layout, tells its own label errors."""


@dataclass(frozen=True)
class Counts:
    """Published counts of a part."""

    clips: int
    labels: int
    single: int
    """Clips with one label."""
    per_class: tuple[int, int]
    """Clips of the rarest and of the most frequent class."""


PUBLISHED = {
    "verified": Counts(4970, 5752, 4269, (47, 75)),
    "unverified": Counts(19815, 24000, 16566, (300, 300)),
    "test": Counts(4481, 6250, 3195, (50, 150)),
}
"""With the six officially bad clips."""
PUBLISHED_USAGES = {"Public": 1120, "Private": 3361}
"""Test clips of each usage."""


def has_its_classes(vocabulary: Sequence[str]) -> bool:
    """Whether these are the classes of FSDKaggle2019 in their order."""
    return hashlib.sha256("\n".join(vocabulary).encode()).hexdigest() == VOCABULARY_SHA256
