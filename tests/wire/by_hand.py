"""A generator of the wire, driven by hand: answers in, outcome and steps out; no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.core.case import Shot
from harness.core.exchange import Failure, Picture, Reply, Request
from harness.core.jsontype import Json
from harness.core.outcome import Outcome
from harness.runner.prepare import new_plan
from harness.spec.load import NAMES, provider
from harness.wire.protocol import speak
from harness.wire.step import Answer, Pause, Send

SHOTS: dict[str, Shot] = {name: new_plan(name, seed=0).shots[0] for name in NAMES}
MARK = "image:sha256:" + "0" * 64
PICTURE = Picture(
    digest="0" * 64, format="png", size_bytes=9, state="decoded", width_px=8, height_px=8
)
IMAGE = Reply(status=200, document=MARK, pictures={MARK: PICTURE})
LOST = Failure(kind="network", why="reset", sent=True)
STEPS_AT_MOST = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A conversation that has ended."""

    outcome: Outcome
    requests: tuple[Request, ...]
    pauses: tuple[float, ...]

    @property
    def posts(self) -> int:
        return sum(request.method == "POST" for request in self.requests)

    @property
    def asked(self) -> tuple[str, ...]:
        """The targets after the first request."""
        return tuple(request.target for request in self.requests[1:])


def talk(name: str, answers: Sequence[Answer], *, shot: Shot | None = None) -> Talk:
    """Answer one request after the other; the last answer is given for ever."""
    shot = shot or SHOTS[name]
    wire = speak(provider(name), provider(name).operation(shot.case.operation), shot)
    requests: list[Request] = []
    pauses: list[float] = []
    answer: Answer | None = None
    for _ in range(STEPS_AT_MOST):
        try:
            step = wire.send(answer)
        except StopIteration as done:
            outcome: Outcome = done.value
            return Talk(outcome=outcome, requests=tuple(requests), pauses=tuple(pauses))
        match step:
            case Send(request=request):
                answer = answers[min(len(requests), len(answers) - 1)]
                requests.append(request)
            case Pause(seconds=seconds):
                answer = None
                pauses.append(seconds)
    raise AssertionError("the conversation does not end")


def said(document: Json, status: int = 200, /, **headers: str) -> Reply:
    """A JSON reply; underscores in header names are hyphens."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    pictures = {MARK: PICTURE} if MARK in str(document) else {}
    return Reply(status=status, headers=named, document=document, pictures=pictures)


def page(status: int, text: str = "<html><h1>Bad Gateway</h1></html>") -> Reply:
    """A gateway's page."""
    return Reply(status=status, text=text)
