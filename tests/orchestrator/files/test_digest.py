"""Names of contents, against hashlib and the order of keys."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.files.digest import digest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_it_is_the_start_of_sha256_over_json_with_sorted_keys() -> None:
    text = b'{"a": [1, 2.5, null], "b": "\\u00e9"}'
    assert digest({"b": "é", "a": (1, 2.5, None)}) == hashlib.sha256(text).hexdigest()[:16]


def test_it_is_the_same_in_every_process_and_version() -> None:
    """Golden: legs and features on every disk are named so."""
    assert digest("") == "12ae32cb1ec02d01"
    assert digest([]) == "4f53cda18c2baa0c"


@given(st.dictionaries(st.text(), JSON, min_size=2, max_size=5))
def test_the_order_of_keys_is_no_content(content: dict[str, object]) -> None:
    assert digest(dict(reversed(content.items()))) == digest(content)


@given(st.lists(st.integers(), min_size=1, max_size=4))
def test_the_order_of_a_list_is(content: list[int]) -> None:
    assert (digest(content[::-1]) == digest(content)) == (content[::-1] == content)


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError):
        digest({1, 2})
