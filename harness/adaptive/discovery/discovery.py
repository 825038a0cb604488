"""Discovery: what the documents leave open is measured, within an allowance of paid images.

It asks after everything else, in rounds: each open question asks for its next probe, and the
answers decide the next round. A probe is never judged. What a provider answered for other reasons
(no credit, too many requests, moderation, an outage) leaves a question open.
"""

from collections.abc import Iterable, Sequence

from harness.adaptive.discovery.question import Discovered, OperationHistory, Probe, Question
from harness.adaptive.discovery.questions import questions, stages
from harness.cases.tokens import tokens
from harness.core.case import Case, PlannedRequest
from harness.core.outcome import Fault
from harness.core.record import Record
from harness.planning.plan import planned_request, request_digest
from harness.spec.provider import Provider

IMAGES = 12
"""How many images discovery may pay for in one operation, unless told otherwise."""

_FAULTS = 3
_WHY = "the documents leave it open: measured by discovery, never judged"
_BASE = Probe(slug="base", arguments={}, about=None)


class Discovery:
    """Asks one provider what its documents leave open; an `Asker`.

    `operations` are those it may ask; `images` is what it may pay for in each of them (None: as
    much as the run carries). The same records told, in any order, make the same shots.
    """

    def __init__(
        self, provider: Provider, *, operations: Sequence[str], images: int | None = IMAGES
    ) -> None:
        self.provider = provider
        self.operations = tuple(operations)
        self.images = images
        self._records: dict[str, list[Record]] = {name: [] for name in self.operations}
        self._sent: set[str] = set()
        self._asked: dict[str, PlannedRequest] = {}

    def on_record(self, record: Record) -> Sequence[PlannedRequest]:
        """Take note of a record; nothing follows from it before a round ends."""
        case = record.shot.case
        if case.operation in self._records:
            self._records[case.operation].append(record)
        if record.outcome is not None:
            self._sent.add(request_digest(record.shot))
        self._asked[case.id] = record.shot
        return ()

    def on_idle(self) -> Sequence[PlannedRequest]:
        """Return the next round of probes; nothing where every question has ended."""
        round_ = [shot for name in self.operations for shot in self._round(name)]
        self._asked |= {shot.case.id: shot for shot in round_}
        return round_

    def _round(self, name: str) -> list[PlannedRequest]:
        history = _told(self.provider, name, self._records[name])
        room = self._room(history)
        if history.plain is None:
            return self._new(history, "base", (_BASE,), room)[:1]
        for stage in stages(history) if history.open and not _in_trouble(history) else ():
            if planned_requests := self._stage(history, stage, room):
                return planned_requests
        return []

    def _stage(
        self, history: OperationHistory, stage: Sequence[Question], room: int
    ) -> list[PlannedRequest]:
        """Return what the questions of a stage ask for, as far as the images go."""
        planned_requests: list[PlannedRequest] = []
        for question in stage:
            new = self._new(history, question.name, question.next(history, room), room)
            room -= sum(planned.at_risk.images for planned in new)
            planned_requests += new
        return planned_requests

    def _room(self, history: OperationHistory) -> int:
        """Return how many images may still be at risk, what is under way counted at its worst."""
        if self.images is None:
            return 10**6
        recorded = {probe.id for probe in history.seen}
        pending = (
            shot.at_risk.images
            for case_id, shot in self._asked.items()
            if case_id not in recorded and shot.case.operation == history.name
        )
        return self.images - history.spent_images() - sum(pending)

    def _new(
        self, history: OperationHistory, question: str, probes: Iterable[Probe], room: int
    ) -> list[PlannedRequest]:
        """Return the shots of what was never asked, as far as the images go."""
        new_requests = []
        for probe in probes:
            planned = planned_request(self.provider, _case(history, question, probe))
            body = request_digest(planned)
            if (
                planned.case.id in self._asked
                or body in self._sent
                or planned.at_risk.images > room
            ):
                continue
            room -= planned.at_risk.images
            self._sent.add(body)
            new_requests.append(planned)
        return new_requests


def discoveries(provider: Provider, records: Iterable[Record]) -> tuple[Discovered, ...]:
    """Return what records tell of the open questions, by operation; from records alone.

    A question of which nothing was heard has no row.
    """
    by_operation: dict[str, list[Record]] = {name: [] for name in provider.operations}
    for record in records:
        case = record.shot.case
        if case.provider == provider.name and case.operation in by_operation:
            by_operation[case.operation].append(record)
    return tuple(
        row
        for name, own_records in by_operation.items()
        if own_records
        for history in [_told(provider, name, own_records)]
        if history.open
        for question in questions(history)
        for row in question.rows(history)
    )


def _in_trouble(history: OperationHistory) -> bool:
    """Tell whether asking on is vain: money is short, or answer after answer is an outage."""
    outcomes = [probe.record.outcome for probe in history.seen if probe.probe]
    faults = sum(isinstance(outcome, Fault) for outcome in outcomes)
    return None in outcomes or faults >= _FAULTS


def _told(provider: Provider, name: str, records: Sequence[Record]) -> OperationHistory:
    return OperationHistory(provider=provider, name=name, records=tuple(records))


def _case(history: OperationHistory, question: str, probe: Probe) -> Case:
    arguments = probe.arguments or history.own_base
    slug = f"{question}/{probe.slug}" if probe.arguments else probe.slug
    touched = [name for name in arguments if arguments[name] != history.base.get(name)]
    return Case(
        id=f"{history.name}/discover/{slug}",
        provider=history.provider.name,
        operation=history.name,
        expect="observe",
        about=probe.about,
        breaks=probe.about,
        covers=tuple(
            token
            for token in tokens(history.operation, arguments)
            if token.partition(".")[0] not in touched
        ),
        arguments=arguments,
        why=_WHY,
        stage="discover",
    )
