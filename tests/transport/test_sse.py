from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.transport.pictures import Pictures
from harness.transport.sse import SseDecoder, SseError, read_event


def decoded(*chunks: bytes) -> list[tuple[str, str]]:
    decoder = SseDecoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\n", [("", "a")]),
        (b"data:a\n\n", [("", "a")]),
        (b"data:  a\n\n", [("", " a")]),
        (b"event: x\ndata: a\ndata: b\n\n", [("x", "a\nb")]),
        (b"data: a\ndata\ndata: b\n\n", [("", "a\n\nb")]),
        (b"event: x\r\ndata: a\r\n\r\ndata: b\r\n\r\n", [("x", "a"), ("", "b")]),
        (b"event: x\rdata: a\r\rdata: b\r\r", [("x", "a"), ("", "b")]),
        (b": a comment\n\ndata: a\n: another\n\n", [("", "a")]),
        (b"event: x\n\ndata: a\n\n", [("", "a")]),
        (b"id: 1\nretry: 9\nwhatever: z\ndata: a\n\n", [("", "a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [("", "a")]),
        (b"data: \xc5\x81\xff\n\n", [("", "Ł\ufffd")]),
        (b"data: \xe2\x80\xa8x\x0b\x0c\x85\n\n", [("", "\u2028x\x0b\x0c\ufffd")]),
        (b"data: [DONE]\n\n", [("", "[DONE]")]),
        (b"data:\n\n", [("", "")]),
        (b"data: cut off\n", []),
        (b"data: cut off", []),
        (b"", []),
    ],
)
def test_events_are_read_by_the_standard_however_they_are_cut(
    stream: bytes, events: list[tuple[str, str]]
) -> None:
    singly = [stream[place : place + 1] for place in range(len(stream))]

    assert decoded(stream) == events
    assert decoded(*singly) == events
    assert decoded(b"", *[piece for one in singly for piece in (one, b"")]) == events


@given(st.binary(), st.lists(st.integers(0, 200)))
def test_where_chunks_end_never_matters(stream: bytes, cuts: list[int]) -> None:
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    chunks = [stream[a:b] for a, b in pairwise(places)]

    assert decoded(*chunks) == decoded(stream)


@given(st.lists(st.tuples(st.text("abc.", min_size=1), st.text(st.characters(codec="utf-8")))))
def test_what_a_server_writes_is_what_arrives(events: list[tuple[str, str]]) -> None:
    written = [(name, data.replace("\r", "").replace("\n\n", "\n")) for name, data in events]
    stream = "".join(
        f"event: {name}\n" + "".join(f"data: {line}\n" for line in data.split("\n")) + "\n"
        for name, data in written
    )

    assert decoded(stream.encode()) == written


def test_an_event_beyond_its_bound_is_refused_before_it_is_held() -> None:
    decoder = SseDecoder(event_at_most_bytes=1_000)
    decoder.feed(b"data: " + b"x" * 900 + b"\n\n")
    decoder.feed(b"data: " + b"x" * 900)

    with pytest.raises(SseError, match="1,000 bytes"):
        decoder.feed(b"x" * 100)


def test_many_small_lines_of_one_event_count_together() -> None:
    with pytest.raises(SseError):
        SseDecoder(event_at_most_bytes=1_000).feed(b"data: xxxxxxxxxx\n" * 100)


def test_comments_that_keep_a_stream_alive_never_add_up() -> None:
    decoder = SseDecoder(event_at_most_bytes=1_000)
    for _ in range(1_000):
        decoder.feed(b": still working\n")

    assert decoder.feed(b"data: a\n\n") == [("", "a")]


def test_a_stream_that_stops_within_an_event_is_unfinished() -> None:
    decoder = SseDecoder()
    decoder.feed(b"data: a\n\n")
    assert not decoder.unfinished

    decoder.feed(b"data: b\n")

    assert decoder.unfinished


def test_an_event_is_named_by_the_stream_or_else_by_its_data() -> None:
    pictures = Pictures(lambda _name, _raw: None)

    def name(said: str, data: str) -> str:
        return read_event(said, data, at_s=1.5, pictures=pictures)[0].name

    assert name("a", '{"type": "b"}') == "a"
    assert name("", '{"type": "b"}') == "b"
    assert name("", "[DONE]") == ""
    assert read_event("", "[DONE]", at_s=1.5, pictures=pictures)[0].data == "[DONE]"
