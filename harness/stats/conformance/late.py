"""What jobs showed on their way that no document speaks of: late jobs and results, other states."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.core.exchange import Exchange, Reply
from harness.core.record import Record
from harness.spec.expressions import first_match
from harness.spec.lifecycle import job_id_of
from harness.spec.provider import Provider
from harness.stats.conformance.behaviour import Behaviour, BehaviourKind
from harness.stats.grouped import First
from harness.wire.collect import NOT_YET
from harness.wire.errors import OK, REDIRECT
from harness.wire.job import stage_of


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sight:
    """One thing seen: what it is (`about`), and how many seconds it took to pass, if it did."""

    kind: BehaviourKind
    about: str
    delay_s: float | None = None


_PASSED: dict[BehaviourKind, str] = {
    "undocumented_state": "jobs passed through the state {about}, which no document names",
    "job_late": "a job just submitted was answered HTTP {about} at first",
    "result_late": "the address of a result answered HTTP {about} at first",
    "other_job": "polls told of {about} than that of their job at first",
}


def late(records: Iterable[Record], providers: Mapping[str, Provider]) -> tuple[Behaviour, ...]:
    """Return one row for each operation and thing seen; `times` counts the requests.

    Only what passed is told here: a job or a result that stays away is judged elsewhere.
    """
    groups: dict[tuple[str, str, BehaviourKind, str], _Seen] = {}
    for record in records:
        case = record.shot.case
        for sight in dict.fromkeys(_sights(record, providers[case.provider])):
            key = (case.provider, case.operation, sight.kind, sight.about)
            groups.setdefault(key, _Seen()).add(case.id, sight.delay_s)
    return tuple(
        Behaviour(
            provider=provider,
            operation=operation,
            kind=kind,
            text=_PASSED[kind].format(about=about) + group.delays,
            times=group.times,
            cases=group.cases.told,
        )
        for (provider, operation, kind, about), group in groups.items()
    )


class _Seen:
    """How often one thing was seen, in which cases, and how long the longest took to pass."""

    def __init__(self) -> None:
        self.times = 0
        self.cases = First()
        self._longest_s: float | None = None

    def add(self, case: str, delay_s: float | None) -> None:
        """Add one sight."""
        self.times += 1
        self.cases.add(case)
        if delay_s is not None:
            self._longest_s = max(delay_s, self._longest_s or 0.0)

    @property
    def delays(self) -> str:
        """How soon it passed, in words; empty where nobody knows."""
        return "" if self._longest_s is None else f"; put right within {self._longest_s:.1f} s"


def _sights(record: Record, provider: Provider) -> Iterator[_Sight]:
    job = provider.operation(record.shot.case.operation).job
    yield from _late_results(record.exchanges)
    submitted = [
        exchange.answer
        for exchange in record.exchanges
        if exchange.step == "submit" and isinstance(exchange.answer, Reply)
    ]
    if job is None or not submitted:
        return
    job_id = job_id_of(first_match(job.id, submitted[-1].document))
    polls = [exchange for exchange in record.exchanges if exchange.step == "poll"]
    stages = [
        (stage_of(job, poll.answer, job_id), poll, poll.answer)
        for poll in polls
        if isinstance(poll.answer, Reply)
    ]
    before = ""
    for number, (stage, poll, reply) in enumerate(stages):
        if stage == "undocumented":
            state = repr(first_match(job.state, reply.document))[:_LONGEST]
            yield _Sight(kind="undocumented_state", about=state)
        then = next((later for word, later, _ in stages[number:] if word in _FOUND), None)
        if stage in _LATE and stage != before and then is not None:
            about = str(reply.status) if stage == "missing" else "another id"
            delay_s = max(then.times.end_s - poll.times.sent_s, 0.0)
            yield _Sight(kind=_LATE[stage], about=about, delay_s=delay_s)
        before = stage


_LONGEST = 60
_FOUND = ("pending", "undocumented", "done", "failed")
_LATE: dict[str, BehaviourKind] = {"missing": "job_late", "another": "other_job"}


def _late_results(exchanges: Sequence[Exchange]) -> Iterator[_Sight]:
    """Yield each result that was not there when first asked for and was there later."""
    first: dict[str, tuple[int, float]] = {}
    for exchange in exchanges:
        reply, target = exchange.answer, exchange.request.target
        if exchange.step not in ("download", "result") or not isinstance(reply, Reply):
            continue
        if reply.status in NOT_YET:
            first.setdefault(target, (reply.status, exchange.times.sent_s))
        elif OK <= reply.status < REDIRECT and target in first:
            status, since_s = first.pop(target)
            delay_s = max(exchange.times.end_s - since_s, 0.0)
            yield _Sight(kind="result_late", about=str(status), delay_s=delay_s)
