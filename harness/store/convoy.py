"""Several passes over the same spools at once, so that each block is read from the disk for all.

Each pass is a function of its own, written as if it were alone. They take turns in threads of
which one runs at a time: a pass that needs a block which is not in memory waits, and once all of
them wait, the next block that any of them wants is read, and goes to each that wants it. So nothing
is shared but blocks, and what comes out does not depend on who was first.
"""

import threading
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, ParamSpec, Protocol, Self, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

MANY = 1_024
"""So many values are in memory anyway: functions that pass over no more of them run one by one."""


class Blocks(Protocol):
    """What is read in blocks."""

    def load(self, number: int) -> list[Any]:
        """Return a block, read from the disk."""
        ...


@dataclass(slots=True)
class Later(Generic[R]):
    """What a function returns, once its passes are over."""

    _work: Callable[[], R]
    _results: list[R] = field(default_factory=list)

    @property
    def result(self) -> R:
        """What it returned."""
        (result,) = self._results
        return result

    def run(self) -> None:
        """Call the function."""
        self._results.append(self._work())


class Passes:
    """A block of functions that pass over the same values, and know nothing of each other.

        with Passes(records) as passes:
            errors = passes.begin(errors_by_class, records)
            times = passes.begin(latency_by_operation, records)
        return errors.result, times.result

    At its end all have run: one by one, or over many values at once. The first one that raised, in
    their order, is heard there.
    """

    def __init__(self, values: Sized) -> None:
        self._values = values
        self._begun: list[Later[Any]] = []

    def begin(self, work: Callable[P, R], *args: P.args, **more: P.kwargs) -> Later[R]:
        """Let a function take part; it has its result at the end of the block."""
        later = Later(partial(work, *args, **more))
        self._begun.append(later)
        return later

    def __enter__(self) -> Self:
        """Begin a block."""
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Run what was begun, if nothing else went wrong."""
        if kind is None:
            _run_all(self._values, [each.run for each in self._begun])


def convoy_of_thread() -> "Convoy | None":
    """Return the convoy that this thread is a part of; None in any other thread."""
    return _OWN.convoy


def _run_all(values: Sized, work: Sequence[Callable[[], None]]) -> None:
    """Run these functions; none may wait for another one."""
    convoy = _OWN.convoy
    if len(values) <= MANY:
        for each in work:
            each()
    elif convoy is not None:
        convoy.join(work)
    else:
        convoy = Convoy()
        passes = convoy.add(work)
        convoy.drive()
        _insist(passes)


class _AbortedError(Exception):
    """The convoy is over: another pass failed, or the command was interrupted."""


@dataclass(slots=True, eq=False)
class _Pass:
    """A function in its thread: what it waits for, and what it failed with."""

    work: Callable[[], None]
    wants: tuple[Blocks, int] | None = None
    given: list[Any] | None = None
    waits_for: "Sequence[_Pass]" = ()
    error: BaseException | None = None
    ended: bool = False
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))


class _Own(threading.local):
    """The convoy and the pass that a thread is."""

    convoy: "Convoy | None" = None
    mine: _Pass


_OWN = _Own()


class Convoy:
    """Passes that take turns; the thread that made it lets one go on at a time."""

    def __init__(self) -> None:
        self._passes: list[_Pass] = []
        self._back = threading.Semaphore(0)
        self._over = False
        self._order: dict[int, int] = {}
        self._at = (0, -1)

    def add(self, work: Sequence[Callable[[], None]]) -> list[_Pass]:
        """Let functions take part; they begin when it is their turn."""
        added = [_Pass(each) for each in work]
        self._passes += added
        for each in added:
            threading.Thread(target=self._run, args=(each,), daemon=True).start()
        return added

    def drive(self) -> None:
        """Let all passes come to their ends; then none is left waiting."""
        try:
            while self._passes:
                for each in self._ready():
                    self._let_go(each)
                self._passes = [each for each in self._passes if not each.ended]
        finally:
            self._over = True
            for each in self._passes:
                if not each.ended:
                    self._let_go(each)

    def wait(self, blocks: Blocks, number: int) -> list[Any]:
        """Return a block to the pass that runs, once it is read for all that want it."""
        mine = _OWN.mine
        mine.wants = blocks, number
        self._pause(mine)
        given, mine.given = mine.given, None
        return blocks.load(number) if given is None else given

    def join(self, work: Sequence[Callable[[], None]]) -> None:
        """Let functions of the pass that runs take part, and wait for them."""
        mine = _OWN.mine
        mine.waits_for = self.add(work)
        self._pause(mine)
        added, mine.waits_for = mine.waits_for, ()
        _insist(added)

    def _ready(self) -> list[_Pass]:
        """Return who can go on: who waits for no block, or else who wants the next one."""
        free = [
            each
            for each in self._passes
            if each.wants is None and all(other.ended for other in each.waits_for)
        ]
        wanted = [each.wants for each in self._passes if each.wants is not None]
        if free or not wanted:
            return free
        blocks, number = self._next(wanted)
        values = blocks.load(number)
        ready = [each for each in self._passes if _wants(each, blocks, number)]
        for each in ready:
            each.wants, each.given = None, values
        return ready

    def _next(self, wanted: Sequence[tuple[Blocks, int]]) -> tuple[Blocks, int]:
        """Return the block behind the last one that was read; behind the end, the first one."""
        for blocks, _ in wanted:
            self._order.setdefault(id(blocks), len(self._order))
        places = {(self._order[id(blocks)], number): (blocks, number) for blocks, number in wanted}
        self._at = min(places, key=lambda place: (place <= self._at, place))
        return places[self._at]

    def _run(self, mine: _Pass) -> None:
        mine.go.acquire()
        _OWN.mine, _OWN.convoy = mine, self
        try:
            if not self._over:
                mine.work()
        except BaseException as error:  # noqa: BLE001 - raised where the passes were begun
            mine.error = error
        finally:
            mine.ended = True
            self._back.release()

    def _let_go(self, one: _Pass) -> None:
        one.go.release()
        self._back.acquire()

    def _pause(self, mine: _Pass) -> None:
        self._back.release()
        mine.go.acquire()
        if self._over:
            raise _AbortedError


def _wants(one: _Pass, blocks: Blocks, number: int) -> bool:
    return one.wants is not None and one.wants[0] is blocks and one.wants[1] == number


def _insist(passes: Sequence[_Pass]) -> None:
    """Raise what the first of them raised, if any did."""
    for each in passes:
        if each.error is not None:
            raise each.error
