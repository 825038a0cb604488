import hashlib

from hypothesis import given
from hypothesis import strategies as st

from harness.store.shelf import BLOCK, IN_MEMORY, Shelf, packed, unpacked


def test_a_shelf_of_more_than_memory_gives_back_what_was_put() -> None:
    digests = [hashlib.sha256(bytes((n % 256, n // 256))).hexdigest() for n in range(3_000)]
    shelf = Shelf[int]()
    for number, digest in enumerate(digests):
        shelf.put(digest, number)

    assert len(digests) > BLOCK * IN_MEMORY
    assert [shelf[digest] for digest in digests] == list(range(3_000))
    assert list(shelf) == digests
    assert digests[7] in shelf
    assert "none" not in shelf
    assert shelf.get("none") is None


def test_the_last_value_of_a_digest_holds_in_its_place() -> None:
    shelf = Shelf[str]()
    for digest, value in (("a", "first"), ("b", "other"), ("a", "last")):
        shelf.put(digest, value)

    assert shelf == {"a": "last", "b": "other"}
    assert list(shelf) == ["a", "b"]


@given(st.text() | st.binary(min_size=32, max_size=32).map(bytes.hex))
def test_any_text_is_packed_and_back(text: str) -> None:
    assert unpacked(packed(text)) == text


def test_capitals_are_another_text() -> None:
    digest = "AB" * 32

    assert (unpacked(packed(digest)), packed(digest) == packed(digest.lower())) == (digest, False)
