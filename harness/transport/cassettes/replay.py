"""A tape as a transport: no socket, no waiting, the recorded times."""

from dataclasses import dataclass

from harness.core.exchange import Exchange, Failure, Request, Times
from harness.transport.cassettes.cassette import NotOnTape, Tape


@dataclass(slots=True)
class Replay:
    """Answers from a tape; what is not on it is a `Failure(not_on_tape)`, never a guess."""

    tape: Tape

    async def send(self, request: Request, *, due_s: float) -> Exchange:
        """Return the recorded round trip, with the times of its recording."""
        try:
            return self.tape.take(request)
        except NotOnTape as error:
            failure = Failure(kind="not_on_tape", why=str(error), sent=False)
            nowhen = Times(due_s=due_s, sent_s=0.0, end_s=0.0)
            return Exchange(request=request, answer=failure, times=nowhen)

    async def pause(self, seconds: float) -> None:
        """Let no time pass: the waiting was done when this was recorded."""

    async def aclose(self) -> None:
        """Nothing is open."""
