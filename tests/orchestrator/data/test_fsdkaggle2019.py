"""The published facts agree with one another and with the real tables."""

import csv

import pytest

from orchestrator.data.fsdkaggle2019 import PUBLISHED, PUBLISHED_USAGES, has_its_classes
from tests.places import META


def test_the_counts_agree_with_one_another() -> None:
    assert sum(PUBLISHED_USAGES.values()) == PUBLISHED["test"].clips
    assert PUBLISHED["unverified"].labels == 80 * 300
    for counts in PUBLISHED.values():
        assert counts.single < counts.clips < counts.labels
        assert 80 * counts.per_class[0] <= counts.labels <= 80 * counts.per_class[1]


@pytest.mark.skipif(not META.is_dir(), reason="the real metadata is not here")
def test_its_classes_are_known_by_name_and_order() -> None:
    with (META / "vocabulary.csv").open(newline="") as file:
        names = [name for _, name in csv.reader(file)]
    assert has_its_classes(names)
    assert not has_its_classes(names[::-1])
