"""Hypothesis strategies for the core types, for every test that needs any exchange at all.

What is drawn is what the transport can produce: text without lone surrogates, a document or a text
but never both, marks only with their picture, headers grouped by name and none that is a secret.
"""

import string

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from harness.core.exchange import (
    Event,
    Exchange,
    Failure,
    FailureKind,
    Part,
    Picture,
    Reply,
    Request,
    Times,
)
from harness.core.jsonvalue import Json
from harness.transport.bodies.images import mark

YAML_HOSTILE = (
    "", " ", "16:9", "no", "~", "null", "1e3", "0x1F", "2025-01-21", "=", "<<", "- a", "a: b", "#",
    "%YAML", "&a", "*a", "!!python/object/apply:os.system ['true']", "---", "...", "\n", "\r\n",
    " \n ", "\t", "\x00\x07\x1b", "\x7f\x85\u2028\u2029\ufeff", "\ufffd\ufffe", "Łódź 🐱‍👤 猫",
    "'\"", "\\", "{", "]", "x" * 5000, "long words " * 500, "trailing ", "line\n\n\nlines\n",
)  # fmt: skip
"""Texts that YAML reads as something else, or that its writers are known to get wrong."""

FORMATS = ("png", "jpeg", "webp", "gif", "unknown")
_FAILURES: tuple[FailureKind, ...] = ("network", "timeout", "protocol", "not_on_tape")
_TOKEN = string.ascii_letters + string.digits + "-"


def texts() -> SearchStrategy[str]:
    """Any text that UTF-8 can carry, the awkward ones often."""
    anything = st.text(st.characters(codec="utf-8"), max_size=30)
    return anything | st.sampled_from(YAML_HOSTILE)


def numbers() -> SearchStrategy[int | float]:
    """Numbers as JSON has them: no NaN, no infinity."""
    return st.integers() | st.floats(allow_nan=False, allow_infinity=False)


def json_values() -> SearchStrategy[Json]:
    """Any JSON value, nested a little."""
    leaves: SearchStrategy[Json] = st.none() | st.booleans() | numbers() | texts()
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(), inner, max_size=3),
        max_leaves=8,
    )


def json_objects() -> SearchStrategy[dict[str, Json]]:
    """Any JSON object."""
    return st.dictionaries(texts(), json_values(), max_size=4)


def digests() -> SearchStrategy[str]:
    """SHA-256 digests of nothing in particular."""
    return st.text("0123456789abcdef", min_size=64, max_size=64)


def pictures() -> SearchStrategy[Picture]:
    """Pictures in every state; their bytes exist nowhere."""
    edges = st.none() | st.integers(min_value=1, max_value=10_000)
    return st.builds(
        Picture,
        digest=digests(),
        format=st.sampled_from(FORMATS),
        size_bytes=st.integers(min_value=0, max_value=2**40),
        state=st.sampled_from(("decoded", "undecodable", "absent")),
        width_px=edges,
        height_px=edges,
        alpha=st.none() | st.booleans(),
        why=texts(),
    )


def headers() -> SearchStrategy[tuple[tuple[str, str], ...]]:
    """Headers as a recording gives them back: values of one name stand together."""
    words = st.text(_TOKEN.replace("-", ""), min_size=1, max_size=12)
    names = words.map(lambda word: f"x-{word}-request-id".lower())
    values = st.lists(texts(), min_size=1, max_size=3)
    return st.dictionaries(names, values, max_size=4).map(
        lambda lists: tuple((name, value) for name, values in lists.items() for value in values)
    )


def parts() -> SearchStrategy[Part]:
    """A plain value, or a file."""
    sizes = st.none() | st.integers(min_value=0)
    values = st.builds(Part, name=texts(), value=texts())
    files = st.builds(
        Part,
        name=texts(),
        filename=texts(),
        media_type=st.none() | texts(),
        digest=st.none() | digests(),
        size_bytes=sizes,
        width_px=sizes,
        height_px=sizes,
    )
    return values | files


def targets() -> SearchStrategy[str]:
    """Paths, and the absolute addresses of results."""
    words = st.text(_TOKEN, min_size=1, max_size=8)
    return st.builds("/v1/{}/{}".format, words, words) | st.builds(
        "https://cdn.test/{}".format, words
    )


def requests() -> SearchStrategy[Request]:
    """Requests without a body, with a JSON body, or with a form."""
    plain = headers().map(lambda pairs: tuple(dict(pairs).items()))
    waits = st.floats(min_value=0.1, max_value=3600)
    sending = st.builds(
        Request,
        method=st.sampled_from(("POST", "PUT")),
        target=targets(),
        headers=plain,
        body=json_values(),
        timeout_s=waits,
    )
    uploading = st.builds(
        Request,
        method=st.just("POST"),
        target=targets(),
        headers=plain,
        form=st.lists(parts(), max_size=4).map(tuple),
        timeout_s=waits,
    )
    asking = st.builds(Request, method=st.just("GET"), target=targets(), headers=plain)
    return sending | uploading | asking


def times() -> SearchStrategy[Times]:
    """Times in any order: a recording keeps what it is given."""
    seconds = st.floats(min_value=0, max_value=1e6)
    return st.builds(
        Times,
        due_s=seconds,
        sent_s=seconds,
        end_s=seconds,
        headers_s=st.none() | seconds,
        first_byte_s=st.none() | seconds,
    )


def events() -> SearchStrategy[Event]:
    """Server-sent events with any JSON as data."""
    return st.builds(Event, name=texts(), at_s=st.floats(0, 1e6), data=json_values())


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    """Replies that hold JSON, a text, an image, events or nothing."""
    shown = {mark(picture): picture for picture in draw(st.lists(pictures(), max_size=2))}
    document: Json = None
    text: str | None = None
    streamed: tuple[Event, ...] = ()
    match draw(st.sampled_from(("json", "text", "image", "events", "nothing"))):
        case "json":
            document = draw(json_values())
        case "text":
            text = draw(texts())
        case "image":
            document = next(iter(shown), None)
        case "events":
            streamed = tuple(draw(st.lists(events(), max_size=3)))
        case _:
            pass
    return Reply(
        status=draw(st.integers(100, 599)),
        headers=draw(headers()),
        document=document,
        text=text,
        pictures=shown,
        events=streamed,
        size_bytes=draw(st.integers(min_value=0, max_value=2**40)),
    )


def failures() -> SearchStrategy[Failure]:
    """Round trips without a whole reply, some with what had arrived."""
    return st.builds(
        Failure,
        kind=st.sampled_from(_FAILURES),
        why=texts(),
        sent=st.booleans(),
        partial=st.none() | replies(),
    )


def exchanges() -> SearchStrategy[Exchange]:
    """Round trips of all kinds."""
    return st.builds(Exchange, request=requests(), answer=replies() | failures(), times=times())
