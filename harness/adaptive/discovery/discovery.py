"""Discovery: what the documents leave open is measured, within an allowance of paid images.

It runs last, in rounds: each open question returns its next probe, and the replies decide the next
round. A probe is never judged. A reply for another reason (no credit, too many requests,
moderation, an outage) leaves a question open.
"""

from collections.abc import Iterable, Sequence

from harness.adaptive.discovery.question import Discovered, OperationHistory, Probe
from harness.adaptive.discovery.questions import questions, stages
from harness.core.case import Case, PlannedRequest
from harness.core.outcome import Fault
from harness.core.record import Record
from harness.planning.plan import planned_request, short_request_digest
from harness.spec.evaluate import tokens
from harness.spec.provider import Provider

IMAGES = 12
"""How many images discovery may pay for in one operation, by default."""

_FAULTS = 3
_WHY = "the documents leave it open: measured by discovery, never judged"
_BASE = Probe(slug="base", arguments={}, about=None)


class Discovery:
    """Measures what one provider's documents leave open; a `FollowUpStrategy`.

    `images` is the number that it may pay for in each of `operations` (None: as many as the run
    allows). The same records, in any order, make the same requests.
    """

    def __init__(
        self, provider: Provider, *, operations: Sequence[str], images: int | None = IMAGES
    ) -> None:
        self.provider = provider
        self.operations = tuple(operations)
        self.images = images
        self._records: dict[str, list[Record]] = {name: [] for name in self.operations}
        self._sent: set[bytes] = set()
        self._planned: dict[str, PlannedRequest] = {}

    def on_record(self, record: Record) -> Sequence[PlannedRequest]:
        """Take note of a record; nothing follows from it before a round ends."""
        case = record.shot.case
        if case.operation in self._records:
            self._records[case.operation].append(record)
        if record.outcome is not None:
            self._sent.add(short_request_digest(record.shot))
        self._planned[case.id] = record.shot
        return ()

    def on_idle(self) -> Sequence[PlannedRequest]:
        """Return the next round of probes; nothing where every question has ended."""
        requests = [request for name in self.operations for request in self._round(name)]
        self._planned |= {request.case.id: request for request in requests}
        return requests

    def _round(self, name: str) -> list[PlannedRequest]:
        records = tuple(self._records[name])
        history = OperationHistory(provider=self.provider, name=name, records=records)
        room = self._room(history)
        if history.plain is None:
            return self._new(history, "base", (_BASE,), room)[:1]
        for stage in stages(history) if history.open and not _in_trouble(history) else ():
            requests: list[PlannedRequest] = []
            for question in stage:
                new = self._new(history, question.name, question.next(history, room), room)
                room -= sum(request.at_risk.images for request in new)
                requests += new
            if requests:
                return requests
        return []

    def _room(self, history: OperationHistory) -> int:
        """Return how many images may still be at risk, what is under way counted at its worst."""
        if self.images is None:
            return 10**6
        recorded = {probe.id for probe in history.seen}
        pending = (
            request.at_risk.images
            for case_id, request in self._planned.items()
            if case_id not in recorded and request.case.operation == history.name
        )
        return self.images - history.spent_images() - sum(pending)

    def _new(
        self, history: OperationHistory, question: str, probes: Iterable[Probe], room: int
    ) -> list[PlannedRequest]:
        """Return the requests for new probes, as far as the images suffice."""
        requests = []
        for probe in probes:
            request = planned_request(self.provider, _case(history, question, probe))
            body = short_request_digest(request)
            is_new = request.case.id not in self._planned and body not in self._sent
            if is_new and request.at_risk.images <= room:
                room -= request.at_risk.images
                self._sent.add(body)
                requests.append(request)
        return requests


def discoveries(provider: Provider, records: Iterable[Record]) -> tuple[Discovered, ...]:
    """Return what records show of the open questions, by operation.

    A question without a record has no row.
    """
    by_operation: dict[str, list[Record]] = {name: [] for name in provider.operations}
    for record in records:
        case = record.shot.case
        if case.provider == provider.name and case.operation in by_operation:
            by_operation[case.operation].append(record)
    return tuple(
        row
        for name, group in by_operation.items()
        if group
        for history in [OperationHistory(provider=provider, name=name, records=tuple(group))]
        if history.open
        for question in questions(history)
        for row in question.rows(history)
    )


def _in_trouble(history: OperationHistory) -> bool:
    """Tell whether more probes are useless: money is short, or reply after reply is an outage."""
    outcomes = [probe.record.outcome for probe in history.seen if probe.probe]
    faults = sum(isinstance(outcome, Fault) for outcome in outcomes)
    return None in outcomes or faults >= _FAULTS


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
