"""Limits that a provider names when it turns requests away: so many a minute, so many at a time."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.core.exchange import Exchange, Reply
from harness.core.outcome import Fault
from harness.core.record import Record
from harness.spec.provider import Provider
from harness.stats.conformance.behaviour import Behaviour
from harness.stats.grouped import First
from harness.wire.errors import is_error, read_error

TOO_MANY = 429

_UNIT = r"(?:second|minute|hour|day|week|month|sec|min|hr)s?"
_COUNTED = r"(?:images?|requests?|calls?|generations?|jobs?|tokens?|edits?|pictures?|credits?)"
_RATE = re.compile(
    rf"(?:\d[\d,.]*\s*)?(?:{_COUNTED}\s*)?(?:\bper|/|\ban?\b|\bevery|\beach)\s*(?:\d+\s*)?{_UNIT}\b"
    r"|\b(?:hourly|daily|weekly|monthly)\b[\w ]{0,24}(?:limit|quota)",
    re.IGNORECASE,
)
_AT_A_TIME = re.compile(
    r"concurren\w*|simultaneous\w*|in parallel|in[- ]flight|at (?:a|the same) time", re.IGNORECASE
)
_LIMIT = re.compile(
    r"limit|quota|too many|exceed|at most|no more than|maximum|throttl|slow down", re.IGNORECASE
)
_HEADER = re.compile(r"retry-after|(?:x-)?rate-?limit(?:-.+)?", re.IGNORECASE)
_LONGEST = 240
_MOST_HEADERS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    case: str
    status: int
    words: str
    headers: tuple[str, ...]
    answered: bool


def limits(records: Iterable[Record], providers: Mapping[str, Provider]) -> tuple[Behaviour, ...]:
    """Return one row for each operation and wording with which requests met a limit.

    That is any reply with status 429, and any other error that names a quota per time or a number
    of requests at a time. `times` counts replies, each retry for itself.
    """
    groups: dict[tuple[str, str, str], _Met] = {}
    for record in records:
        case = record.shot.case
        for refusal in _refusals(record, providers[case.provider]):
            words = re.sub(r"\d+", "#", refusal.words)  # seconds left and counts differ each time
            groups.setdefault((case.provider, case.operation, words), _Met(refusal)).add(refusal)
    return tuple(
        Behaviour(
            provider=provider,
            operation=operation,
            kind="limit",
            text=_text(group),
            times=group.times,
            cases=group.cases.told,
        )
        for (provider, operation, _), group in groups.items()
    )


def named_limit(words: str) -> str:
    """Return the limit that an error's words name: `5 images per minute`, `concurrent`, or ""."""
    rate = _RATE.search(words)
    if rate is not None:
        return " ".join(rate.group().split())
    together = _AT_A_TIME.search(words)
    return together.group().lower() if together else ""


def _refusals(record: Record, provider: Provider) -> Iterator[_Refusal]:
    outcome = record.outcome
    answered = not (isinstance(outcome, Fault) and outcome.error_class == "rate_limit")
    for exchange in record.exchanges:
        reply = exchange.answer
        if not isinstance(reply, Reply) or not _limits(reply, exchange, provider):
            continue
        yield _Refusal(
            case=record.shot.case.id,
            status=reply.status,
            words=_words(provider, reply),
            headers=tuple(_headers(reply)),
            answered=answered,
        )


def _limits(reply: Reply, exchange: Exchange, provider: Provider) -> bool:
    if reply.status == TOO_MANY:
        return True
    if exchange.step == "download" or not is_error(provider.errors, reply):
        return False
    words = _words(provider, reply)
    return bool(named_limit(words) and _LIMIT.search(words))


def _words(provider: Provider, reply: Reply) -> str:
    return " ".join(read_error(provider.errors, reply).message.split())[:_LONGEST]


def _headers(reply: Reply) -> Iterator[str]:
    named = [(name.lower(), text) for name, text in reply.headers if _HEADER.fullmatch(name)]
    named.sort(key=lambda header: (header[0] != "retry-after", header[0]))
    for name, text in named[:_MOST_HEADERS]:
        yield f"{name}: {text[:60]}"


class _Met:
    """How often one limit was met, by how many requests, and how many were answered after that.

    The refusals of one request come one after the other, and `first` is the first of all.
    """

    def __init__(self, first: _Refusal) -> None:
        self.first, self.cases = first, First()
        self.times = self.requests = self.answered = 0
        self._last: _Refusal | None = None

    def add(self, refusal: _Refusal) -> None:
        """Add one reply."""
        self.times += 1
        self.cases.add(refusal.case)
        if self._last is None or self._last.case != refusal.case:
            self.requests += 1
            self.answered += refusal.answered
        self._last = refusal


def _text(group: _Met) -> str:
    first = group.first
    limit = named_limit(first.words)
    named = f"limit named: {limit}; " if limit else ""
    words = f': "{first.words}"' if first.words else " without a word"
    headers = f" ({', '.join(first.headers)})" if first.headers else ""
    ends = f"; after waiting, {group.answered} of {group.requests} requests got another answer"
    return f"{named}HTTP {first.status}, {group.times} times{words}{headers}{ends}"
