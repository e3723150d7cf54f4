"""The numbers that the paper prints, and whether a run may stand beside them.

They were measured on FSDKaggle2019; beside another data set they would mean nothing.
"""

from dataclasses import dataclass

from orchestrator.data.fsdkaggle2019 import has_its_classes
from orchestrator.legs.run import Run
from orchestrator.stats.grid import Entry
from orchestrator.stats.predictions import Split

TABLE_1: dict[tuple[str, str, str], float] = {
    ("sigmoid", "verified_only", "cv"): 0.8417,
    ("sigmoid", "top_k", "cv"): 0.8512,
    ("sigmoid", "threshold", "cv"): 0.8569,
    ("sigmoid_softmax", "verified_only", "cv"): 0.8376,
    ("sigmoid_softmax", "top_k", "cv"): 0.8561,
    ("sigmoid_softmax", "threshold", "cv"): 0.8617,
    ("sigmoid_sparsemax", "verified_only", "cv"): 0.8423,
    ("sigmoid_sparsemax", "top_k", "cv"): 0.8602,
    ("sigmoid_sparsemax", "threshold", "cv"): 0.8631,
    ("sigmoid", "verified_only", "private"): 0.7155,
    ("sigmoid", "top_k", "private"): 0.7253,
    ("sigmoid", "threshold", "private"): 0.7278,
    ("sigmoid_softmax", "verified_only", "private"): 0.7207,
    ("sigmoid_softmax", "top_k", "private"): 0.7388,
    ("sigmoid_softmax", "threshold", "private"): 0.7402,
    ("sigmoid_sparsemax", "verified_only", "private"): 0.7236,
    ("sigmoid_sparsemax", "top_k", "private"): 0.7372,
    ("sigmoid_sparsemax", "threshold", "private"): 0.7411,
}
"""lwlrap by activation, selection and split."""

TABLE_2: dict[str, tuple[float, ...]] = {
    "sigmoid_softmax": (0.7617, 0.8097, 0.7941, 0.7643, 0.7825),
    "sigmoid_sparsemax": (0.7658, 0.8154, 0.7865, 0.7964, 0.7910),
}
"""cv lwlrap on clips with several labels by activation: the four folds and their mean. The paper does not
name the selection."""

TABLE_3: dict[str, tuple[float | None, float]] = {
    "THUEE, DCASE 2nd place [9]": (0.7423, 0.7575),
    "the paper's ensemble": (None, 0.7591),
    "OUmed, DCASE 1st place [19]": (0.7474, 0.7579),
    "Ebbers, DCASE 3rd place [20]": (0.7305, 0.7552),
}
"""Public and private lwlrap of systems, all ensembles; None: the paper prints ***."""

CLIPS = {"verified": (4970, 4964), "unverified": (19815,), "test": (4481, 3361, 1120)}
"""Clips of each part; verified: all, or without the six officially bad ones; test: all, or a part of it in
some copies."""


@dataclass(frozen=True)
class Published:
    """The paper's numbers, as far as they may stand beside a run's."""

    obstacle: str = ""
    """Why none may: how the run's data set differs from FSDKaggle2019. Empty where it does not."""

    @classmethod
    def beside(cls, run: Run) -> "Published":
        """What may stand beside this run."""
        return cls(difference_from_fsdkaggle2019(run))

    @property
    def comparable(self) -> bool:
        """Whether any number may."""
        return not self.obstacle

    def table1(self, entry: Entry, split: Split) -> float | None:
        """lwlrap of an entry; None where it may not stand there, or the paper has none."""
        return TABLE_1.get((*entry, split)) if self.comparable else None

    def has_table2(self, folds: int) -> bool:
        """Whether a run with that many folds can be compared with Table 2, which has four."""
        return self.comparable and folds == 4

    def table2(self, entry: Entry, folds: int) -> tuple[float, ...] | None:
        """The four folds and their mean; None where they may not stand there, or the paper has none.

        The paper does not name the selection: they stand beside threshold, its best one.
        """
        known = self.has_table2(folds) and entry.selection == "threshold"
        return TABLE_2.get(entry.activation) if known else None


def difference_from_fsdkaggle2019(run: Run) -> str:
    """In what the run's data set is not FSDKaggle2019; empty where it is."""
    if not has_its_classes(run.manifest.vocabulary):
        return f"its {len(run.manifest.vocabulary)} classes are not those of FSDKaggle2019"
    counts = run.clips["part"].value_counts()
    for part, allowed in CLIPS.items():
        count = int(counts.get(part, 0))
        if count not in allowed:
            return f"it has {count} {part} clips, FSDKaggle2019 has {allowed[0]}"
    return ""
