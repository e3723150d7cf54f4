"""Which clips the embedded data set has: their names, their labels and what is really heard in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from orchestrator.data.fsdkaggle2019 import FIRST_PRIVATE
from orchestrator.data.synth.sounds import Sound, list_sounds

Sounds = tuple[Sound, ...]

OUTSIDE = 6
"""Kinds of sounds that are not in the vocabulary."""


@dataclass(frozen=True)
class PartPlan:
    """The traits of a part of the data set; counts of labels and columns are those of FSDKaggle2019."""

    files: str
    single: float
    """Share of clips with one label."""
    double: float
    """Share of clips with two labels; the others have three."""
    columns: tuple[str, ...]
    public: float = 0.0
    """Share of clips that count for the public score."""


PART_PLANS = {
    "verified": PartPlan("train_curated", 0.84, 0.13, ("fname", "labels", "freesound_id", "license")),
    "unverified": PartPlan("train_noisy", 0.84, 0.13, ("fname", "labels", "flickr_video_URL", "license")),
    "test": PartPlan("test", 0.71, 0.19, ("fname", "labels", "usage", "freesound_id", "license"), 0.25),
}
"""In the order that keys the generators."""


@dataclass(frozen=True)
class Clip:
    """A clip: the sounds that are heard in it, and those that its labels name."""

    fname: str
    part: str
    index: int
    """Number within the part."""
    given: Sounds
    """Sounds that the labels name."""
    sounds: Sounds
    """Sounds that are heard."""
    kind: str
    """correct, or where the sounds of a wrong clip belong: in_vocabulary, out_of_vocabulary."""

    def fields(self) -> dict[str, str]:
        """The clip's values in any of the tables."""
        usage = "Public" if self.fname < FIRST_PRIVATE else "Private"
        labels, true = (",".join(s.name for s in sounds) for sounds in (self.given, self.sounds))
        origin = {"usage": usage, "freesound_id": "", "flickr_video_URL": "", "license": "CC0"}
        return origin | {
            "fname": self.fname,
            "labels": labels,
            "given": labels,
            "true": true,
            "kind": self.kind,
        }


def plan_clips(classes: int, counts: Mapping[str, int], wrong_rate: float, rng: Generator) -> list[Clip]:
    """All clips of the parts, with their names and labels, in the order of the tables."""
    sounds = list_sounds(classes + OUTSIDE)
    vocabulary, outside = sounds[:classes], sounds[classes:]
    taken: set[int] = set()
    clips = []
    for name, part in PART_PLANS.items():
        given = _draw_labels(counts[name], vocabulary, part, rng)
        wrong = _draw_wrong(given, vocabulary, outside, wrong_rate, rng) if name == "unverified" else {}
        for index, fname in enumerate(_draw_names(counts[name], part.public, taken, rng)):
            sounds_and_kind = wrong.get(index, (given[index], "correct"))
            clips.append(Clip(fname, name, index, given[index], *sounds_and_kind))
    return clips


def _draw_labels(count: int, vocabulary: Sequence[Sound], part: PartPlan, rng: Generator) -> list[Sounds]:
    """Labels of `count` clips: every class comes first about as often, the shares of `part` are exact."""
    singles = round(part.single * count)
    pairs = min(round(part.double * count), count - singles)
    sizes = rng.permutation(np.repeat([1, 2, 3], [singles, pairs, count - singles - pairs]))
    first = rng.permutation(np.resize(rng.permutation(len(vocabulary)), count))
    labels = []
    for size, start in zip(sizes, first, strict=True):
        others = np.delete(np.arange(len(vocabulary)), start)
        labels.append(tuple(vocabulary[i] for i in (start, *rng.permutation(others)[: size - 1])))
    return labels


def _draw_wrong(
    given: Sequence[Sounds],
    vocabulary: Sequence[Sound],
    outside: Sequence[Sound],
    wrong_rate: float,
    rng: Generator,
) -> dict[int, tuple[Sounds, str]]:
    """Sounds of the clips with wrong labels, and the kind of error; they are exactly `wrong_rate` of all."""
    wrong: dict[int, tuple[Sounds, str]] = {}
    chosen = rng.permutation(len(given))[: round(wrong_rate * len(given))]
    for turn, clip in enumerate(chosen.tolist()):
        others = [sound for sound in vocabulary if sound not in given[clip]]
        if turn % 2 and others:
            heard = rng.permutation(len(others))[: len(given[clip])]
            wrong[clip] = tuple(others[i] for i in heard), "in_vocabulary"
        else:
            wrong[clip] = (outside[int(rng.integers(len(outside)))],), "out_of_vocabulary"
    return wrong


def _draw_names(count: int, public: float, taken: set[int], rng: Generator) -> list[str]:
    """`count` new file names in no order; where there is a public share, it has the lower names."""
    border, lower = int(FIRST_PRIVATE, 16), round(public * count)
    numbers: list[int] = []
    while len(numbers) < count:
        low, high = (0, border) if len(numbers) < lower else (border if public else 0, 2**32)
        number = int(rng.integers(low, high))
        if number not in taken:
            taken.add(number)
            numbers.append(number)
    return [f"{numbers[i]:08x}.wav" for i in rng.permutation(count)]
