"""What a request's address wants: a body, and when which part of it is to be written."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from . import bodies

if TYPE_CHECKING:
    from collections.abc import Sequence

Part = bytes | memoryview
HEADERS, FIRST = "headers_s", "first_s"
ADDRESSES = (
    "/delay/MS/body/BYTES, /delay/MS/image/BYTES, /about/image/BYTES, /freeze/STAND_S/EVERY_S, "
    "/thaw, /log"
)


class UnknownAddressError(ValueError):
    """No such thing can be asked for; the message says what can."""


@dataclass(frozen=True)
class DelaySpec:
    """A reply and its delays, in seconds.

    `delay_s` is the time from the whole request to the headers, `first_s` from there to the body,
    `last_s` from there to its last byte.
    """

    kind: str
    size_bytes: int
    delay_s: float
    first_s: float
    last_s: float
    spread: Spread | None


@dataclass(frozen=True)
class Spread:
    """How delays are spread: each request's is drawn from `seed` and its own name alone.

    With `sigma` they are log-normal around the given delay as their median; with `other` that
    share of them (0 to 1) lasts so many seconds instead.
    """

    seed: str
    sigma: float = 0.0
    other: tuple[float, float] | None = None

    def drawn(self, delay_s: float, name: str) -> float:
        """Return the delay of the request of that name, in seconds."""
        dice = random.Random(f"{self.seed}/{name}")
        if self.other is not None and dice.random() < self.other[1]:
            return self.other[0]
        return delay_s * math.exp(dice.gauss(0.0, self.sigma)) if self.sigma else delay_s


@dataclass(frozen=True)
class Segment:
    """What is written at once, `wait_s` after what came before; `begins` is what starts with it."""

    wait_s: float
    begins: tuple[str, ...]
    parts: tuple[Part, ...]


def parse_address(target: str) -> tuple[DelaySpec, str]:
    """Return what an address asks for, and the name of the request. Raises UnknownAddressError."""
    path, _, query = target.partition("?")
    name, rest = "", []
    for pair in query.split("&"):
        if pair.startswith("id="):
            name = pair[3:]
        else:
            rest.append(pair)
    return _wanted(path, "&".join(rest)), name


@lru_cache(maxsize=256)
def _wanted(path: str, query: str) -> DelaySpec:
    options = dict(parse_qsl(query))
    match path.split("/")[1:]:
        case ["delay", milliseconds, ("body" | "image") as kind, size]:
            pass
        case _:
            raise UnknownAddressError(f"no {path} here, only {ADDRESSES}")
    try:
        wanted = DelaySpec(
            kind=kind,
            size_bytes=_whole(size),
            delay_s=_seconds(milliseconds),
            first_s=_seconds(options.pop("first_ms", "0")),
            last_s=_seconds(options.pop("last_ms", "0")),
            spread=_spread(options),
        )
        if kind == "image":
            bodies.pixels_of(wanted.size_bytes)
    except ValueError as error:
        raise UnknownAddressError(f"{path}: {error}") from error
    if options:
        raise UnknownAddressError(f"{path}: unknown {', '.join(options)}")
    return wanted


def _spread(options: dict[str, str]) -> Spread | None:
    sigma, other = options.pop("sigma", ""), options.pop("other", "")
    seed = options.pop("seed", "0")
    if other:
        milliseconds, _, share = other.partition(",")
        return Spread(seed=seed, other=(_seconds(milliseconds), float(share)))
    return Spread(seed=seed, sigma=float(sigma)) if sigma else None


def _seconds(milliseconds: str) -> float:
    value = float(milliseconds)
    if not 0 <= value < 3_600_000:
        raise ValueError(f"{milliseconds} is no delay in milliseconds")
    return value / 1000


def _whole(size: str) -> int:
    if not (size.isascii() and size.isdigit() and int(size) <= bodies.MOST_BYTES):
        raise ValueError(f"{size} is no number of bytes")
    return int(size)


def segments(wanted: DelaySpec, name: str) -> Sequence[Segment]:
    """Return all that is to be written for a request, in order."""
    delay_s = wanted.delay_s
    if wanted.spread is not None:
        delay_s = wanted.spread.drawn(delay_s, name)
    if wanted.kind == "image":
        body: tuple[Part, ...] = bodies.image_body(wanted.size_bytes, name)
    else:
        body = (bodies.small_body(wanted.size_bytes),)
    head = reply_head(200, sum(map(len, body)))
    if not wanted.first_s and not wanted.last_s:
        return (Segment(delay_s, (HEADERS, FIRST), (head + bytes(body[0]), *body[1:])),)
    *most, end = body
    early: tuple[Part, ...] = (*most, end[:-1]) if wanted.last_s else body
    found = [Segment(delay_s, (HEADERS,), (head,)), Segment(wanted.first_s, (FIRST,), early)]
    if wanted.last_s:
        found.append(Segment(wanted.last_s, (), (end[-1:],)))
    return found


@lru_cache(maxsize=256)
def reply_head(status: int, length: int) -> bytes:
    """Return the head of a JSON reply."""
    word = {200: "OK", 400: "Bad Request", 404: "Not Found"}[status]
    lines = (
        f"HTTP/1.1 {status} {word}",
        "Content-Type: application/json",
        f"Content-Length: {length}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
