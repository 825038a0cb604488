"""What an engine is: places where slices run, each asked for what it has journaled.

    Engine.place(slice, vantage) -> Place     a process on some machine, no longer alive than us
    Place.start(Order)                        the slice runs; nothing leaves before it is asked
    Place.pull(have) -> Pulled                what is new; says that batch `have` is durable here
    Place.stop()                              as Ctrl-C does: what is under way is waited for

Who runs slices asks each place again and again. One that does not answer is given up: it is never
asked again, so it can send nothing new, and its slice goes on in another place from what is here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from harness.core.errors import HarnessError
from harness.core.slicing import Slice
from harness.planning.options import Options
from harness.stats.benchmark.model import Ended
from harness.store.replica import Batch

WAIT_S = 2.0
"""How long a place waits for something new before it says that there is nothing."""

LOST_S = 60.0
"""After which time without an answer a place is given up."""


class PlaceLost(Exception):  # noqa: N818 - an event at a place, no failure of ours
    """A place does not answer any more; the text says why."""


class EngineError(HarnessError):
    """An engine could not be reached, or has no such place; nothing was sent."""

    exit_code = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a place is to run: options without keys, which it reads in its own environment.

    `files` are those that the options name, by their paths here. `folder` are the files of the
    slice's run folder, where it goes on; None where it begins.
    """

    slice: Slice
    vantage: str
    options: Options
    files: Mapping[str, bytes] = field(default_factory=dict)
    folder: Mapping[str, bytes] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartProgress:
    """How far a slice has come at one provider: requests ended of those there are; images paid."""

    provider: str
    done: int
    total: int
    images: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceEnd:
    """How a slice ended: whole, stopped before its end, or failed, as the command would say it."""

    how: Literal["finished", "interrupted", "failed"]
    message: str = ""
    exit_code: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What is new in a place. With `end`, nothing follows."""

    batch: Batch
    progress: tuple[PartProgress, ...] = ()
    notes: tuple[str, ...] = ()
    attempts: tuple[Ended, ...] = ()
    end: SliceEnd | None = None


class Place(Protocol):
    """A process that runs one slice. PlaceLost is raised where it does not answer."""

    def version(self) -> str:
        """Return the version of the harness over there."""
        ...

    def start(self, order: Order) -> None:
        """Begin the slice, or go on with it."""
        ...

    def pull(self, have: int, over: Mapping[str, str]) -> Pulled:
        """Return what is new; batch `have` is durable here, and `over` is what is decided."""
        ...

    def stop(self) -> None:
        """Interrupt the slice; a second time cuts off what is under way."""
        ...

    def close(self) -> None:
        """Give the place back; whatever it still does is cut off. Never raises."""
        ...


class Engine(Protocol):
    """Where slices run."""

    name: str

    def place(self, part: Slice, vantage: str) -> Place:
        """Return a new place for a slice; EngineError where there is none."""
        ...

    def close(self) -> None:
        """Give all up."""
        ...
