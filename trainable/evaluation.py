"""Scores of whole clips, and how good they are (sections 2.1 and 4.3)."""

from collections.abc import Callable

import torch

from trainable.activations import Activation
from trainable.arrays import Ints, Labels, Scores
from trainable.bank import Bank
from trainable.config import Batches
from trainable.metrics import f_score, lwlrap
from trainable.model import CnnGru

Scored = Callable[[int, int], None]
"""Is told after each batch how many clips have their scores, of how many."""


def unseen(done: int, total: int) -> None:
    """Nobody looks."""


@torch.no_grad()
def score_clips(
    model: CnnGru,
    activation: Activation,
    bank: Bank,
    clips: Ints,
    batches: Batches,
    told: Scored = unseen,
) -> Scores:
    """Fused scores of clips at their full fixed length (section 2.1): (len(clips), classes).

    Leaves the model in evaluation mode. Batches hold about as many frames as in training. A device is waited
    for once, at the end. A data set may have no test clips: no clips have no scores.
    """
    model.eval()
    at_once = max(1, batches.size * batches.crop_frames // batches.clip_frames)
    # Of all batches: many small ones would keep memory in pieces.
    scores = torch.empty(len(clips), model.n_classes, device=bank.device)
    for i in range(0, len(clips), at_once):
        some = clips[i : i + at_once]
        scores[i : i + at_once] = activation.predict(model(bank.whole(some)))
        told(i + len(some), len(clips))
    return scores.cpu().numpy()


def f_score_and_lwlrap(truth: Labels, scores: Scores, f_threshold: float) -> tuple[float, float]:
    """Both of the paper's scores of validation clips."""
    return f_score(truth, scores, f_threshold), lwlrap(truth, scores)
