"""A file is what its checksum says, on disk and on object storage."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orchestrator.files.integrity import (
    DamagedFile,
    Sealed,
    StoredFile,
    digest,
    find_damage,
    is_digest,
    read_intact,
)
from orchestrator.files.store import Store


@given(st.binary(max_size=200))
def test_the_note_is_size_and_sha256(data: bytes) -> None:
    note = StoredFile.of(data)
    assert (note.size, note.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_what_was_written_is_read(store: Store) -> None:
    store.write("x", b"content")
    assert read_intact(store, "x", StoredFile.of(b"content")) == b"content"
    assert find_damage(store, "x", StoredFile.of(b"content")) is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "missing"),
        (b"conten", "6 bytes where 7 were written"),
        (b"Content", "its content has changed"),
    ],
)
def test_anything_else_is_named(store: Store, content: bytes | None, reason: str) -> None:
    if content is not None:
        store.write("x", content)
    with pytest.raises(DamagedFile, match=f"/x: {reason}: the same command") as caught:
        read_intact(store, "x", StoredFile.of(b"content"))
    assert caught.value.damage == find_damage(store, "x", StoredFile.of(b"content"))


def test_a_folder_in_place_of_a_file_is_damage(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    damage = find_damage(Store.open(tmp_path), "x", StoredFile.of(b""))
    assert damage is not None
    assert damage.reason.startswith("unreadable")


class Note(Sealed):
    text: str
    numbers: tuple[int, ...] = ()


def test_a_seal_breaks_with_any_character(tmp_path: Path) -> None:
    """All but white space between values: that says nothing."""
    store = Store.open(tmp_path)
    store.write_model("x.json", Note(text="abc", numbers=(1, 2)).sealed())
    whole = (tmp_path / "x.json").read_text()
    assert store.read_model("x.json", Note).text == "abc"
    for index, character in enumerate(whole):
        if not character.isspace():
            changed = whole[:index] + ("7" if character != "7" else "8") + whole[index + 1 :]
            with pytest.raises(ValidationError):
                Note.model_validate_json(changed)


def test_what_was_never_sealed_is_read() -> None:
    assert Note.model_validate_json('{"text": "by hand"}').text == "by hand"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_a_digest_is_the_start_of_sha256_over_json_with_sorted_keys() -> None:
    text = b'{"a": [1, 2.5, null], "b": "\\u00e9"}'
    assert digest({"b": "é", "a": (1, 2.5, None)}) == hashlib.sha256(text).hexdigest()[:16]


def test_a_digest_is_the_same_in_every_process_and_version() -> None:
    """Golden: legs and features on every disk are named so."""
    assert digest("") == "12ae32cb1ec02d01"
    assert digest([]) == "4f53cda18c2baa0c"


@pytest.mark.parametrize(
    "name", ["12ae32cb1ec02d0", "12ae32cb1ec02d01.tmp", "bad-12ae32cb1ec02", "X" * 16, ""]
)
def test_a_digest_is_told_from_other_names(name: str) -> None:
    assert not is_digest(name)
    assert is_digest(digest(name))


@given(st.dictionaries(st.text(), JSON, min_size=2, max_size=5))
def test_the_order_of_keys_is_no_content(content: dict[str, object]) -> None:
    assert digest(dict(reversed(content.items()))) == digest(content)


@given(st.lists(st.integers(), min_size=1, max_size=4))
def test_the_order_of_a_list_is(content: list[int]) -> None:
    assert (digest(content[::-1]) == digest(content)) == (content[::-1] == content)


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError):
        digest({1, 2})
