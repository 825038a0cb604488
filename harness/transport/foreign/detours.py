"""Round trips that belong to another one: redirects that were followed, and preflights."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urljoin

from harness.core.exchange import Exchange, Failure, Reply

REDIRECTS = (301, 302, 303, 307, 308)
REDIRECTS_AT_MOST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """One exchange of a recording; `index` is its place in the file, from 0.

    `recorded` is a date in ISO 8601 and UTC, where one is known; `duration_s` is how long the
    round trip took, where somebody measured it (then `exchange.times` ends there, else at 0).
    `location` is the address that a redirect leads to.
    """

    index: int
    exchange: Exchange
    recorded: str | None
    duration_s: float | None
    path: str
    host: str
    location: str = ""

    @property
    def holds_its_images(self) -> bool:
        """Whether no image of the reply is absent, as one from a browser's cache is."""
        answer = self.exchange.answer
        return isinstance(answer, Reply) and all(
            picture.state != "absent" for picture in answer.pictures.values()
        )


def without_detours(exchanges: Sequence[Foreign]) -> Iterator[Foreign]:
    """Yield the exchanges as a client that follows redirects sees them.

    A redirect has the answer of the exchange that follows it up, which is then no exchange of its
    own. A download whose redirect leads to what was not recorded has no answer. A browser's
    preflights (OPTIONS) are left out: they ask for nothing.
    """
    requests = [each for each in exchanges if each.exchange.request.method != "OPTIONS"]
    followed: set[int] = set()
    for place, foreign in enumerate(requests):
        if foreign.index in followed:
            continue
        at, last = place, foreign
        for _ in range(REDIRECTS_AT_MOST):
            target = _target(last)
            later = enumerate(requests[at + 1 :], at + 1) if target else ()
            free = (each for each in later if each[1].index not in followed)
            found = _next(free, last, target)
            if not found:
                break
            at, last = found
            followed.add(last.index)
        yield foreign if last is foreign and not _target(foreign) else _answered(foreign, last)


def _target(foreign: Foreign) -> str:
    """Return where a redirect leads to, empty where the answer is none."""
    answer = foreign.exchange.answer
    return foreign.location if isinstance(answer, Reply) and answer.status in REDIRECTS else ""


def leads_to(address: str, location: str) -> str:
    """Return the address that a Location header means, empty where it means none."""
    try:
        return urljoin(address, location) if location else ""
    except ValueError:
        return ""


def _next(
    later: Iterable[tuple[int, Foreign]], redirect: Foreign, target: str
) -> tuple[int, Foreign] | None:
    """Return the request that follows a redirect: of several, one that sends the same again."""
    wanted, sent = target.partition("#")[0], redirect.exchange.request
    there = [each for each in later if each[1].exchange.request.target.partition("#")[0] == wanted]
    asked = ((each, each[1].exchange.request) for each in there)
    same = (each for each, again in asked if (again.body, again.form) == (sent.body, sent.form))
    return next(same, there[0] if there else None)


def _answered(foreign: Foreign, last: Foreign) -> Foreign:
    answer: Reply | Failure = last.exchange.answer
    if _target(last):
        if foreign.exchange.request.method != "GET":
            return foreign  # an answer of its own: nobody need follow it
        answer = Failure(kind="not_on_tape", why="its redirect was not recorded", sent=False)
    end_s = foreign.exchange.times.end_s + last.exchange.times.end_s
    measured = foreign.duration_s is not None and last.duration_s is not None
    exchange: Exchange = replace(
        foreign.exchange,
        answer=answer,
        times=replace(foreign.exchange.times, end_s=end_s if measured else 0.0),
    )
    return replace(foreign, exchange=exchange, duration_s=end_s if measured else None)
