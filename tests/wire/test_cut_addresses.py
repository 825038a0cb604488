import pytest

from harness.wire.places import is_address


@pytest.mark.parametrize(
    "text",
    [
        "https://cdn.example.com/1.png?Expires=REDACTED-9e1f4df5&Signature=<signature>",
        "https://cdn.example.com/1.png?sig=<signature 2>&se=1",
        "https://cdn.example.com/<account>/1.png",
    ],
)
def test_an_address_of_which_a_part_was_cut_out_is_one(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize("text", ["<URL>", "https://<HOST>/1.png", 'https://x/"', "https://x/<a"])
def test_a_mark_in_place_of_an_address_is_none(text: str) -> None:
    assert not is_address(text)
