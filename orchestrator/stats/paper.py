"""What the paper says: the sentences that are judged, and the numbers that it prints.

Its numbers were measured on FSDKaggle2019; beside another data set they would mean nothing.
"""

from dataclasses import dataclass

from orchestrator.stats.grid import Entry
from orchestrator.stats.predictions import Split


@dataclass(frozen=True)
class Citation:
    """Where a claim stands in the paper."""

    section: str
    """Or table; or that it is not there."""
    sentence: str = ""
    """In the paper's words."""

    def __str__(self) -> str:
        return self.section

    @property
    def cited(self) -> str:
        """Section and sentence."""
        return f'{self.section}: "{self.sentence}"' if self.sentence else self.section


NOT_IN_PAPER = Citation("not in the paper")
TWO_HEADS = Citation(
    "section 5.1", "Systems with multi-activation structure outperform systems with single activation."
)
STAGED = Citation(
    "section 5.1",
    "Compared with only using verified data, staged training strategy can learn from noisy label to improve "
    "performance.",
)
MECHANISMS = Citation(
    "section 5.1",
    "As for selection mechanisms in the staged training strategy, performance of the updatable parameter "
    "selection mechanism outperforms top k selection mechanism.",
)
SPARSEMAX = Citation(
    "section 5.1",
    "Performance of sigmoid-sparsemax is slightly better than sigmoid-softmax on both cross-fold validation "
    "and private evaluation dataset.",
)
SEVERAL_LABELS = Citation(
    "table 2",
    "As shown in Table 2, sigmoid-sparsemax structure can improve the performance on data with multi labels.",
)

STAGE_2 = Citation(
    "section 5.1",
    "In the second stage, proposed mechanism outperforms top k mechanism in terms of F-score, training loss.",
)
STAGE_3 = Citation(
    "section 5.1",
    "In the third stage, proposed mechanism also achieves higher F-score and lower loss than top k selection "
    "mechanism.",
)
FASTER = Citation(
    "section 3.1",
    "Compared with the mechanism that ignores the noisy samples with the top k loss, the updatable threshold "
    "makes model more stable and helps train the network faster.",
)
FOLLOWS = Citation(
    "section 3.1",
    "In [9], k samples are ignored in every batch, regardless of the proportion of incorrect labels in this "
    "particular batch.",
)
COLUMNS = ("verified_only", "top_k", "threshold")
TABLE_1: dict[tuple[str, str], tuple[float, ...]] = {
    ("sigmoid", "cv"): (0.8417, 0.8512, 0.8569),
    ("sigmoid_softmax", "cv"): (0.8376, 0.8561, 0.8617),
    ("sigmoid_sparsemax", "cv"): (0.8423, 0.8602, 0.8631),
    ("sigmoid", "private"): (0.7155, 0.7253, 0.7278),
    ("sigmoid_softmax", "private"): (0.7207, 0.7388, 0.7402),
    ("sigmoid_sparsemax", "private"): (0.7236, 0.7372, 0.7411),
}
"""lwlrap by activation and split: of COLUMNS."""

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


@dataclass(frozen=True)
class Published:
    """The paper's numbers, as far as they may stand beside a run's."""

    obstacle: str = ""
    """Why none may: how the run's data set differs from FSDKaggle2019. Empty where it does not."""

    @property
    def comparable(self) -> bool:
        """Whether any number may."""
        return not self.obstacle

    def table1(self, entry: Entry, split: Split) -> float | None:
        """lwlrap of an entry; None where it may not stand there, or the paper has none."""
        known = TABLE_1.get((entry.activation, split)) if self.comparable else None
        return dict(zip(COLUMNS, known, strict=True)).get(entry.selection) if known else None

    def has_table2(self, folds: int) -> bool:
        """Whether a run with that many folds can be compared with Table 2, which has four."""
        return self.comparable and folds == 4

    def table2(self, entry: Entry, folds: int) -> tuple[float, ...] | None:
        """The four folds and their mean; None where they may not stand there, or the paper has none.

        The paper does not name the selection: they stand beside threshold, its best one.
        """
        known = self.has_table2(folds) and entry.selection == "threshold"
        return TABLE_2.get(entry.activation) if known else None
