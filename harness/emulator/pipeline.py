"""How every server treats a request, from the gateway to the reply.

    html_error, outage, flaky_500, rate_limit -> key -> quota -> body -> the provider's rules
      -> moderation -> planted faults -> fulfil -> ledger -> wait -> reply

This order is ours; the documents do not state one. Everything that differs between providers is in
`ProviderServer`.
"""

from __future__ import annotations

import asyncio
import dataclasses
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from starlette.responses import Response
from starlette.routing import Route

from . import rules
from .decision import Decision, Problem, RouteSpec
from .faults import combinations, job_faults, keys, type_faults
from .faults.combinations import operation_of
from .faults.planted import CONTENT, HANG_S
from .jobs import ENDED, displayed_id
from .kept import kept_content
from .ledger import Note, digests
from .pictures import MEDIA_TYPES
from .received import read_json
from .replies import EventStream, JsonReply, NoReply, deliver
from .state import POLL_S, REFUSAL_S, SUBMIT_S

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from .faults.planted import PlantedFault
    from .jobs import EmulatedJob, Stage
    from .replies import Json
    from .rules import Refusal
    from .state import ProviderState

GATEWAY_PAGE = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)


class ProviderServer(ABC):
    """One provider's server: paths, keys, envelopes and what an accepted request leads to.

    `usual_price` is what one image costs with all defaults, in the provider's unit.
    """

    name: ClassVar[str]
    unit: ClassVar[str]
    usual_price: ClassVar[float]

    def __init__(self, state: ProviderState) -> None:
        self.state = state

    @abstractmethod
    def routes(self) -> Sequence[BaseRoute]:
        """Return the documented paths."""

    def key(self, headers: Mapping[str, str]) -> str:
        """Return the client's bearer token, empty where there is none."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    @abstractmethod
    def problem(self, problem: Problem, path: str) -> JsonReply:
        """Return a failure in the provider's envelope."""

    @abstractmethod
    def refusal(self, refusal: Refusal, path: str) -> JsonReply:
        """Return the refusal of a parameter in the provider's envelope."""

    def submission(
        self,
        path: str,
        fulfil: Callable[[Mapping[str, object], Request], Awaitable[Decision]],
        *,
        operation: str = "generate",
        decode: Callable[[Request], Awaitable[object]] = read_json,
        draws: bool = True,
    ) -> Route:
        """Return the route of a POST that may create images; see RouteSpec."""
        spec = RouteSpec(operation=operation, decode=decode, fulfil=fulfil, draws=draws)

        async def endpoint(request: Request) -> Response:
            return await _answer_submission(self, request, spec)

        return Route(path, endpoint, methods=["POST"])

    def query(self, path: str, reply: Callable[[Request], JsonReply]) -> Route:
        """Return the route of a GET that only reads."""

        async def endpoint(request: Request) -> Response:
            return await _answer_poll(self, request, lambda: (reply(request), None))

        return Route(path, endpoint, methods=["GET"])

    def job_query(
        self,
        path: str,
        document: Callable[[EmulatedJob, Stage, str], Json],
        not_found: Callable[[Request], JsonReply],
    ) -> Route:
        """Return the route of a GET that polls a job by its id, the `id` of the path.

        `document` returns the body from the job, its stage and the id to show.
        """

        async def endpoint(request: Request) -> Response:
            def reply() -> tuple[JsonReply, str | None]:
                state = self.state
                job, stage = state.poll_job(request.path_params["id"], str(request.base_url))
                noted_id = job.id if job is not None and job.id in state.jobs else None
                if job is None or stage is None:
                    return not_found(request), noted_id
                headers = {}
                if "retry_after" in state.variants and stage not in ENDED:
                    headers["retry-after"] = "5"
                other = state.job_before(job)
                shown = job
                if other is not None:
                    shown, stage = other, other.stage(state.now_s())
                body = document(shown, stage, displayed_id(state.faults, shown.id))
                if "job_passes_unknown_state" in job.faults and job.polls == 1:
                    body = job_faults.in_unknown_state(self.name, body)
                return JsonReply(status=200, body=body, headers=headers), noted_id

            return await _answer_poll(self, request, reply)

        return Route(path, endpoint, methods=["GET"])

    def job_reply(
        self, job: EmulatedJob, status: int, body: Json, *, repeated: bool = False
    ) -> Decision:
        """Answer the submission of a job; one that is repeated is charged nothing."""
        images = job.images if job.charged and not repeated else 0
        amount = 0.0 if repeated else job.cost
        return Decision(
            answer=JsonReply(status=status, body=body),
            note=Note(outcome="accepted", images=images, amount=amount, job=job.id),
            wait_s=self.state.latency.fixed_s(SUBMIT_S),
        )

    def retry_header(self, problem: Problem) -> dict[str, str]:
        """Return the header that says when to try again, where the problem is a rate limit."""
        limited = problem is Problem.RATE_LIMITED
        return {"retry-after": self.state.retry_after()} if limited else {}


async def _answer_submission(
    provider: ProviderServer, request: Request, spec: RouteSpec
) -> Response:
    started_s = provider.state.now_s()
    body: object = None
    decision = _obstacle(provider, request)
    path = request.url.path
    if decision is None and "quota" in provider.state.faults and spec.draws:
        decision = refusal_reply(provider, provider.problem(Problem.NO_CREDIT, path), "quota")
    if decision is None and "quota_per_minute" in provider.state.faults and spec.draws:
        decision = _quota(provider, path)
    if decision is None:
        body = await spec.decode(request)
        decision = await _decide(provider, request, spec, body)
    operation = operation_of(provider.name, spec.operation, body) if spec.draws else None
    note = dataclasses.replace(decision.note, operation=operation)
    decision = dataclasses.replace(decision, note=note)
    return await _respond(provider, request, decision, body=body, started_s=started_s)


def _quota(provider: ProviderServer, path: str) -> Decision | None:
    if not provider.state.every_third():
        return None
    answer = provider.problem(Problem.RATE_LIMITED, path)
    if isinstance(answer.body, dict):
        body = job_faults.with_quota(answer.body)
        headers = answer.headers | job_faults.QUOTA_HEADERS
        answer = dataclasses.replace(answer, body=body, headers=headers)
    return refusal_reply(provider, answer, "rate_limit")


async def _decide(
    provider: ProviderServer, request: Request, spec: RouteSpec, body: object
) -> Decision:
    faults, path = provider.state.faults, request.url.path
    body = type_faults.taken(provider.name, body, faults.names)
    submitted = (provider.name, spec.operation, body)
    refusal = (
        combinations.refusal_first(*submitted, faults.combinations)
        or await _checked(provider, spec.operation, body)
        or job_faults.limited_edit(*submitted, faults.names)
        or combinations.refusal_last(*submitted, faults.combinations)
    )
    if refusal is not None:
        return refusal_reply(provider, _refused(provider, refusal, path), refusal.rule)
    if "moderation" in faults and spec.draws:
        return refusal_reply(provider, provider.problem(Problem.MODERATED, path), "moderation")
    met = [fault for fault in faults.planted if spec.draws and fault.meets(*submitted)]
    struck = [fault for fault in met if provider.state.strikes(fault)]
    content = combinations.content_faults(*submitted, faults.combinations)
    request.state.content_faults = content | {
        CONTENT[fault.kind][0] for fault in struck if fault.effect == "content"
    }
    decision = _struck(provider, path, struck) or _billed_failure(provider, request, spec)
    if decision is None:
        decision = await spec.fulfil(body if isinstance(body, dict) else {}, request)
    note = dataclasses.replace(
        decision.note,
        met=tuple(fault.name for fault in met),
        struck=tuple(fault.name for fault in struck),
    )
    answer = _finished(provider, request, decision, {fault.kind for fault in struck})
    return dataclasses.replace(decision, note=note, answer=answer)


def _struck(provider: ProviderServer, path: str, struck: Sequence[PlantedFault]) -> Decision | None:
    """Return what a request gets instead of images under the planted faults that it met."""
    for fault in struck:
        match fault.kind:
            case "refused":
                refusal = combinations.unnamed_refusal(provider.name, fault.name)
                return refusal_reply(provider, provider.refusal(refusal, path), fault.name)
            case "fails":
                return _failed(provider.problem(Problem.CRASHED, path))
            case "unavailable":
                return _failed(provider.problem(Problem.UNAVAILABLE, path))
            case "error_200":
                answer = provider.problem(Problem.CRASHED, path)
                return _failed(dataclasses.replace(answer, status=200))
            case _:  # served, but for its content or for the reply
                continue
    return None


def _billed_failure(provider: ProviderServer, request: Request, spec: RouteSpec) -> Decision | None:
    """Let every third submission fail and be charged, under the fault: a job does so later."""
    state = provider.state
    if "billed_for_failures" not in state.faults or not spec.draws or not state.every_third():
        return None
    if provider.name in job_faults.JOBS:
        request.state.content_faults |= {"charge_failed_job"}
        return None
    answer = provider.problem(Problem.CRASHED, request.url.path)
    return Decision(answer=answer, note=Note(outcome="error", amount=provider.usual_price))


def _finished(
    provider: ProviderServer, request: Request, decision: Decision, kinds: Collection[str]
) -> JsonReply | EventStream | NoReply:
    """Return the answer; under planted faults it is lost, or a stream falls silent before its end.

    What was made is charged all the same: whoever repeats the request pays for it twice.
    """
    answer, hang_s = decision.answer, provider.state.latency.fixed_s(HANG_S)
    if "hangs" in kinds or "unanswered" in kinds:
        return NoReply(after_s=hang_s if "hangs" in kinds else 0.0)
    if isinstance(answer, EventStream) and "unfinished_stream" in content_faults_of(request):
        return answer.unfinished(hang_s)
    return answer


def content_faults_of(request: Request) -> frozenset[str]:
    """Return the content faults that a combination of values has switched on for a request."""
    names: frozenset[str] = request.state.content_faults
    return names


async def _answer_poll(
    provider: ProviderServer, request: Request, reply: Callable[[], tuple[JsonReply, str | None]]
) -> Response:
    """Answer a request that only reads; `reply` returns the answer and the id of the job polled."""
    started_s = provider.state.now_s()
    decision = _obstacle(provider, request)
    if decision is None:
        answer, job_id = reply()
        wait_s = provider.state.latency.fixed_s(POLL_S)
        decision = Decision(answer=answer, note=Note(outcome="poll", job=job_id), wait_s=wait_s)
    return await _respond(provider, request, decision, started_s=started_s)


async def answer_download(provider: ProviderServer, request: Request) -> Response:
    """Serve an image by its digest, without a key.

    The ending of the name decides its media type.
    """
    out = _by_chance(provider, request)
    if out is not None:
        return await _respond(provider, request, out, started_s=provider.state.now_s())
    digest, _, claimed = request.path_params["name"].rpartition(".")
    data = provider.state.pictures.find(digest)
    missing = data is None or claimed not in MEDIA_TYPES or provider.state.is_late(digest)
    if missing:
        response = Response("not found", 404, media_type="text/plain")
        note = Note(outcome="error")
    else:
        response = Response(data, 200, media_type=MEDIA_TYPES[claimed])
        note = Note(outcome="download")
    kept = provider.state.settings.keep_requests
    content = await kept_content(request) if kept else None
    provider.state.record(request, await digests(request), response.status_code, note, content)
    return response


async def answer_problem(provider: ProviderServer, request: Request, problem: Problem) -> Response:
    """Answer a path or a method that the provider does not document."""
    started_s = provider.state.now_s()
    decision = _failed(provider.problem(problem, request.url.path))
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
    content = await kept_content(request) if state.settings.keep_requests else None
    asked = await digests(request, body)
    state.record(request, asked, decision.answer.status, decision.note, content)
    # The time that rendering took is part of the wait, not on top of it.
    wait_s = decision.wait_s - (state.now_s() - started_s)
    if wait_s > 0:
        await asyncio.sleep(wait_s)
    return deliver(decision.answer, state.faults)


def _obstacle(provider: ProviderServer, request: Request) -> Decision | None:
    state, path = provider.state, request.url.path
    out = _by_chance(provider, request)
    if out is not None:
        return out
    if "html_error" in state.faults:
        return _failed(JsonReply(status=502, body=GATEWAY_PAGE))
    if "outage" in state.faults:
        return _failed(provider.problem(Problem.UNAVAILABLE, path))
    if "flaky_500" in state.faults and state.is_flaky_now():
        return _failed(provider.problem(Problem.CRASHED, path))
    if "rate_limit" in state.faults and state.every_second():
        return refusal_reply(provider, provider.problem(Problem.RATE_LIMITED, path), "rate_limit")
    return _key_obstacle(provider, request)


def _key_obstacle(provider: ProviderServer, request: Request) -> Decision | None:
    """Refuse a request without the key of an account, unless a fault lets it through."""
    state, key = provider.state, provider.key(request.headers)
    let_through = keys.lets_through(provider.name, state.faults.names, request.headers, key)
    if "auth_down" not in state.faults and (let_through or (key and state.is_valid(key))):
        return None
    problem = Problem.BAD_KEY if key else Problem.NO_KEY
    answer = provider.problem(problem, request.url.path)
    status = keys.status(state.faults.names, answer.status)
    return refusal_reply(provider, dataclasses.replace(answer, status=status), "auth")


def _by_chance(provider: ProviderServer, request: Request) -> Decision | None:
    """Return the failure of a request that an outage of a share of all requests struck."""
    match provider.state.outage_now():
        case None:
            return None
        case 0:
            return _failed(NoReply())
        case status:
            problem = Problem.CRASHED if status == 500 else Problem.UNAVAILABLE
            return _failed(provider.problem(problem, request.url.path))


def _failed(answer: JsonReply | NoReply) -> Decision:
    return Decision(answer=answer, note=Note(outcome="error"))


def refusal_reply(provider: ProviderServer, answer: JsonReply, rule: str) -> Decision:
    """Refuse a request for the reason `rule`; free of charge, unless a fault says otherwise."""
    state = provider.state
    paid = "charge_refused" in state.faults and rule not in ("auth", "quota", "rate_limit")
    amount = provider.usual_price if paid else 0.0
    note = Note(outcome="refused", rule=rule, amount=amount)
    return Decision(answer=answer, note=note, wait_s=state.latency.fixed_s(REFUSAL_S))


def _refused(provider: ProviderServer, refusal: Refusal, path: str) -> JsonReply:
    faults = provider.state.faults
    if "unnamed_parameter" in faults:
        refusal = dataclasses.replace(
            refusal, parameter=None, message="The request could not be processed."
        )
    answer = provider.refusal(refusal, path)
    if type_faults.has_other_shape(faults.names, refusal.rule):
        parameter = refusal.rule.partition(".")[0]
        body = type_faults.other_shape(parameter, refusal.message)
        return dataclasses.replace(answer, body=body)
    if "refusal_200" in faults:
        return dataclasses.replace(answer, status=200)
    if "refusal_500" in faults:
        return dataclasses.replace(answer, status=500)
    return answer


async def _checked(provider: ProviderServer, operation: str, body: object) -> Refusal | None:
    switches = provider.state.faults.switches
    if operation == "generate":
        return rules.check(provider.name, operation, body, switches)
    # Whole images are decoded, which would block all other requests.
    return await asyncio.to_thread(rules.check, provider.name, operation, body, switches)
