"""Which clips the embedded data has: counts, shares, and which labels are wrong."""

from collections import Counter

import numpy as np
import pytest

from orchestrator.data.synth.clip_plan import PART_PLANS, Clip, plan_clips
from orchestrator.data.synth.sounds import list_sounds


def planned(seed: int = 0, wrong_rate: float = 0.4, classes: int = 12) -> list[Clip]:
    counts = {"verified": 200, "unverified": 400, "test": 200}
    return plan_clips(classes, counts, wrong_rate, np.random.default_rng(seed))


def test_shares_of_labels_and_public_clips() -> None:
    clips = planned()
    for name, part in PART_PLANS.items():
        own = [clip for clip in clips if clip.part == name]
        sizes = Counter(len(clip.given) for clip in own)
        assert sizes[1] == round(part.single * len(own))
        assert sizes[2] == round(part.double * len(own))
        assert all(len(set(clip.given)) == len(clip.given) for clip in own)
    test = [clip for clip in clips if clip.part == "test"]
    assert np.mean([len(clip.given) for clip in test]) == pytest.approx(1.395, abs=0.01)  # section 4.1
    public = sum(clip.fields()["usage"] == "Public" for clip in test)
    assert public == 50
    assert len({clip.fname for clip in clips}) == len(clips)


def test_every_class_is_about_as_frequent() -> None:
    clips = planned()
    for name in PART_PLANS:
        first = Counter(clip.given[0].name for clip in clips if clip.part == name)
        assert len(first) == 12
        assert max(first.values()) - min(first.values()) <= 1


@pytest.mark.parametrize("classes", [2, 3, 12, 80])
def test_wrong_labels_are_exactly_as_many_as_asked(classes: int) -> None:
    vocabulary = {sound.name for sound in list_sounds(classes)}
    assert len(vocabulary) == classes
    clips = [clip for clip in planned(wrong_rate=0.3, classes=classes) if clip.part == "unverified"]
    kinds = Counter(clip.kind for clip in clips)
    assert kinds["in_vocabulary"] + kinds["out_of_vocabulary"] == 120
    assert kinds["in_vocabulary"] == 60 or classes < 4
    for clip in clips:
        given, heard = ({sound.name for sound in sounds} for sounds in (clip.given, clip.sounds))
        assert given <= vocabulary
        assert heard
        if clip.kind == "correct":
            assert clip.given == clip.sounds
        elif clip.kind == "in_vocabulary":
            assert heard <= vocabulary
            assert not heard & given
        else:
            assert not heard & vocabulary


def test_verified_and_test_labels_are_right() -> None:
    assert all(clip.given == clip.sounds for clip in planned(wrong_rate=1) if clip.part != "unverified")
