"""Runs all slices in places of an engine, and keeps here what they journal before it counts.

A place that does not answer is given up: it is not asked again, so nothing that it journals counts
any more and nothing new leaves there. Its slice goes on elsewhere from the copy that is here.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Thread

from harness.core.errors import HarnessError, UsageError
from harness.core.record import RunHeader
from harness.core.slicing import Slice
from harness.core.version import harness_version
from harness.engines.coordinator import Coordinator
from harness.engines.model import (
    Engine,
    EngineError,
    Order,
    PartProgress,
    Place,
    PlaceLost,
    SliceEnd,
)
from harness.engines.slices import SliceCopy, SlicesFolder
from harness.planning.options import Options
from harness.runner.shutdown import stop_signals
from harness.store.line import HEADER

MOST_LOST = 3
"""How many places of one slice may be lost before it is left for `--resume`."""

_LOOKS_S = 0.1
"""How often whoever waits looks for signals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineListener:
    """What a run on an engine reports to, from several threads.

    `progress` receives a slice, its vantage and how far it has come at each provider; `opened` the
    folder with which the run can go on; `noted` a sentence for the user; `signalled` is called
    within the handler of each signal; `interrupted` receives how many slices are told to end.
    """

    progress: Callable[[Slice, str, tuple[PartProgress, ...]], None] = lambda *_: None
    opened: Callable[[Path], None] = lambda _folder: None
    noted: Callable[[str], None] = lambda _sentence: None
    signalled: Callable[[], None] = lambda: None
    interrupted: Callable[[int], None] = lambda _slices: None


class GivenUp(Exception):  # noqa: N818 - control flow between the threads of one run
    """This slice is to end here: another one failed before anything was sent."""


class Gate:
    """Nothing leaves anywhere before every slice has shown its plan, the same one."""

    def __init__(
        self, missing: set[int], *, first: RunHeader | None, opened: Callable[[], None]
    ) -> None:
        self._turn = Condition()
        self._missing = missing
        self._first = first
        self._opened = opened
        self._open = not missing
        self._shut = False

    def arrive(self, part: Slice, header: RunHeader) -> None:
        """Wait for all others; UsageError for another plan than theirs, GivenUp once shut."""
        with self._turn:
            first = self._first = self._first or header
            if header.plan_digests != first.plan_digests or header.seed != first.seed:
                raise UsageError(
                    f"slice {part}: its machine plans something else than the others; nothing was "
                    "sent there",
                    hint="install the same harness, providers and libraries on all machines",
                )
            self._missing.discard(part.index)
            if not self._missing and not self._open:
                self._opened()
                self._open = True
            self._turn.notify_all()
            self._turn.wait_for(lambda: self._open or self._shut)
            if not self._open:
                raise GivenUp

    def shut(self) -> bool:
        """Let nobody pass who has not passed; tell whether that is so."""
        with self._turn:
            self._shut = True
            self._turn.notify_all()
            return not self._open


@dataclass(slots=True)
class _Running:
    """A slice and where it runs now."""

    part: Slice
    vantage: str
    copy: SliceCopy
    place: Place | None = None
    end: SliceEnd | None = None
    error: BaseException | None = None
    decided: Mapping[str, str] = field(default_factory=dict)


class Driver:
    """Runs the slices that have not ended; `run` returns how each of them did."""

    def __init__(
        self,
        engine: Engine,
        folder: SlicesFolder,
        options: Options,
        files: Mapping[str, bytes],
        listener: EngineListener,
    ) -> None:
        self._engine = engine
        self._folder = folder
        self._options = options
        self._files = files
        self._listener = listener
        self._coordinator = Coordinator()
        self._stops = 0
        self._told: set[str] = set()
        state = folder.state
        parts = [part for part in state.parts if part.index not in state.ended]
        for part in state.parts if parts else ():
            if part.index in state.ended:
                self._coordinator.recall(folder.folder(part), options.target.documents)
        self._running = [_Running(part, state.vantage(part), folder.copy(part)) for part in parts]
        missing = set() if state.begun else {part.index for part in parts}
        self._gate = Gate(missing, first=self._known_header(), opened=folder.begun)

    def run(self) -> dict[Slice, SliceEnd]:
        """Run them to their end; raises what kept one from beginning, or a bug of ours.

        Ctrl-C interrupts all slices: what is under way is waited for.
        """
        threads = [
            Thread(target=self._guarded, args=(each,), name=f"slice {each.part}", daemon=True)
            for each in self._running
        ]
        with stop_signals(self._signalled):
            for thread in threads:
                thread.start()
            told = 0
            while any(thread.is_alive() for thread in threads):
                for thread in threads:
                    thread.join(_LOOKS_S / len(threads))
                if told < self._stops:
                    told += 1
                    self._interrupt(first=told == 1)
        for each in self._running:
            each.copy.close()
        for error in (each.error for each in self._running):
            if error is not None and not isinstance(error, GivenUp):
                raise error
        unsent = SliceEnd(how="interrupted", message="nothing was sent")
        return {each.part: each.end or unsent for each in self._running}

    def _known_header(self) -> RunHeader | None:
        """Return the header of a slice that is here, of whatever went before."""
        for part in self._folder.state.parts if self._folder.state.begun else ():
            copy = self._folder.copy(part)
            try:
                if (header := copy.header()) is not None:
                    return header
            finally:
                copy.close()
        return None

    def _signalled(self) -> None:
        self._listener.signalled()
        self._stops += 1

    def _interrupt(self, *, first: bool) -> None:
        self._gate.shut()
        places = [each.place for each in self._running if each.place and not each.end]
        if first:
            self._listener.interrupted(len(places))
        for place in places:
            Thread(target=_stop, args=(place,), daemon=True).start()

    def _guarded(self, running: _Running) -> None:
        try:
            running.end = self._to_the_end(running)
            if running.end.how == "finished":
                self._folder.ended(running.part)
            elif running.end.how == "failed" and self._gate.shut():
                running.error = _failure(running.part, running.end)
        except HarnessError as error:
            if self._gate.shut():
                running.error = error
            else:  # the others go on: what they receive is paid for
                code = error.exit_code
                running.end = SliceEnd(how="failed", message=str(error), exit_code=code)
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            self._gate.shut()
            running.error = error

    def _to_the_end(self, running: _Running) -> SliceEnd:
        """Run a slice, in another place where one is lost."""
        for lost in range(MOST_LOST + 1):
            try:
                return self._in_a_place(running)
            except PlaceLost as error:
                if self._stops:
                    return SliceEnd(how="interrupted", message=str(error))
                rest = "it goes on in another place" if lost < MOST_LOST else "it is left"
                self._note(f"slice {running.part}: {error}; {rest} ({lost + 1} of {MOST_LOST + 1})")
        return SliceEnd(how="failed", message=f"lost {MOST_LOST + 1} times", exit_code=3)

    def _in_a_place(self, running: _Running) -> SliceEnd:
        place = running.place = self._engine.place(running.part, running.vantage)
        try:
            if (theirs := place.version()) != (ours := harness_version()):
                raise UsageError(
                    f"slice {running.part}: its machine has harness {theirs}, this one {ours}; "
                    "nothing was sent there",
                    hint="install the same version on all machines",
                )
            if running.copy.header() is None:
                running.copy.clear()
                files = None
            else:
                files = running.copy.files()
            place.start(
                Order(
                    slice=running.part,
                    vantage=running.vantage,
                    options=self._options,
                    files=self._files,
                    folder=files,
                )
            )
            return self._followed(running, place)
        finally:
            place.close()

    def _followed(self, running: _Running, place: Place) -> SliceEnd:
        """Take over what a place hands out, until it has ended."""
        have = 0
        while True:
            pulled = place.pull(have, running.decided)
            running.copy.write(pulled.batch)
            for note in pulled.notes:
                self._note(note)
            self._listener.progress(running.part, running.vantage, pulled.progress)
            if any(name == HEADER for name, _ in pulled.batch.files):
                self._arrived(running)
            running.decided = self._coordinator.tell(pulled.attempts)
            if pulled.end is not None:
                return pulled.end
            have = pulled.batch.number

    def _arrived(self, running: _Running) -> None:
        header = running.copy.header()
        if header is not None:
            if header.benchmark is not None:
                self._coordinator.begin(header.benchmark.design)
            self._gate.arrive(running.part, header)

    def _note(self, sentence: str) -> None:
        if sentence not in self._told:  # every slice says the same of the plan
            self._told.add(sentence)
            self._listener.noted(sentence)


def _failure(part: Slice, end: SliceEnd) -> HarnessError:
    """Return what a slice failed by before anything was sent, as its command would say it."""
    kinds = {UsageError.exit_code: UsageError, EngineError.exit_code: EngineError}
    return kinds.get(end.exit_code, HarnessError)(f"slice {part}: {end.message}")


def _stop(place: Place) -> None:
    with suppress(PlaceLost):
        place.stop()
