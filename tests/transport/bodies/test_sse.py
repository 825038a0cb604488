import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.transport.bodies.images import ImageCollector
from harness.transport.bodies.sse import (
    HeldData,
    Span,
    SseError,
    SseStream,
    read_events,
)

Named = tuple[str, str]


def arrived(*chunks: bytes, at_most: int = 1_000_000) -> tuple[list[Named], bool]:
    """The events of a stream that comes in these chunks, and whether it was cut off."""
    events, cut = placed(chunks, at_most=at_most)
    return [event for event, _ in events], cut


def placed(
    chunks: Iterable[bytes], *, at_most: int = 1_000_000
) -> tuple[list[tuple[Named, int]], bool]:
    """Each event with the number of chunks that had come when it was known."""
    sink = HeldData()
    stream = SseStream(sink, event_at_most_bytes=at_most)
    seen = 0

    async def coming() -> AsyncIterator[bytes]:
        nonlocal seen
        for chunk in chunks:
            seen += 1
            yield chunk

    async def go() -> list[tuple[Named, int]]:
        return [(shown(span, sink), seen) async for span in stream.arriving(coming())]

    return asyncio.run(go()), stream.cut


def shown(span: Span, sink: HeldData) -> Named:
    name, start, end = span
    return name, sink.data[start:end].decode("utf-8", "replace")


def recorded(stream: bytes) -> list[Named]:
    sink = HeldData()
    return [shown(span, sink) for span in SseStream(sink).recorded(stream)]


def by_the_standard(raw: bytes) -> list[Named]:
    """Section 9.2.6 of the HTML standard, word by word, for a stream that is there as a whole."""
    *lines, _cut = re.split(
        "\r\n|\n|\r", raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    )
    events: list[Named] = []
    name, data = "", ""
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data += value + "\n"
        elif not line:
            if data:
                events.append(("" if name == "message" else name, data.removesuffix("\n")))
            name, data = "", ""
    return events


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
        (b"event: message\ndata: a\n\n", [("", "a")]),
        (b"id: 1\ndata: a\n\n\n\nevent: x\n\n", [("", "a")]),
        (b"event: x\r\n", []),
        (b"", []),
    ],
)
def test_events_are_read_by_the_standard_however_they_are_cut(
    stream: bytes, events: list[tuple[str, str]]
) -> None:
    singly = [stream[place : place + 1] for place in range(len(stream))]

    assert arrived(stream) == (events, False)
    assert arrived(*singly) == (events, False)
    assert arrived(b"", *[piece for one in singly for piece in (one, b"")]) == (events, False)
    assert recorded(stream) == events


PIECES = (
    b"data", b"event", b"id: 7", b"retry: 5", b":", b" ", b"a", b"message", b"\n", b"\r", b"\r\n",
    b"\n\n", b"\xef\xbb\xbf", b"\xc5\x81\xe2\x80\xa8", b"\xff", b"\x00",
)  # fmt: skip
STREAMS = st.binary() | st.lists(st.sampled_from(PIECES)).map(b"".join)


@given(STREAMS, st.lists(st.integers(0, 200)))
def test_where_chunks_end_never_matters(stream: bytes, cuts: list[int]) -> None:
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    chunks = [stream[a:b] for a, b in pairwise(places)]

    assert arrived(*chunks) == arrived(stream)


@given(STREAMS)
def test_any_bytes_are_read_as_the_standard_says(stream: bytes) -> None:
    events, cut = arrived(stream)
    whole = by_the_standard(stream)

    assert recorded(stream) == whole
    assert events[: len(whole)] == whole
    assert len(events) <= len(whole) + cut


@given(st.lists(st.tuples(st.text("abc.", min_size=1), st.text(st.characters(codec="utf-8")))))
def test_what_a_server_writes_is_what_arrives(events: list[tuple[str, str]]) -> None:
    written = [(name, data.replace("\r", "").replace("\n\n", "\n")) for name, data in events]
    stream = "".join(
        f"event: {name}\n" + "".join(f"data: {line}\n" for line in data.split("\n")) + "\n"
        for name, data in written
    )

    assert arrived(stream.encode()) == (written, False)


@pytest.mark.parametrize("end", [b"\n\n", b"\r\r", b"\r\n\r\n"])
def test_an_event_is_known_with_the_chunk_that_holds_its_blank_line(end: bytes) -> None:
    chunks = (b"data: a" + end[:-1], end[-1:], b"data: b", end + b"data: c" + end, b": bye\n")

    events, _ = placed(chunks)

    first = 1 if end == b"\r\n\r\n" else 2  # the CR of the blank line ends it: its LF says no more
    assert events == [(("", "a"), first), (("", "b"), 4), (("", "c"), 4)]


def test_an_event_beyond_its_bound_is_refused_before_it_is_held() -> None:
    taken = 0

    def endless() -> Iterable[bytes]:
        nonlocal taken
        yield b"data: " + b"x" * 900 + b"\n\n"
        yield b"data: "
        for _ in range(100):
            taken += 1
            yield b"x" * 100

    with pytest.raises(SseError, match="1,000 bytes"):
        placed(endless(), at_most=1_000)
    assert taken == 10


def test_many_small_lines_of_one_event_count_together() -> None:
    with pytest.raises(SseError):
        arrived(b"data: xxxxxxxxxx\n" * 100, at_most=1_000)


def test_comments_that_keep_a_stream_alive_never_add_up() -> None:
    alive = [b": still working\n"] * 1_000

    assert arrived(*alive, b"data: a\n\n", at_most=1_000) == ([("", "a")], False)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r", b"\r\n"])
def test_an_event_that_the_stream_cuts_off_is_told_and_marked(end: bytes) -> None:
    stream = b"data: a\n\nevent: x\ndata: cut" + end

    assert arrived(stream) == ([("", "a"), ("x", "cut")], True)
    assert recorded(stream) == [("", "a")]


def test_a_stream_that_stops_within_a_line_without_data_is_cut_and_tells_no_event() -> None:
    assert arrived(b"data: a\n\n: still wor") == ([("", "a")], True)


def test_an_event_is_named_by_the_stream_or_else_by_its_data() -> None:
    pictures = ImageCollector(lambda _name, _raw: None)

    def name(said: str, data: str) -> str:
        return read_events([(said, data.encode(), 1.5)], pictures)[0][0].name

    assert name("a", '{"type": "b"}') == "a"
    assert name("", '{"type": "b"}') == "b"
    assert name("", "[DONE]") == ""
    assert read_events([("", b"[DONE]", 1.5)], pictures)[0][0].data == "[DONE]"


def test_an_event_goes_to_the_sink_as_it_comes() -> None:
    sink = HeldData()
    stream = SseStream(sink)
    held = []
    for _ in range(100):
        assert [*stream.lines(b"data: " + b"x" * 10_000)] == []
        held.append(sink.size_bytes)

    assert all(later > earlier for earlier, later in pairwise(held))


@pytest.mark.parametrize(
    ("piece", "why"),
    [
        (b"data: {}\n\n", "more than 4,096 events"),
        (b":\n", "more than 65,536 lines"),
        (b"\n", "more than 65,536 lines"),
        (b"\r", "more than 65,536 lines"),
        (b"event: " + b"n" * 5_000, "the name of an event is longer"),
    ],
)
def test_a_stream_without_end_is_refused(piece: bytes, why: str) -> None:
    with pytest.raises(SseError, match=why):
        arrived(*[piece * 1_000] * 100, at_most=10_000_000)


@pytest.mark.parametrize("line", [b": " + b"c" * 100_000, b"id: " + b"1" * 100_000])
def test_a_long_line_that_is_no_data_is_left_out(line: bytes) -> None:
    assert arrived(b"data: a\n" + line, b"more\ndata: b\n\n") == ([("", "a\nb")], False)
