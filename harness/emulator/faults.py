"""The named ways to break a promise: the catalogue, how a user names one, the active set."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from .rules import BOOKS, Law

ALL = tuple(BOOKS)
WITH_MANY_IMAGES = ("sub2api", "apiframe")
WITH_JOBS = ("buble", "apiframe")

# name, what kind of promise breaks, meaning, providers
_NAMED: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("wrong_dimensions", "content", "images are 1254x1254 whatever size was asked", ALL),
    ("swapped_dimensions", "content", "width and height change places", ALL),
    ("wrong_format", "content", "bytes are in another format than asked and declared", ALL),
    ("undecodable_image", "content", "image bytes end half-way", ALL),
    ("fewer_images", "content", "one image less than asked where n > 1", WITH_MANY_IMAGES),
    ("lower_quality_declared", "content", "the reply declares quality low", ("sub2api",)),
    ("wrong_declared_size", "content", "the reply declares another size", ("sub2api",)),
    ("wrong_declared_format", "content", "the reply declares another format", ("sub2api",)),
    ("missing_field", "content", "the reply lacks a documented field", ALL),
    ("bad_usage_sum", "content", "usage.total_tokens is not input plus output", ("sub2api",)),
    ("overcharge", "money", "charges double and reports it", ALL),
    ("charge_refused", "money", "refused requests are charged like accepted ones", ALL),
    ("charge_failed_job", "money", "every job fails and is charged all the same", ("apiframe",)),
    ("unnamed_parameter", "errors", "refusals do not name the offending parameter", ALL),
    (
        "refusal_200",
        "errors",
        "refusals come with HTTP 200",
        ("buble", "sub2api", "apiframe", "aimlapi"),
    ),
    ("refusal_500", "errors", "refusals come with HTTP 500", ALL),
    ("auth_down", "outage", "no key is accepted (401)", ALL),
    ("quota", "outage", "submissions are out of credits", ALL),
    ("rate_limit", "outage", "every second request gets 429 with Retry-After", ALL),
    ("outage", "outage", "every request gets 503", ALL),
    ("flaky_500", "outage", "30 % of the requests, drawn by seed, get 500", ALL),
    ("reset", "outage", "the connection closes in the middle of the reply", ALL),
    ("half_json", "outage", "the reply is truncated, with a matching content-length", ALL),
    ("stall", "outage", "headers are sent, then nothing until the client gives up", ALL),
    ("html_error", "outage", "a gateway answers 502 with an HTML page", ALL),
    ("moderation", "outage", "every prompt is refused by moderation", ALL),
    ("stuck_job", "outage", "jobs stay in progress for ever", WITH_JOBS),
    ("failed_job", "outage", "every job fails and costs nothing", WITH_JOBS),
    (
        "backward_state",
        "outage",
        "a job in progress is waiting again at the second poll",
        WITH_JOBS,
    ),
    ("job_lost", "outage", "from the second poll on the job is unknown (404)", WITH_JOBS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of one provider.

    `breaks` is the id of the broken constraint or the kind of promise.
    """

    provider: str
    name: str
    breaks: str
    meaning: str


class UnknownFaultError(ValueError):
    """No provider asked about has a fault of that name."""


def catalogue() -> list[Fault]:
    """Return every fault of every provider."""
    faults: list[Fault] = []
    for provider, book in BOOKS.items():
        for rule, meaning in book.RULES.items():
            faults.append(_fault(provider, f"ignore:{rule}", rule, f"not enforced: {meaning}"))
        for rule, boundary in book.BOUNDARIES.items():
            faults.append(_fault(provider, f"strict:{rule}", rule, f"refuses {boundary}"))
        for name, breaks, meaning, providers in _NAMED:
            if provider in providers:
                faults.append(_fault(provider, name, breaks, meaning))
    return faults


def named(text: str, providers: tuple[str, ...] = ALL) -> list[tuple[str, str]]:
    """Return the (provider, fault name) pairs meant by "[PROVIDER:]NAME" among `providers`.

    Raises UnknownFaultError, which names close matches.
    """
    head, colon, tail = text.partition(":")
    name = text
    if colon and head in BOOKS:
        providers = tuple(provider for provider in providers if provider == head)
        name = tail
    faults = [fault for fault in catalogue() if fault.provider in providers]
    found = [(fault.provider, fault.name) for fault in faults if fault.name == name]
    if found:
        return found
    close = get_close_matches(name, {fault.name for fault in faults}, n=3, cutoff=0.5)
    hint = f"; close: {', '.join(close)}" if close else "; --list-faults lists them"
    raise UnknownFaultError(f"no fault {text!r}{hint}")


def _fault(provider: str, name: str, breaks: str, meaning: str) -> Fault:
    return Fault(provider=provider, name=name, breaks=breaks, meaning=meaning)


@dataclass(frozen=True)
class ActiveFaults:
    """The faults that are on at one provider."""

    names: frozenset[str] = frozenset()

    def __contains__(self, name: str) -> bool:
        return name in self.names

    @cached_property
    def law(self) -> Law:
        """The provider's rules under these faults."""
        return Law(
            ignored=frozenset(
                name.removeprefix("ignore:") for name in self.names if name.startswith("ignore:")
            ),
            tightened=frozenset(
                name.removeprefix("strict:") for name in self.names if name.startswith("strict:")
            ),
        )
