"""A slice's journal as the merged run has it: its ids, its times, and what its cases depend on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from harness.core.case import Case, PlannedRequest
from harness.core.exchange import Exchange, Failure, Reply, Times
from harness.core.record import Record
from harness.core.slicing import Slice
from harness.store.line import Ended, Exchanged, JournalLine, Sent, Skipped
from harness.store.reader import StoredRun

Key = tuple[str, str]
"""A case by its provider and its id."""


@dataclass(slots=True, kw_only=True)
class Rewriting:
    """How the lines of one slice are written again.

    `depends_on` has the cases of the whole plan. `renamed` are follow-ups whose ids another slice
    has, too. `moved_s` is added to every moment.
    """

    depends_on: Mapping[str, Mapping[str, tuple[str, ...]]]
    renamed: Mapping[Key, str]
    moved_s: float
    latest_s: float = field(default=0.0, init=False)
    """The end of the latest round trip so far, on the merged run's clock."""

    def line(self, line: JournalLine) -> JournalLine:
        """Return a line as the merged run has it."""
        case = self.renamed.get((line.provider, line.case), line.case)
        match line:
            case Sent():
                return replace(line, case=case, shot=self._shot(line.shot))
            case Skipped():
                return replace(line, case=case, shot=self._shot(line.shot))
            case Exchanged(exchange=exchange):
                moved = moved_exchange(exchange, self.moved_s)
                self.latest_s = max(self.latest_s, moved.times.end_s)
                return replace(line, case=case, exchange=moved)
            case Ended():
                return replace(line, case=case)

    def _shot(self, shot: PlannedRequest) -> PlannedRequest:
        case = self._case(shot.case)
        return shot if case is shot.case else replace(shot, case=case)

    def _case(self, case: Case) -> Case:
        planned = self.depends_on.get(case.provider, {})
        if case.id in planned:
            whole = planned[case.id]
            return case if whole == case.depends_on else replace(case, depends_on=whole)
        name = self.renamed.get((case.provider, case.id), case.id)
        follows = case.follows and self.renamed.get((case.provider, case.follows), case.follows)
        needs = tuple(self.renamed.get((case.provider, each), each) for each in case.depends_on)
        if (name, follows, needs) == (case.id, case.follows, case.depends_on):
            return case
        return replace(case, id=name, follows=follows, depends_on=needs)


def moved_exchange(exchange: Exchange, moved_s: float) -> Exchange:
    """Return a round trip whose moments are on another clock; durations stay as they are."""
    if not moved_s:
        return exchange
    answer = exchange.answer
    return replace(
        exchange,
        times=_moved_times(exchange.times, moved_s),
        answer=_moved_reply(answer, moved_s)
        if isinstance(answer, Reply)
        else _moved_failure(answer, moved_s),
    )


def _moved_times(times: Times, moved_s: float) -> Times:
    def moved(at_s: float | None) -> float | None:
        return None if at_s is None else at_s + moved_s

    return replace(
        times,
        due_s=times.due_s + moved_s,
        sent_s=times.sent_s + moved_s,
        end_s=times.end_s + moved_s,
        headers_s=moved(times.headers_s),
        first_byte_s=moved(times.first_byte_s),
        written_s=moved(times.written_s),
    )


def _moved_reply(reply: Reply, moved_s: float) -> Reply:
    if not reply.events:
        return reply
    events = tuple(replace(event, at_s=event.at_s + moved_s) for event in reply.events)
    return replace(reply, events=events)


def _moved_failure(failure: Failure, moved_s: float) -> Failure:
    if failure.partial is None:
        return failure
    return replace(failure, partial=_moved_reply(failure.partial, moved_s))


def shots_of(run: StoredRun) -> Iterator[tuple[PlannedRequest, Record | None]]:
    """Yield the request of each record, and those that were under way, which have none."""
    for record in run.records:
        yield record.shot, record
    for unfinished in run.unfinished:
        yield unfinished.line.shot, None


def new_name(case_id: str, part: Slice) -> str:
    """Return the id of a follow-up that an earlier slice has, too: `ID@2-of-4`."""
    return f"{case_id}@{part.index}-of-{part.of}"
