"""Round trips that belong to another one: redirects that were followed, and preflights."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from operator import itemgetter
from urllib.parse import urljoin

from harness.core.exchange import Exchange, Failure, Reply

REDIRECTS = (301, 302, 303, 307, 308)
KEEPING = (307, 308)
"""Redirects after which the same is sent again."""

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
    hops = _hops(requests)
    followed = {hop.index for hop in hops.values()}
    for foreign in requests:
        if foreign.index in followed:
            continue
        last = foreign
        for _ in range(REDIRECTS_AT_MOST):
            if last.index not in hops:
                break
            last = hops[last.index]
        yield foreign if last is foreign and not _target(foreign) else _answered(foreign, last)


def _hops(requests: Sequence[Foreign]) -> dict[int, Foreign]:
    """Return what follows each redirect, by its index; each exchange follows one of them.

    It stands later in the file, as a rule, and earlier in one whose order was lost.
    """
    at: defaultdict[str, list[tuple[int, Foreign]]] = defaultdict(list)
    for place, foreign in enumerate(requests):
        at[_bare(foreign.exchange.request.target)].append((place, foreign))
    hops: dict[int, Foreign] = {}
    for place, foreign in enumerate(requests):
        target = _target(foreign)
        there = at.get(_bare(target), []) if target else []
        begin = bisect_right(there, place, key=itemgetter(0))
        nearest = chain(range(begin, len(there)), range(begin - 1, -1, -1))
        found = next((n for n in nearest if _follows(foreign, there[n][1], hops)), None)
        if found is not None:
            _, hops[foreign.index] = there.pop(found)
    return hops


def _follows(redirect: Foreign, hop: Foreign, hops: Mapping[int, Foreign]) -> bool:
    return _sends_the_same(redirect, hop) and not _leads_back(hops, hop, redirect)


def _leads_back(hops: Mapping[int, Foreign], start: Foreign, end: Foreign) -> bool:
    """Tell whether redirects lead from one exchange to another: then they are a circle."""
    at: Foreign | None = start
    while at is not None and at is not end:
        at = hops.get(at.index)
    return at is end


def _bare(address: str) -> str:
    return address.partition("#")[0]


def _sends_the_same(redirect: Foreign, hop: Foreign) -> bool:
    """Tell whether a request follows a redirect: it sends the same, or only asks (RFC 9110, 15.4).

    A 307 and a 308 forbid the second.
    """
    sent, again = redirect.exchange.request, hop.exchange.request
    answer = redirect.exchange.answer
    status = answer.status if isinstance(answer, Reply) else 0
    if (again.body, again.form) == (sent.body, sent.form):
        return True
    return status not in KEEPING and again.method == "GET"


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
