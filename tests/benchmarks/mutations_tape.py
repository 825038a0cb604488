"""A recording before it is written: exchanges in no recorder's own form, which mutations change."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any
from urllib.parse import SplitResult, urlsplit

Pairs = list[tuple[str, str]]


@dataclass(slots=True, kw_only=True)
class Taped:
    """One exchange as it went over the wire, its bodies unpacked.

    `role` is `submit`, `upload`, `poll`, `download` or `stranger`; `call` the number of the request
    it belongs to. `packing` is how the recorder keeps the reply's bytes: as text where they are
    text (""), or one of `PACKINGS`; `unset` names parts of the record that the recorder left out.
    """

    method: str
    url: str
    sent: Pairs
    asked: bytes
    status: int
    reason: str
    headers: Pairs
    body: bytes
    at: datetime
    ms: float
    role: str = "submit"
    call: int = 0
    packing: str = ""
    coded: bytes | None = None
    unset: set[str] = field(default_factory=set)

    @property
    def media_type(self) -> str:
        return self.header("content-type").partition(";")[0].strip().lower()

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")

    def asked_header(self, name: str) -> str:
        return next((value for key, value in self.sent if key.lower() == name), "")

    def put(self, name: str, value: str | None) -> None:
        """Replace a header of the reply, or leave it out."""
        self.headers = [pair for pair in self.headers if pair[0].lower() != name.lower()]
        if value is not None:
            self.headers.append((name, value))

    @property
    def document(self) -> Any:  # noqa: ANN401 - JSON of anybody's
        """Return the reply as JSON; None where it is none."""
        return parsed(self.body)

    @property
    def question(self) -> Any:  # noqa: ANN401 - JSON of anybody's
        """Return the request as JSON; None where it is none."""
        return parsed(self.asked)

    @property
    def is_stream(self) -> bool:
        return self.media_type == "text/event-stream"

    def answer(self, document: object) -> None:
        """Put another JSON document in the reply's place; its length is declared anew."""
        self.replace(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode())

    def replace(self, body: bytes) -> None:
        """Put another body in the reply's place; its length is declared anew."""
        self.body = body
        if self.header("content-length"):
            self.put("content-length", str(len(body)))

    def events(self) -> list[tuple[str, str]]:
        """Return a stream's events: name and data."""
        found = []
        for block in self.body.decode("utf-8", "replace").replace("\r\n", "\n").split("\n\n"):
            lines = [line.partition(":") for line in block.split("\n") if line]
            name = next((text.strip() for key, _, text in lines if key == "event"), "")
            data = "\n".join(text.strip() for key, _, text in lines if key == "data")
            if data:
                found.append((name, data))
        return found

    def stream(self, events: list[tuple[str, str]]) -> None:
        """Put other events in a stream's place."""
        blocks = [f"event: {name}\ndata: {data}\n\n" for name, data in events]
        self.replace("".join(blocks).encode())


def parsed(body: bytes) -> Any:  # noqa: ANN401 - JSON of anybody's
    """Return a body's JSON; None where it is none, or cut off."""
    try:
        return json.loads(body)
    except (ValueError, UnicodeDecodeError):
        return None


@dataclass(slots=True, kw_only=True)
class Tape:
    """One file to be: a provider's exchanges, the form it is written in, and what is done to it.

    `on_document` and `on_bytes` change what a writer made, in order. `calls` holds the name of each
    request, `prompts` what it asked for, by which its record is found again.
    """

    provider: str
    name: str
    exchanges: list[Taped]
    calls: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    form: str = "vcrpy-yaml"
    on_document: list[Callable[[Any], Any]] = field(default_factory=list)
    on_bytes: list[Callable[[bytes], bytes]] = field(default_factory=list)
    style: dict[str, Any] = field(default_factory=dict)

    def copy(self) -> "Tape":
        return copy.deepcopy(self)

    def of(self, *roles: str) -> list[Taped]:
        return [each for each in self.exchanges if each.role in roles]

    @property
    def replies(self) -> list[Taped]:
        """Return what the provider itself answered: no downloads, no strangers."""
        return self.of("submit", "poll")

    def of_call(self, number: int) -> list[Taped]:
        return [each for each in self.exchanges if each.call == number]


Mutation = Callable[[Tape, Random], bool]
"""Changes a tape; False where it holds nothing to be changed so."""


def split(url: str) -> SplitResult:
    """Return the parts of an address, also of one that a sanitiser left without a real host."""
    return urlsplit(url.replace("[", "%5B").replace("]", "%5D"))


def texts_of(document: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:  # noqa: ANN401
    """Yield each text of a JSON document with its place."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield from texts_of(value, (*at, key))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from texts_of(value, (*at, index))
    elif isinstance(document, str):
        yield at, document


def put_at(document: Any, at: tuple[Any, ...], value: object) -> None:  # noqa: ANN401
    """Replace the value at a place of a JSON document."""
    for step in at[:-1]:
        document = document[step]
    document[at[-1]] = value


LONG = 200
"""Characters above which a text of the alphabet is an image in base64."""


def each_image_text(tape: Tape, change: Callable[[str], str]) -> bool:
    """Change each image that stands as base64 in a reply; declared lengths stay as they were."""
    done = False
    for each in tape.replies:
        if each.is_stream:
            events = []
            for name, data in each.events():
                document = parsed(data.encode())
                done = _texts_changed(document, change) or done
                text = json.dumps(document, separators=(",", ":"))
                events.append((name, data if document is None else text))
            length = each.header("content-length")
            each.stream(events)
            if length:
                each.put("content-length", length)
        elif (document := each.document) is not None and _texts_changed(document, change):
            done = True
            each.body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    return done


def _texts_changed(document: object, change: Callable[[str], str]) -> bool:
    found = [(at, text) for at, text in texts_of(document) if is_image_text(text)]
    for at, text in found:
        put_at(document, at, change(text))
    return bool(found)


def is_image_text(text: str) -> bool:
    """Tell whether a text may be an image in base64: it is long, and of that alphabet."""
    return len(text) > LONG and re.fullmatch(r"[A-Za-z0-9+/=]+", text) is not None
