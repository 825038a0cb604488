"""How often a request is sent: again only where that is free, or the provider asks for it."""

import hashlib
import re
from collections.abc import Generator
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import TypeVar

from harness.core.exchange import Failure, Reply, Request, Step
from harness.core.jsonvalue import canonical
from harness.core.outcome import Outcome
from harness.wire.errors import OK, REDIRECT, SERVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Make this round trip and give me its answer; `step` says what it is for."""

    request: Request
    step: Step = "submit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Resume after this many seconds; a lower bound."""

    seconds: float


Answer = Reply | Failure

T = TypeVar("T")

Talk = Generator[Send | Pause, Answer | None, T]
"""Yields `Send` (answered with an `Answer`) and `Pause` (answered with None, or with a `Failure`
where it is longer than what the request has left); returns a T."""

Wire = Talk[Outcome]
"""The whole conversation about one planned request."""


def send_request(request: Request, step: Step = "submit") -> Talk[Answer]:
    """Make one round trip."""
    answer = yield Send(request=request, step=step)
    if answer is None:
        raise TypeError("a Send was answered with nothing: the driver is broken")
    return answer


TRIES = 4
"""How often a request that costs nothing to repeat (a poll, a download, one that was answered 429)
is sent before it counts as failed."""

MISSING_PAUSES_S = (1.0, 2.0, 4.0, 8.0)
"""The pauses, in seconds, before asking again for what should be there and is not found yet: a job
just submitted, a result just announced. Stores that are copied may take that long to agree."""

SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
FOREVER = re.compile(r"[0-9]{10,}(\.[0-9]*)?")
FOREVER_S = 1e9
"""How many seconds a Retry-After of ten digits or more is taken for."""

RETRY_AFTER_AT_MOST_S = 120.0
"""How long a poll or a download waits at most before it is sent again: that costs nothing."""

JITTER, JITTER_AT_MOST_S = 0.25, 10.0
"""By which share, and by how much at most, a pause is made longer: many workers are not to come
back at once."""

FIRST_RETRY_S = 1.0
A_MINUTE_S, A_DAY_S = 60.0, 86_400.0
PER_MINUTE = re.compile(r"\b(per|/|an?|every|each|one|1)[ -]?min(ute)?\b", re.IGNORECASE)
"""A quota that the words of a 429 name: it is free again within a minute."""
RESETS = (
    "ratelimit-reset",
    "x-ratelimit-reset",
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-images",
)
RESET = re.compile(r"(?:(\d{1,4})m)?(?:(\d{1,9}(?:\.\d{1,9})?)(ms|s)?)?")
"""How such headers write a time: seconds, or `1m30.5s`, or `250ms`."""
TOO_MANY = 429


def send_once(request: Request, step: Step = "submit") -> Talk[Answer]:
    """Send a request that may cost money: again only where the provider said it was too early.

    Where it asks for a longer pause than the request has left, the failure says so and holds the
    provider's reply.
    """
    answer = yield from send_request(request, step)
    for attempt in range(TRIES - 1):
        if not isinstance(answer, Reply) or answer.status != TOO_MANY:
            break
        pause_s = _retry_after(answer, attempt)
        late = yield Pause(seconds=jittered(pause_s, request, attempt))
        if isinstance(late, Failure):
            why = f"asked to wait {pause_s:,.0f} s, more than this request has left"
            return replace(late, why=why, partial=answer)
        answer = yield from send_request(request, step)
    return answer


def send_until_answered(request: Request, step: Step) -> Talk[Answer]:
    """Send a request that costs nothing to repeat until the answer is more than an outage."""
    answer = yield from send_request(request, step)
    for attempt in range(TRIES - 1):
        if _settled(answer):
            break
        pause_s = FIRST_RETRY_S * 2**attempt
        if isinstance(answer, Reply):
            pause_s = min(_retry_after(answer, attempt), RETRY_AFTER_AT_MOST_S)
        if (yield Pause(seconds=jittered(pause_s, request, attempt))) is not None:
            break
        answer = yield from send_request(request, step)
    return answer


def jittered(seconds: float, request: Request, attempt: int) -> float:
    """Return a pause made up to a quarter longer, drawn from the request and the try.

    A replay, and a run that goes on, draw the same.
    """
    words = f"{attempt} {request.target} {canonical(request.body)} {request.form}"
    drawn = hashlib.sha256(words.encode("utf-8", "surrogatepass")).digest()
    return seconds + min(seconds * JITTER, JITTER_AT_MOST_S) * int.from_bytes(drawn[:4]) / 2**32


def pause_asked(reply: Reply) -> float | None:
    """Read Retry-After in seconds: a number, or a date that counts from the reply's own Date."""
    text = (reply.header("retry-after") or "").strip()
    if SECONDS.fullmatch(text):
        return float(text)
    if FOREVER.fullmatch(text):
        return FOREVER_S
    try:
        then, now = map(parsedate_to_datetime, (text, reply.header("date") or ""))
        return max((then - now).total_seconds(), 0.0)
    except (ValueError, TypeError, IndexError, OverflowError):  # no date, or half a one
        return None


def _settled(answer: Answer) -> bool:
    """Tell whether a repetition would bring nothing new.

    A gateway's page in place of JSON settles nothing; an image is its own document.
    """
    if isinstance(answer, Failure):
        return not answer.sent and answer.kind in ("not_on_tape", "protocol")
    if OK <= answer.status < REDIRECT:
        return answer.document is not None
    return answer.status < SERVER and answer.status != TOO_MANY


def _retry_after(reply: Reply, attempt: int) -> float:
    """Return the pause that the provider asks for, in seconds, or our own doubling one.

    A 429 may name its quota elsewhere: in a header that says when it starts anew, or in words.
    Where they name a minute, the pauses of all tries add up to one.
    """
    pause_s = pause_asked(reply)
    if pause_s is not None:
        return pause_s
    if reply.status == TOO_MANY:
        pause_s = _reset_after(reply)
        if pause_s is None and PER_MINUTE.search(_words(reply)):
            pause_s = A_MINUTE_S / (TRIES - 1)
    return FIRST_RETRY_S * 2**attempt if pause_s is None else min(pause_s, RETRY_AFTER_AT_MOST_S)


def _reset_after(reply: Reply) -> float | None:
    """Read when a quota starts anew, in seconds from now; None where no header says so.

    A number of more than a day is a date, of which a header in seconds says nothing certain.
    """
    text = next(filter(None, map(reply.header, RESETS)), "").strip()
    found = RESET.fullmatch(text)
    if not text or found is None:
        return None
    minutes, number, unit = found.groups()
    seconds = float(number or 0) * (0.001 if unit == "ms" else 1)
    return None if seconds > A_DAY_S else int(minutes or 0) * A_MINUTE_S + seconds


def _words(reply: Reply) -> str:
    return (reply.text or str(reply.document or ""))[:2000]
