"""What a wire generator may ask of its driver."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

from harness.core.exchange import Failure, Reply, Request, Step
from harness.core.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Make this round trip and give me its answer; `step` says what it is for."""

    request: Request
    step: Step = "submit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Come back after this many seconds; a lower bound."""

    seconds: float


Answer = Reply | Failure

T = TypeVar("T")

Talk = Generator[Send | Pause, Answer | None, T]
"""Yields `Send` (answered with an `Answer`) and `Pause` (answered with None); returns a T."""

Wire = Talk[Outcome]
"""A whole conversation about one shot."""


def send_request(request: Request, step: Step = "submit") -> Talk[Answer]:
    """Make one round trip."""
    answer = yield Send(request=request, step=step)
    if answer is None:
        raise TypeError("a Send was answered with nothing: the driver is broken")
    return answer
