"""Claims about a streamed reply: its events, their order, and the partial images in them."""

from collections.abc import Sequence

from harness.checks.check import (
    Assertion,
    CheckInput,
    CheckResult,
    Reproduced,
    check,
    failed,
    passed,
    quoted,
)
from harness.core.exchange import Event, Reply, submission
from harness.core.outcome import Images
from harness.spec.jsonpath import keys
from harness.spec.lifecycle import Stream

_NAMES = "names = [name for name, _ in events(reply)]"


def _stream_lines(_: Reproduced) -> tuple[str, ...]:
    return ('assert "text/event-stream" in reply.headers["content-type"]',)


@check(rank=220, assertion=Assertion(position="reply", lines=_stream_lines), promised_in="stream")
def streams_where_asked(subject: CheckInput) -> tuple[CheckResult, ...]:
    """A served request for a stream is answered with events."""
    if subject.arguments.get("stream") is not True or subject.case.expect == "refuse":
        return ()  # what should have been refused is promised no stream
    if subject.operation.stream is None or not isinstance(subject.outcome, Images):
        return ()
    about = _about(subject, "stream.one_of")
    events = _events(subject)
    if events:
        return passed(f"{len(events)} events", about)
    return failed("asked for a stream, answered with one reply", about)


def _partial_lines(again: Reproduced) -> tuple[str, ...]:
    stream, requested = again.operation.stream, again.arguments.get("partial_images")
    if stream is None:
        return ()
    return (_NAMES, f"assert names.count({quoted(stream.partial)}) <= {requested!r}")


@check(
    rank=230, assertion=Assertion(lines=_partial_lines), promised_in="stream", of_parameters=True
)
def sends_no_more_partials_than_asked(subject: CheckInput) -> tuple[CheckResult, ...]:
    """At most as many partial images come as were asked for; fewer may come (OpenAI's schema)."""
    requested = subject.arguments.get("partial_images")
    streamed = _streamed(subject)
    if (
        streamed is None
        or not isinstance(requested, int)
        or isinstance(requested, bool)
        or requested < 0
    ):
        return ()
    if _several(subject):  # the documents do not say whether so many for each or for all
        return ()
    stream, events = streamed
    received = len(_partials(stream, events))
    about = _about(subject, "partial_images.range")
    if received > requested:
        return failed(f"asked for {requested} partial images, got {received}", about)
    return passed(f"{received} of at most {requested}", about)


def _number_lines(again: Reproduced) -> tuple[str, ...]:
    stream = again.operation.stream
    if stream is None:
        return ()
    return (
        f"partials = [data for name, data in events(reply) if name == {quoted(stream.partial)}]",
        f"numbers = [found(data, {list(keys((stream.index,)))})[0] for data in partials]",
        "assert numbers == list(range(len(partials)))",
    )


@check(rank=240, assertion=Assertion(lines=_number_lines), promised_in="stream")
def partials_are_numbered_in_order(subject: CheckInput) -> tuple[CheckResult, ...]:
    """Partial images are numbered from 0 upwards, in the order in which they come."""
    streamed = _streamed(subject)
    if streamed is None or _several(
        subject
    ):  # the documents do not say how those of several are numbered
        return ()
    stream, events = streamed
    numbers = [stream.index.search(event.data) for event in _partials(stream, events)]
    if not numbers:
        return ()
    listed = ", ".join(map(str, numbers))
    in_order = numbers == list(range(len(numbers)))
    return passed(f"numbered {listed}") if in_order else failed(f"numbered {listed}")


@check(rank=250, promised_in="stream")
def partials_decode(subject: CheckInput) -> tuple[CheckResult, ...]:
    """Every partial image is whole and can be decoded.

    Where the final image is broken, too, only that is reported.
    """
    outcome = subject.outcome
    if not isinstance(outcome, Images) or not outcome.partials:
        return ()
    if any(picture.state == "undecodable" for picture in outcome.pictures):
        return ()
    broken = [partial for partial in outcome.partials if partial.state == "undecodable"]
    if broken:
        return failed(f"{len(broken)} of {len(outcome.partials)} do not decode: {broken[0].why}")
    if any(partial.state == "absent" for partial in outcome.partials):
        return ()
    return passed(f"{len(outcome.partials)} decoded")


def _order_lines(again: Reproduced) -> tuple[str, ...]:
    stream = again.operation.stream
    if stream is None:
        return ()
    partial, completed = quoted(stream.partial), quoted(stream.completed)
    return (_NAMES, f"assert {partial} not in names[names.index({completed}) :]")


@check(rank=260, assertion=Assertion(lines=_order_lines), promised_in="stream")
def the_completed_event_is_the_last(subject: CheckInput) -> tuple[CheckResult, ...]:
    """No partial image follows the completed one."""
    streamed = _streamed(subject)
    if streamed is None:
        return ()
    stream, events = streamed
    names = [event.name for event in events if event.name in (stream.partial, stream.completed)]
    if stream.completed not in names:
        return ()  # that it is missing is another claim's
    late = names[names.index(stream.completed) :].count(stream.partial)
    if late:
        return failed(f"{late} partial after the completed event")
    return passed(" -> ".join(names))


def _streamed(subject: CheckInput) -> tuple[Stream, Sequence[Event]] | None:
    """Return the stream's description and its events, where the reply was one and was served."""
    stream, events = subject.operation.stream, _events(subject)
    if stream is None or not events or not isinstance(subject.outcome, Images):
        return None
    return stream, events


def _several(subject: CheckInput) -> bool:
    return subject.arguments.get("n", 1) != 1


def _events(subject: CheckInput) -> tuple[Event, ...]:
    sent = submission(subject.record.exchanges)
    return sent.answer.events if sent and isinstance(sent.answer, Reply) else ()


def _partials(stream: Stream, events: Sequence[Event]) -> list[Event]:
    """Return the partial images before the completed one; what follows is another claim's."""
    ended = [at for at, event in enumerate(events) if event.name == stream.completed]
    before = events[: ended[0]] if ended else events
    return [event for event in before if event.name == stream.partial]


def _about(subject: CheckInput, constraint: str) -> str | None:
    rule = subject.operation.constraint(constraint)
    return rule.id if rule is not None and rule.documented else None
