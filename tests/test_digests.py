"""A text is known again by its digest, whatever it holds."""

from harness.core.digests import text_digest
from harness.core.jsonvalue import digest


def test_the_digest_of_a_text_is_that_of_its_bytes() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    assert text_digest("") == empty
    assert digest("a") == text_digest('"a"')
    assert text_digest("\ud800") != text_digest("\ud801") != text_digest("?")
