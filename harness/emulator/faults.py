"""The named ways to break a promise: the catalogue, how a user names one, the active set."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from .rules import BOOKS, Law, operations_of

ALL = tuple(BOOKS)
WITH_MANY_IMAGES = ("sub2api", "apiframe")
WITH_JOBS = ("buble", "apiframe")
WITH_MASKS = ("sub2api", "aimlapi")
STREAMING = ("sub2api",)
WITH_WEBHOOKS = ("apiframe",)

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
    ("mask_ignored", "content", "no rule about the mask is looked at", WITH_MASKS),
    ("more_partials", "stream", "one partial image more than asked, also than none", STREAMING),
    ("partial_index_wrong", "stream", "indices of partial images do not count from 0", STREAMING),
    (
        "partial_undecodable",
        "stream",
        "partial images end half-way, the final one is whole",
        STREAMING,
    ),
    (
        "missing_completion",
        "stream",
        "a stream ends in good order without its completed event",
        STREAMING,
    ),
    (
        "error_event",
        "stream",
        "after the partial images an error event ends the stream; free",
        STREAMING,
    ),
    (
        "cut_stream",
        "stream",
        "the connection closes in the middle of the completed event",
        STREAMING,
    ),
    ("stream_ignored", "stream", "stream is answered with one JSON reply", STREAMING),
    (
        "partial_after_completion",
        "stream",
        "a partial image follows the completed event",
        STREAMING,
    ),
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
    ("terminal_changes", "jobs", "a finished job is in progress at its next poll", WITH_JOBS),
    ("unknown_job_200", "jobs", "an unknown id is answered with a job that waits", WITH_JOBS),
    ("result_url_404", "jobs", "the addresses of results answer 404", WITH_JOBS),
    ("idempotency_ignored", "jobs", "a repeated key makes and charges a second job", WITH_WEBHOOKS),
    ("webhook_missing", "webhook", "no event is ever sent", WITH_WEBHOOKS),
    ("webhook_late", "webhook", "events of the end come 60 s late", WITH_WEBHOOKS),
    ("webhook_repeated", "webhook", "each event is delivered twice", WITH_WEBHOOKS),
    ("webhook_forged", "webhook", "events are signed with another key", WITH_WEBHOOKS),
    ("webhook_unsigned", "webhook", "events bear no signature", WITH_WEBHOOKS),
    ("webhook_wrong_job", "webhook", "signed events tell of another job", WITH_WEBHOOKS),
    ("webhook_before_end", "webhook", "a job that begins is told to be completed", WITH_WEBHOOKS),
)

# The named faults that need something that not every operation has.
SHOWS_ON: dict[str, tuple[str, ...]] = {
    "fewer_images": ("generate", "edit"),
    "mask_ignored": ("edit",),
}
REFERENCES = ("images", "mask", "input_fidelity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of one provider.

    `breaks` is the id of the broken constraint or the kind of promise. `operations` are those of
    the provider on which the fault can show.
    """

    provider: str
    name: str
    breaks: str
    meaning: str
    operations: tuple[str, ...]


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
    return Fault(
        provider=provider,
        name=name,
        breaks=breaks,
        meaning=meaning,
        operations=_operations(provider, name),
    )


def _operations(provider: str, name: str) -> tuple[str, ...]:
    """Return where a fault can show.

    A rule's faults show where its book's WHERE says so by fault, rule or parameter; else
    references and masks are those of edits, and everything else is everywhere.
    """
    served = operations_of(provider)
    wanted = SHOWS_ON.get(name, served)
    rule = name.partition(":")[2]
    if rule:
        parameter = rule.partition(".")[0]
        where: dict[str, tuple[str, ...]] = getattr(BOOKS[provider], "WHERE", {})
        usual = ("edit",) if parameter in REFERENCES else served
        wanted = where.get(name, where.get(rule, where.get(parameter, usual)))
    return tuple(operation for operation in served if operation in wanted)


@dataclass(frozen=True)
class ActiveFaults:
    """The faults that are on at one provider."""

    names: frozenset[str] = frozenset()

    def __contains__(self, name: str) -> bool:
        return name in self.names

    @cached_property
    def law(self) -> Law:
        """The provider's rules under these faults."""
        ignored = {
            name.removeprefix("ignore:") for name in self.names if name.startswith("ignore:")
        }
        if "mask_ignored" in self.names:
            ignored |= {
                rule for book in BOOKS.values() for rule in book.RULES if rule.startswith("mask.")
            }
        return Law(
            ignored=frozenset(ignored),
            tightened=frozenset(
                name.removeprefix("strict:") for name in self.names if name.startswith("strict:")
            ),
        )
