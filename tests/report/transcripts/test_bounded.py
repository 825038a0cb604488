from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.jsonvalue import Json
from harness.report.text import hidden
from harness.report.transcripts.bounded import bounded_plain, bounded_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def deep(levels: int) -> Json:
    value: Json = "bottom"
    for _ in range(levels):
        value = [value]
    return value


@settings(max_examples=40)
@given(JSON, st.integers(min_value=1, max_value=400))
def test_a_body_is_never_longer_than_its_room_and_hides_nothing(value: Json, room: int) -> None:
    text, _ = bounded_text(value, room)

    assert len(text) <= room + 1
    assert not [char for char in text if hidden(char) and char != "\n"]


def test_a_short_value_is_shown_whole() -> None:
    assert bounded_text({"n": 1, "data": []}) == ('{\n "n": 1,\n "data": []\n}', True)


def test_a_long_prompt_says_how_long_it_is() -> None:
    text, whole = bounded_text({"prompt": "a fox " * 5_000})

    assert "… (30,000 characters)" in text
    assert not whole


def test_of_base64_only_the_beginning_is_left() -> None:
    address = "https://a.test/" + "b" * 90
    text, whole = bounded_text({"b64_json": "/9j/4AAQ" * 1_000, "url": address})

    assert "/9j/4AAQ/9j/4AAQ/9j/4AAQ… (8,000 characters)" in text
    assert address in text
    assert not whole


def test_a_mark_of_an_image_is_kept_whole() -> None:
    mark = "image:sha256:" + "0" * 64

    assert bounded_text([mark]) == (f'[\n "{mark}"\n]', True)


def test_what_is_deep_or_wide_is_cut_and_counted() -> None:
    assert "(1 inside)" in bounded_text(deep(5_000))[0]
    assert "… and 9,976 more" in bounded_text(list(range(10_000)))[0]
    assert "… and 76 more" in bounded_text({str(number): number for number in range(100)})[0]


def test_work_is_bounded_where_each_level_is_wide() -> None:
    wide: Json = "x"
    for _ in range(9):
        wide = [wide] * 20  # shared in memory, 20 ** 9 values when walked

    assert not bounded_text(wide)[1]


def test_a_body_that_is_no_json_spells_its_control_characters() -> None:
    assert bounded_plain("a\x1b[31m\u202eb\nc") == ("a\\u001b[31m\\u202eb\nc", True)
    assert bounded_plain("\x1b" * 10, 10)[0] == "\\u001b\\u00…"
