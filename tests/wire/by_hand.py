"""A generator of the wire, driven by hand: answers in, outcome and steps out; no I/O."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from harness.cases.boundaries import plain_case
from harness.cases.build import Builder
from harness.core.case import Case, FollowUp, PlannedRequest
from harness.core.exchange import Event, Failure, Picture, Reply, Request, Step
from harness.core.jsonvalue import Json
from harness.core.outcome import Outcome
from harness.planning.plan import make_plan
from harness.wire.deadline import TotalTime
from harness.wire.protocol import pick_up, speak
from harness.wire.retry import JITTER, Answer, Pause, Send, Wire
from tests.shipped import NAMES, shipped_provider

BASES: dict[tuple[str, str], Case] = {
    (name, operation): plain_case(Builder(shipped_provider(name), operation))
    for name in NAMES
    for operation in shipped_provider(name).operations
}
"""The plain case of each operation, with what is asked once it was served."""


def shot_of(case: Case) -> PlannedRequest:
    """The case's shot, as a plan makes it."""
    return make_plan(shipped_provider(case.provider), [case], seed=0, spec_digest="").shots[0]


def shot(
    name: str,
    operation: str = "generate",
    *,
    follow_ups: tuple[FollowUp, ...] = (),
    arguments: dict[str, Json] | None = None,
) -> PlannedRequest:
    """The plain request of an operation with more arguments."""
    base = BASES[name, operation]
    given = {**base.arguments, **(arguments or {})}
    return shot_of(replace(base, arguments=given, follow_ups=follow_ups))


SHOTS: dict[str, PlannedRequest] = {name: shot(name) for name in NAMES}
MARK = "image:sha256:" + "0" * 64
PICTURE = Picture(
    digest="0" * 64, format="png", size_bytes=9, state="decoded", width_px=8, height_px=8
)
IMAGE = Reply(status=200, document=MARK, pictures={MARK: PICTURE})
LOST = Failure(kind="network", why="reset", sent=True)
STEPS_AT_MOST = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A conversation that has ended."""

    outcome: Outcome
    sends: tuple[Send, ...]
    pauses: tuple[float, ...]

    @property
    def requests(self) -> tuple[Request, ...]:
        return tuple(one.request for one in self.sends)

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(one.step for one in self.sends)

    def of(self, step: Step) -> tuple[Request, ...]:
        """The requests that were made for one purpose."""
        return tuple(one.request for one in self.sends if one.step == step)

    @property
    def posts(self) -> int:
        return sum(request.method == "POST" for request in self.requests)

    @property
    def asked(self) -> tuple[str, ...]:
        """The targets after the first request."""
        return tuple(request.target for request in self.requests[1:])


def talk(
    name: str,
    answers: Sequence[Answer],
    *,
    shot: PlannedRequest | None = None,
    after: Callable[[str], Answer] | None = None,
) -> Talk:
    """Answer one request after the other; then `after` answers by the target, or the last does."""
    shot = shot or SHOTS[name]

    def answered(place: int, send: Send) -> Answer:
        if after is not None and place >= len(answers):
            return after(send.request.target)
        return answers[min(place, len(answers) - 1)]

    return talked(_speak(shot), answered)


def picked_up(shot: PlannedRequest, job: str, answers: Sequence[Answer]) -> Talk:
    """Answer what a shot asks whose job was given up waiting for."""
    shop = shipped_provider(shot.case.provider)
    wire = pick_up(shop, shop.operation(shot.case.operation), shot, job)
    return talked(wire, lambda place, _send: answers[min(place, len(answers) - 1)])


def _speak(shot: PlannedRequest) -> Wire:
    shop = shipped_provider(shot.case.provider)
    return speak(shop, shop.operation(shot.case.operation), shot)


def talked(wire: Wire, answered: Callable[[int, Send], Answer]) -> Talk:
    """Drive a conversation to its end; `answered` is told each request and its number."""
    sends: list[Send] = []
    pauses: list[float] = []
    total = TotalTime()
    answer: Answer | None = None
    for _ in range(STEPS_AT_MOST):
        try:
            step = wire.send(answer)
        except StopIteration as done:
            outcome: Outcome = done.value
            return Talk(outcome=outcome, sends=tuple(sends), pauses=tuple(pauses))
        match step:
            case Send(request=request):
                answer = total.late(request)
                if answer is None:
                    answer = answered(len(sends), step)
                    sends.append(step)
            case Pause(seconds=seconds):
                answer = total.pause(seconds, bound=True)
                if answer is None:
                    pauses.append(seconds)
    raise AssertionError("the conversation does not end")


def waited(found: tuple[float, ...], *asked: float) -> None:
    """Insist on these pauses, each made longer by what spreads many workers, and never shorter."""
    assert len(found) == len(asked), (found, asked)
    for pause, least in zip(found, asked, strict=True):
        assert least <= pause <= least * (1 + JITTER), (found, asked)


def said(document: Json, status: int = 200, /, **headers: str) -> Reply:
    """A JSON reply; underscores in header names are hyphens."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    pictures = {MARK: PICTURE} if MARK in str(document) else {}
    return Reply(status=status, headers=named, document=document, pictures=pictures)


def page(status: int, text: str = "<html><h1>Bad Gateway</h1></html>") -> Reply:
    """A gateway's page."""
    return Reply(status=status, text=text)


def told(*events: tuple[str, Json]) -> Reply:
    """A streamed reply; the mark in it is an image."""
    timed = tuple(Event(name=name, at_s=1.0, data=data) for name, data in events)
    return Reply(status=200, events=timed, pictures={MARK: PICTURE})
