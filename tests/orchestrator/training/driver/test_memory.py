import pytest

from orchestrator.training.driver.memory import NodeMemory, check_memory, overfills_store
from trainable.errors import UserError

GB = 10**9
SMALL, LARGE = NodeMemory(2 * GB, 0.6 * GB), NodeMemory(16 * GB, 5 * GB)


def test_what_fits_needs_no_words() -> None:
    assert check_memory(3 * GB, 4, [LARGE]) is None
    assert check_memory(GB // 2, 8, [SMALL, SMALL]) is None


def test_what_cannot_fit_is_refused_with_the_numbers() -> None:
    with pytest.raises(UserError, match=r"1.50 GB of features .* 4 folds .* \(2.00 GB \+ 2.00 GB\)"):
        check_memory(3 * GB // 2, 4, [SMALL, SMALL])
    with pytest.raises(UserError, match="do not fit"):
        check_memory(20 * GB, 1, [LARGE])


def test_features_beyond_the_object_store_are_warned_of() -> None:
    assert "6.00 GB of features, and Ray's object store has 5.00 GB" in str(check_memory(6 * GB, 4, [LARGE]))


def test_features_that_would_fill_the_smallest_object_store_are_too_many() -> None:
    assert not overfills_store(4 * GB, [LARGE])
    assert overfills_store(4 * GB + 1, [LARGE])
    assert overfills_store(GB // 2, [LARGE, SMALL])
    assert not overfills_store(10**15, [])
