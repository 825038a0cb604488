"""From what a stream has to tell to its events, in order or as the stream faults have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .replies import EventStream, Json

if TYPE_CHECKING:
    from .faults.catalogue import ActiveFaults
    from .replies import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a stream tells: an opening, partial images, and from the finished image on the closing.

    Events are data whose `type` is their name; the last one of `closing` is the completed event.
    `late` is the partial image that follows it under the fault of that name.
    """

    opening: tuple[Json, ...] = ()
    partials: tuple[Json, ...] = ()
    closing: tuple[Json, ...] = ()
    late: Json | None = None


def shown_count(faults: ActiveFaults, asked: int) -> int:
    """Return how many partial images a stream shows before the finished one."""
    return asked + 1 if "more_partials" in faults else asked


def needed_count(faults: ActiveFaults, asked: int) -> int:
    """Return how many partial images have to be made: one that comes late is one of them."""
    late = 1 if "partial_after_completion" in faults else 0
    return max(shown_count(faults, asked), late)


def partial_indices(faults: ActiveFaults, count: int) -> tuple[int, ...]:
    """Return the index that each partial image gets: from 0 upwards."""
    if "partial_index_wrong" in faults:
        return (1,) if count == 1 else (0,) * count
    places = tuple(range(count))
    return places[::-1] if "partials_reversed" in faults else places


def staged_events(
    faults: ActiveFaults, script: Script, wait_s: float, headers: dict[str, str]
) -> EventStream:
    """Return the stream; partial images are spread evenly over `wait_s`, the closing ends it."""
    step_s = wait_s / (len(script.partials) + 1)
    opening = [_event(0.0, data) for data in script.opening]
    partials = [_event(step_s, data) for data in script.partials]
    closing = script.closing
    if "error_event" in faults:
        closing = (_broken_off(),)
    elif "missing_completion" in faults:
        closing = ()
    ending = [_event(0.0 if number else step_s, data) for number, data in enumerate(closing)]
    first = "completion_first" in faults
    events: list[Event] = [*opening, *(ending + partials if first else partials + ending)]
    if script.late is not None:
        events.append(_event(0.0, script.late))
    return EventStream(events=tuple(events), headers=headers, cut="cut_stream" in faults)


def _event(wait_s: float, data: Json) -> Event:
    return wait_s, str(data["type"]), data


def _broken_off() -> Json:
    # The shape is the gateway's, the words are invented.
    message = "The server had an error while processing your request."
    return {
        "type": "error",
        "error": {"type": "server_error", "message": message, "code": "server_error"},
    }
