"""How every server treats a request, from the gateway to the reply; the ledger comes first.

    html_error, outage, flaky_500, rate_limit -> key -> quota -> body -> the provider's rules
      -> moderation -> fulfil -> ledger -> wait -> reply

The order is ours; the documents do not state one. Everything that differs between providers is in
`Provider`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, ClassVar

from starlette.responses import Response

from . import rules
from .faults import combinations
from .faults.combinations import operation_of
from .ledger import LARGE_BYTES, digests
from .pictures import MEDIA_TYPES
from .received import BadFormError, form_of
from .replies import EventStream, JsonReply, deliver
from .state import POLL_S, REFUSAL_S, Note

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from .rules import Refusal
    from .state import ProviderState

GATEWAY_PAGE = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)


class Problem(Enum):
    """Why a request fails for a reason other than its parameters."""

    NO_KEY = auto()
    BAD_KEY = auto()
    NO_CREDIT = auto()
    RATE_LIMITED = auto()
    MODERATED = auto()
    NOT_FOUND = auto()
    WRONG_METHOD = auto()
    CRASHED = auto()
    UNAVAILABLE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The reply to a request, what the ledger says about it and, in seconds, when it leaves."""

    answer: JsonReply | EventStream
    note: Note
    wait_s: float = 0.0


class ProviderServer(ABC):
    """One provider's server: paths, keys, envelopes and what an accepted request leads to."""

    name: ClassVar[str]
    unit: ClassVar[str]

    def __init__(self, state: ProviderState) -> None:
        self.state = state

    @abstractmethod
    def routes(self) -> Sequence[BaseRoute]:
        """Return the documented paths."""

    @abstractmethod
    def key(self, headers: Mapping[str, str]) -> str:
        """Return the client's key, empty where there is none."""

    @abstractmethod
    def problem(self, problem: Problem, path: str) -> JsonReply:
        """Word a failure in the provider's envelope."""

    @abstractmethod
    def refusal(self, refusal: Refusal, path: str) -> JsonReply:
        """Word the refusal of a parameter in the provider's envelope."""

    @abstractmethod
    async def fulfil(self, body: Mapping[str, object], request: Request) -> Decision:
        """Answer a submission that broke no rule; charge it and draw its duration."""

    @abstractmethod
    def usual_price(self) -> float:
        """Return what one image costs with all defaults, in the provider's unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSpec:
    """What a path is for.

    `operation` names the rules; `decode` turns the request into the body that they judge, None
    where it is unreadable; `fulfil` answers a body that broke none. What `draws` nothing has no
    prompt and costs no credit.
    """

    operation: str
    decode: Callable[[Request], Awaitable[object]]
    fulfil: Callable[[Mapping[str, object], Request], Awaitable[Decision]]
    draws: bool = True


async def answer_submission(
    provider: ProviderServer, request: Request, errand: RouteSpec | None = None
) -> Response:
    """Answer a request that may create images; without an errand, JSON that generates some."""
    started_s = provider.state.now_s()
    if errand is None:
        errand = RouteSpec(operation="generate", decode=read_json, fulfil=provider.fulfil)
    body: object = None
    decision = _obstacle(provider, request)
    path = request.url.path
    if decision is None and "quota" in provider.state.faults and errand.draws:
        decision = refusal_reply(provider, provider.problem(Problem.NO_CREDIT, path), "quota")
    if decision is None:
        body = await errand.decode(request)
        decision = await _decided(provider, request, errand, body)
    operation = operation_of(provider.name, errand.operation, body) if errand.draws else None
    note = dataclasses.replace(decision.note, operation=operation)
    decision = dataclasses.replace(decision, note=note)
    return await _respond(provider, request, decision, body=body, started_s=started_s)


async def _decided(
    provider: ProviderServer, request: Request, errand: RouteSpec, body: object
) -> Decision:
    faults, path = provider.state.faults, request.url.path
    asked = (provider.name, errand.operation, body)
    refusal = (
        combinations.refusal_first(*asked, faults.combinations)
        or await _judged(provider, errand.operation, body)
        or combinations.refusal_last(*asked, faults.combinations)
    )
    if refusal is not None:
        return refusal_reply(provider, _worded(provider, refusal, path), refusal.rule)
    if "moderation" in faults and errand.draws:
        return refusal_reply(provider, provider.problem(Problem.MODERATED, path), "moderation")
    request.state.spoilt = combinations.spoilt_combinations(*asked, faults.combinations)
    return await errand.fulfil(body if isinstance(body, dict) else {}, request)


def spoilt_by(request: Request) -> frozenset[str]:
    """Return the content faults that a combination of values has switched on for a request."""
    found: frozenset[str] = request.state.spoilt
    return found


async def answer_poll(
    provider: ProviderServer,
    request: Request,
    reply: Callable[[Request], tuple[JsonReply, str | None]],
) -> Response:
    """Answer a request that only reads.

    `reply` returns the answer and the id of the job it is about.
    """
    started_s = provider.state.now_s()
    decision = _obstacle(provider, request)
    if decision is None:
        answer, job = reply(request)
        note = Note(status=answer.status, outcome="poll", job=job)
        wait_s = provider.state.latency.fixed_s(POLL_S)
        decision = Decision(answer=answer, note=note, wait_s=wait_s)
    return await _respond(provider, request, decision, started_s=started_s)


async def answer_download(provider: ProviderServer, request: Request) -> Response:
    """Serve an image by its digest, without a key.

    Its media type is what the ending of the name claims.
    """
    digest, _, claimed = request.path_params["name"].rpartition(".")
    data = provider.state.pictures.find(digest)
    if data is None or claimed not in MEDIA_TYPES:
        note = Note(status=404, outcome="error")
        provider.state.note(request, await digests(request), note)
        return Response("not found", 404, media_type="text/plain")
    note = Note(status=200, outcome="download")
    provider.state.note(request, await digests(request), note)
    return Response(data, 200, media_type=MEDIA_TYPES[claimed])


async def no_such(provider: ProviderServer, request: Request, problem: Problem) -> Response:
    """Answer a path or a method that the provider does not document."""
    started_s = provider.state.now_s()
    answer = provider.problem(problem, request.url.path)
    decision = Decision(answer=answer, note=Note(status=answer.status, outcome="error"))
    return await _respond(provider, request, decision, started_s=started_s)


async def _respond(
    provider: ProviderServer,
    request: Request,
    decision: Decision,
    *,
    started_s: float,
    body: object = None,
) -> Response:
    state = provider.state
    state.note(request, await digests(request, body), decision.note)
    # What making the pictures took is part of the wait, not on top of it.
    rest_s = decision.wait_s - (state.now_s() - started_s)
    if rest_s > 0:
        await asyncio.sleep(rest_s)
    return deliver(decision.answer, state.faults)


def _obstacle(provider: ProviderServer, request: Request) -> Decision | None:
    state, path = provider.state, request.url.path
    if "html_error" in state.faults:
        return _failed(JsonReply(status=502, body=GATEWAY_PAGE))
    if "outage" in state.faults:
        return _failed(provider.problem(Problem.UNAVAILABLE, path))
    if "flaky_500" in state.faults and state.is_flaky_now():
        return _failed(provider.problem(Problem.CRASHED, path))
    if "rate_limit" in state.faults and state.every_second():
        return refusal_reply(provider, provider.problem(Problem.RATE_LIMITED, path), "rate_limit")
    if provider.key(request.headers) == "":
        return refusal_reply(provider, provider.problem(Problem.NO_KEY, path), "auth")
    if "auth_down" in state.faults:
        return refusal_reply(provider, provider.problem(Problem.BAD_KEY, path), "auth")
    return None


def _failed(answer: JsonReply) -> Decision:
    return Decision(answer=answer, note=Note(status=answer.status, outcome="error"))


def refusal_reply(provider: ProviderServer, answer: JsonReply, rule: str) -> Decision:
    """Refuse a request for the reason `rule`; free of charge, unless a fault says otherwise."""
    state = provider.state
    paid = "charge_refused" in state.faults and rule not in ("auth", "quota", "rate_limit")
    note = Note(
        status=answer.status,
        outcome="refused",
        rule=rule,
        amount=provider.usual_price() if paid else 0.0,
    )
    return Decision(answer=answer, note=note, wait_s=state.latency.fixed_s(REFUSAL_S))


def _worded(provider: ProviderServer, refusal: Refusal, path: str) -> JsonReply:
    faults = provider.state.faults
    if "unnamed_parameter" in faults:
        refusal = dataclasses.replace(
            refusal, parameter=None, message="The request could not be processed."
        )
    answer = provider.refusal(refusal, path)
    if "refusal_200" in faults:
        return dataclasses.replace(answer, status=200)
    if "refusal_500" in faults:
        return dataclasses.replace(answer, status=500)
    return answer


async def _judged(provider: ProviderServer, operation: str, body: object) -> Refusal | None:
    switches = provider.state.faults.switches
    if operation == "generate":
        return rules.check(provider.name, operation, body, switches)
    # Whole images are looked at, which would hold up everybody else.
    return await asyncio.to_thread(rules.check, provider.name, operation, body, switches)


async def read_json(request: Request) -> object:
    """Return the JSON value of a body, None where it is none; NaN and Infinity are no JSON."""
    raw = await request.body()
    if len(raw) > LARGE_BYTES:
        return await asyncio.to_thread(_decoded, raw)
    return _decoded(raw)


async def read_form(request: Request) -> object:
    """Return the parts of a multipart body, None where it is none."""
    try:
        return await form_of(request)
    except BadFormError:
        return None


def _decoded(raw: bytes) -> object:
    try:
        return json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _no_constant(word: str) -> object:
    raise ValueError(f"{word} is no JSON")
