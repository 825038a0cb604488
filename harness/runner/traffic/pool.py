"""The exchanges of a file, handed out to the requests that they follow up."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from harness.core.elided import is_filtered
from harness.core.exchange import Exchange, Reply, Request
from harness.spec.expressions import first_match
from harness.spec.lifecycle import job_id_of
from harness.spec.provider import Operation, Provider
from harness.spec.request import key_of
from harness.transport.foreign.read import Foreign
from harness.transport.foreign.stubs import NO_HOST
from harness.wire.errors import REDIRECT


@dataclass(slots=True)
class Pool:
    """The exchanges of a file that no request has claimed yet, by their index in it.

    `shared_ids` are those that several jobs of the file have.
    """

    unclaimed: dict[int, Foreign]
    shared_ids: frozenset[str] = frozenset()

    @classmethod
    def of(cls, provider: Provider, exchanges: Sequence[Foreign]) -> "Pool":
        """Return all exchanges of a file, and the ids that it tells of more than one job.

        Such ids stand for others; the polls of their jobs cannot be told apart.
        """
        asked: defaultdict[str, set[str]] = defaultdict(set)
        for foreign in exchanges:
            for job_id in _jobs_of(provider, foreign):
                request = foreign.exchange.request
                asked[job_id].add(f"{request.method} {foreign.path} {request.body} {request.form}")
        shared = frozenset(job_id for job_id, requests in asked.items() if len(requests) > 1)
        return cls({foreign.index: foreign for foreign in exchanges}, shared)

    def take(self, foreign: Foreign) -> Exchange:
        """Claim an exchange."""
        return self.unclaimed.pop(foreign.index).exchange

    def drop_repeated(self, foreign: Foreign, operation: Operation) -> None:
        """Leave out what repeats a submission under its idempotency key: it asks nothing new."""
        known_by = operation.known_by
        if known_by is None:
            return
        request = foreign.exchange.request
        if key := key_of(request, known_by):
            self.unclaimed = {
                index: other
                for index, other in self.unclaimed.items()
                if key_of(other.exchange.request, known_by) != key or not _matches(other, request)
            }

    def answer(self, request: Request, *, after: int) -> Exchange | None:
        """Hand out the next exchange that made this request: a poll, a download, a repetition.

        A download is known by its whole address; where a recording has put something else in place
        of parts of its query (a signature), the other parts will do, if one alone has them.
        """
        later = [
            foreign
            for foreign in self.unclaimed.values()
            if foreign.index > after and _matches(foreign, request)
        ]
        if urlsplit(request.target).netloc:
            later = [
                each for each in later if _may_be(each.exchange.request.target, request.target)
            ]
            same = [each for each in later if each.exchange.request.target == request.target]
            if same:
                return self.take(next((each for each in same if each.holds_its_images), same[0]))
            if len({each.exchange.request.target for each in later}) > 1:
                return None
        dated = all(foreign.recorded for foreign in later)
        later.sort(key=lambda foreign: foreign.recorded or "" if dated else "")
        return self.take(later[0]) if later else None


def _jobs_of(provider: Provider, foreign: Foreign) -> Iterator[str]:
    """Yield the id of the job that an exchange began, as each of the operations reads it."""
    reply = foreign.exchange.answer
    for operation in provider.operations.values():
        job = operation.job
        if job is None or not isinstance(reply, Reply) or reply.status >= REDIRECT:
            continue
        if foreign.exchange.request.method.upper() != operation.method:
            continue
        job_id = job_id_of(first_match(job.id, reply.document))
        if job_id and foreign.path.endswith(operation.path):
            yield job_id


def _matches(foreign: Foreign, request: Request) -> bool:
    recorded, target = foreign.exchange.request, urlsplit(request.target)
    if target.netloc:
        hosts = (target.hostname or "", NO_HOST)
        same_place = foreign.path == target.path and foreign.host in hosts
    else:
        same_place = foreign.path.endswith(target.path)
    same_method = recorded.method.upper() == request.method.upper()
    same_content = (recorded.body, recorded.form) == (request.body, request.form)
    return same_place and same_method and same_content


def _may_be(recorded: str, asked: str) -> bool:
    """Tell whether two addresses of one path differ only by what a recording put there instead."""
    sides = [parse_qs(urlsplit(each).query, keep_blank_values=True) for each in (recorded, asked)]
    return all(
        sides[0][name] == sides[1][name]
        or any(_is_cut(text) for side in sides for text in side[name])
        for name in sides[0].keys() & sides[1].keys()
    )


def _is_cut(text: str) -> bool:
    return not text or is_filtered(text)
