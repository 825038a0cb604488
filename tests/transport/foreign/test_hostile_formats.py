"""Valid recordings in every format, with one value replaced by another of any type."""

import copy
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.transport.bodies.images import ImageCollector
from harness.transport.foreign.formats import Raw
from harness.transport.foreign.http_text import as_stream, in_two, read_reply, read_request
from harness.transport.foreign.messages import answer_of, request_of
from harness.transport.foreign.recorders.recorder import RECORDERS, Recorder
from tests.transport.foreign.recorded_table import RECORDED
from tests.transport.foreign.test_stubs import AROUND, ENTRIES

DEEP: Any = []
for _ in range(300):
    DEEP = [DEEP]

VALUES = st.one_of(
    st.sampled_from(
        [
            None,
            True,
            -1,
            0,
            10**400,
            1e400,
            "",
            "x",
            "0",
            "zz",
            "\ud800",
            "\x00",
            [],
            {},
            [[]],
            DEEP,
        ]
    ),
    st.sampled_from([b"\xff", {"a": 1}, [None], [{}], ["a", "b"], "http://[", "{{x}}", "a\nb: c"]),
    st.text(max_size=8),
    st.integers(),
    st.floats(),
)


def places(node: object, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [way]
    if isinstance(node, dict):
        for key, value in node.items():
            found += places(value, (*way, key))
    if isinstance(node, list):
        for index, value in enumerate(node):
            found += places(value, (*way, index))
    return found


def replaced(document: object, way: tuple[Any, ...], value: object) -> object:
    if not way:
        return value
    changed: Any = copy.deepcopy(document)
    node = changed
    for key in way[:-1]:
        node = node[key]
    node[way[-1]] = value
    return changed


def named(reading: Callable[[], object]) -> bool:
    """Read, or be told in a line why not; every other exception is ours."""
    try:
        reading()
    except (ValueError, RecursionError) as error:  # what `read_recording` names
        return bool(str(error))
    return True


def read_all(recorder: Recorder, document: object) -> None:
    for interaction in recorder.entries(document) or ():
        read(recorder.raw(interaction))


def read(raw: Raw) -> None:
    request_of(raw)
    answer_of(raw, ImageCollector(lambda _name, _raw: None), lambda text: text)


@pytest.mark.parametrize("kind", AROUND)
@settings(max_examples=60)
@given(data=st.data())
def test_a_value_of_another_type_is_read_over_or_named(kind: str, data: st.DataObject) -> None:
    document = AROUND[kind](ENTRIES[kind])
    way = data.draw(st.sampled_from(places(document)))
    hostile = replaced(document, way, data.draw(VALUES))

    assert all(
        named(partial(read_all, entry.recorder, hostile))
        for entry in RECORDERS.values()
        if entry.reads == "document"
    )


MESSAGES = [
    (RECORDED / "curl" / name).read_bytes()
    for name in ("08-edit.req", "08-edit.res", "07-SSE.res", "10-gzip.res")
]
COMMAND = b"curl -i https://a.test/v1 -H 'A: b' --data-raw '{\"prompt\": \"x\"}' -F a=b @c -d @d"


@settings(max_examples=150)
@given(
    raw=st.sampled_from([*MESSAGES, COMMAND, b'{"url": "https://a.test", "body": {}}']),
    place=st.integers(0, 400),
    length=st.integers(0, 40),
    other=st.binary(max_size=6)
    | st.sampled_from([b"\n", b"\r\n\r\n", b"HTTP/1.1 200 OK\r\n", b"'"]),
)
def test_a_damaged_message_is_read_over_or_named(
    raw: bytes, place: int, length: int, other: bytes
) -> None:
    damaged = raw[:place] + other + raw[place + length :]

    assert all(
        named(partial(reader, damaged)) for reader in (read_request, read_reply, as_stream, in_two)
    )


@settings(max_examples=60)
@given(data=st.data())
def test_a_request_as_json_may_hold_anything(data: st.DataObject) -> None:
    document = {"url": "https://a.test", "method": "POST", "headers": {"A": "b"}, "body": {"a": 1}}
    way = data.draw(st.sampled_from(places(document)))
    described = json.dumps(replaced(document, way, data.draw(VALUES)), default=str)

    assert named(partial(read_request, described.encode()))
