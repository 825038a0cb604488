"""What to send next to one provider: failing requests again, then smaller ones."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.adaptive.isolate import (
    Isolation,
    Question,
    isolate,
    moved_towards_boundary,
    question,
    without_values,
)
from harness.adaptive.repeat import fresh_prompt, repeat_case, reprompted
from harness.cases.build import Builder, short_digest
from harness.checks.judge import judge_records
from harness.core.case import FIRST_STAGES, Case, PlannedRequest, Stage
from harness.core.jsonvalue import Json, canonical
from harness.core.outcome import Fault, Images
from harness.core.record import Record
from harness.core.verdict import Verdict
from harness.diagnosis.combinations import AssignedRecord, FailureGroup
from harness.diagnosis.history import ACCEPTS, CaseHistory, failing_of_stages
from harness.planning.plan import planned_request
from harness.spec.provider import Provider
from harness.spec.request import carried

ROWS_REPEATED = 4
"""How many refused valid requests of one operation are repeated before it is known what they have
in common."""

_FINDINGS_AT_MOST = 3
"""How many findings of one operation may use their whole share of requests: a provider that
refuses everything in another way is broken enough."""

_FEW, _TIMES_OF_MANY = 3, 3
"""How many values may well fail together; and how often a request with more of them is repeated:
that is less likely than that a provider refuses at random."""


class FailureReducer:
    """Repeats a failing request, then reduces it to its smallest failing combination and values.

    The same records make the same requests. `max_shrink` is the number of requests that reducing
    one finding may take. A paid body is never sent twice. Once the budget has skipped a request, no
    more are returned.
    """

    def __init__(self, provider: Provider, *, max_shrink: int = 10) -> None:
        self._provider = provider
        self._max_shrink = max_shrink
        self._records: dict[str, Record] = {}
        self._sent: dict[str, Case] = {}
        self._bodies: set[str] = set()
        self._repeated: set[tuple[str, ...]] = set()
        self._over = False

    def on_record(self, record: Record) -> Sequence[PlannedRequest]:
        """Take note of a record; return a repetition if it is the first to break a promise."""
        case = record.shot.case
        if case.provider != self._provider.name:
            return ()
        self._records[case.id] = record
        self._noted(case)
        self._over = self._over or "budget" in (record.skipped or "")
        if self._over:
            return ()
        plain = case.id == f"{case.operation}/base"  # some claims compare with it
        fresh = list(self._records.values()) if plain else [record]
        return [request for earlier in fresh for request in self._repeat(earlier)]

    def on_idle(self) -> Sequence[PlannedRequest]:
        """Return the next round: at most one request for each failing record."""
        if self._over:
            return ()
        history = self._evidence()
        groups: defaultdict[str, list[FailureGroup]] = defaultdict(list)
        for group in history.failure_groups():
            groups[group.operation_name].append(group)
        return tuple(
            planned_request(self._provider, case)
            for operation in sorted(groups)
            if self._is_served(history, operation)
            for case in self._round(history, groups[operation])
        )

    # ------------------------------------------------------------------------------- once more
    def _repeat(self, record: Record) -> Sequence[PlannedRequest]:
        failed = record.shot.case
        if record.outcome is None or failed.stage == "confirm":
            return ()
        groups = [
            self._group(failed, verdict)
            for verdict in self._failed(record)  # a probe's refusal repeats another
            if failed.stage in FIRST_STAGES or verdict.check != ACCEPTS
        ]
        rows = {group for group in self._repeated if group[:2] == (failed.operation, "row")}
        new = [
            group
            for group in groups
            if group not in self._repeated and (group[1] != "row" or len(rows) < ROWS_REPEATED)
        ]
        if not new or (repetition := self._repetition(record)) is None:
            return ()
        self._repeated.update(groups)
        return [planned_request(self._provider, repetition)]

    def _repetition(self, record: Record, at_most: int = 1) -> Case | None:
        """Return a case that repeats a record, if it was repeated fewer times and can be."""
        name = record.shot.case.id
        times = self._times(name)
        case = repeat_case(self._provider, record, self._is_sent) if times < at_most else None
        suffix = f"again-{times + 1}" if times else "again"
        return self._noted(replace(case, id=f"{name}/{suffix}")) if case is not None else None

    def _times(self, name: str) -> int:
        """Return how often a request was repeated."""
        cases = self._sent.values()
        return sum(case.stage == "confirm" and case.follows == name for case in cases)

    def _failed(self, record: Record) -> list[Verdict]:
        case = record.shot.case
        base = self._records.get(f"{case.operation}/base")
        both = [record] if base is None or base is record else [base, record]
        verdicts = judge_records(both, {self._provider.name: self._provider})
        return [word for word in verdicts if (word.case, word.status) == (case.id, "fail")]

    @staticmethod
    def _group(case: Case, verdict: Verdict) -> tuple[str, ...]:
        """Name what a failure is about: its promise, or itself where that is not known yet."""
        if verdict.check == ACCEPTS and case.about is None:
            return (case.operation, "row", case.id)
        return (case.operation, verdict.constraint or "", verdict.check)

    # --------------------------------------------------------------------------------- smaller
    def _round(self, history: CaseHistory, groups: Sequence[FailureGroup]) -> Iterator[Case]:
        """Yield the next request for each failing record that no proven combination explains."""
        busy: set[str] = set()
        for group in sorted(groups, key=lambda group: (group.check, str(group.constraint))):
            proven: list[dict[str, str]] = []
            planned = failing_of_stages(group, FIRST_STAGES)
            probes = failing_of_stages(group, {"isolate"})
            # a second fault may have shown itself on the way to the first
            yield from list(self._questions(history, group, planned, proven, busy)) or list(
                self._questions(history, group, probes, proven, busy)
            )

    def _questions(
        self,
        history: CaseHistory,
        group: FailureGroup,
        failing: Sequence[AssignedRecord],
        proven: list[dict[str, str]],
        busy: set[str],
    ) -> Iterator[Case]:
        """Yield a request for each of these records; add to `proven` what fails in each."""
        for seed in failing:
            if seed.id in busy:
                continue
            if self._explained(group, seed, proven):
                remainder = self._remainder(
                    group, seed, {name for values in proven for name in values}
                )
            else:
                remainder, names = self._next(history, group, seed, proven)
                if remainder is not None:
                    busy.add(seed.id)
                else:
                    remainder = self._remainder(group, seed, {*names})
                current = group.smallest(seed)
                proven.append({name: current.items.get(name, "") for name in names})
            if remainder is not None:
                yield remainder

    def _remainder(self, group: FailureGroup, seed: AssignedRecord, wrong: set[str]) -> Case | None:
        """Return a refused request without the arguments that fail, if a value of it is untried.

        One fault hides another: values that only refused requests hold would never be tried.
        """
        if group.check != ACCEPTS or group.breaks is not None or not self._has_budget(seed):
            return None
        arguments = without_values(group, seed, wrong)
        if arguments is None or question(group, arguments) in self._closed(group):
            return None
        return self._probe(group, seed, arguments, "isolate")

    @staticmethod
    def _explained(
        group: FailureGroup, seed: AssignedRecord, proven: Sequence[dict[str, str]]
    ) -> bool:
        if proven and group.breaks is not None:
            return True  # one request that shows a missing check is enough
        about = (group.constraint or "").partition(".")[0]
        if any(set(values) == {about} for values in proven) and seed.items.get(about):
            return True  # another value of the same argument is another case of the same finding
        return any(
            all(seed.items.get(name, "") == text for name, text in values.items())
            for values in proven
        )

    def _next(
        self,
        history: CaseHistory,
        group: FailureGroup,
        seed: AssignedRecord,
        proven: Sequence[dict[str, str]],
    ) -> tuple[Case | None, tuple[str, ...]]:
        """Return the next request that reduces a record, and the arguments that fail so far."""
        together = [frozenset(values) for values in proven]
        now = isolate(self._provider, group, seed, known=together, closed=self._closed(group))
        may_send = self._has_budget(seed)
        if may_send and now.request is not None:
            return self._probe(group, seed, now.request, "isolate"), now.names
        many = len(now.names) > _FEW and group.check == ACCEPTS
        times = _TIMES_OF_MANY if many else 1
        if not self._is_repeated(group, now, times):
            return self._repetition(now.current.record, times), now.names
        # one boundary of an argument is enough
        if may_send and frozenset(now.names) not in together:
            moved = moved_towards_boundary(self._provider, history, group, now)
            if moved is not None:
                return self._probe(group, seed, moved, "shrink"), now.names
        return None, now.names

    def _probe(
        self, group: FailureGroup, seed: AssignedRecord, arguments: dict[str, Json], stage: Stage
    ) -> Case | None:
        """Return a proved case for a request, under an id that is made of its arguments."""
        builder = Builder(self._provider, group.operation_name)
        named = f"{stage}/{short_digest(arguments)}"
        arguments = fresh_prompt(group.operation, arguments, short_digest(arguments))
        broken = group.operation.constraint(group.breaks or "")
        case = (
            builder.accept(named, arguments, None)
            if broken is None
            else builder.refuse(named, arguments, broken)
        )
        if case.id in self._sent:  # a fault answered it: once more, and no more
            case = replace(case, id=f"{case.id}/retry")
        fresh = reprompted(group.operation, case, self._is_sent)
        if fresh is None or fresh.id in self._sent:
            return None
        return self._noted(replace(fresh, stage=stage, follows=seed.id))

    def _has_budget(self, seed: AssignedRecord) -> bool:
        """Tell whether a finding, and its operation, may have one more request."""
        small = [case for case in self._sent.values() if case.stage in ("isolate", "shrink")]
        of_finding = sum(case.follows == seed.id for case in small)
        operation = seed.record.shot.case.operation
        of_operation = sum(case.operation == operation for case in small)
        return of_finding < self._max_shrink and of_operation < _FINDINGS_AT_MOST * self._max_shrink

    def _closed(self, group: FailureGroup) -> set[Question]:
        """Return the questions that have a reply, or met two faults: they are not sent again."""
        answered = set()
        for case in self._sent.values():
            if case.operation != group.operation_name or case.breaks != group.breaks:
                continue
            record = self._records.get(case.id)
            faulty = record is not None and isinstance(record.outcome, Fault)
            again_ = f"{case.id}/retry" in self._sent or case.id.endswith("/retry")
            if not (faulty and case.stage in ("isolate", "shrink")) or again_:
                answered.add(question(group, case.arguments))
        return answered

    def _is_repeated(self, group: FailureGroup, now: Isolation, times: int) -> bool:
        """Tell whether a failure was repeated often enough to be sure of it.

        One repetition per promise is enough, and one for each combination.
        """
        current = now.current.id
        if times > 1:
            return self._times(current) >= times
        if group.check != ACCEPTS and (group.breaks or len(now.names) == 1):
            return True
        inside = [
            assigned.id for assigned in group.failing if group.smallest(assigned).id == current
        ]
        return any(self._times(name) for name in (*inside, current))

    # ---------------------------------------------------------------------------------- memory
    def _evidence(self) -> CaseHistory:
        records = sorted(self._records.values(), key=lambda record: record.shot.case.id)
        verdicts = judge_records(records, {self._provider.name: self._provider})
        return CaseHistory(self._provider, records, verdicts)

    @staticmethod
    def _is_served(history: CaseHistory, operation: str) -> bool:
        plain = history.plain(operation)
        return plain is not None and isinstance(plain.outcome, Images)

    def _noted(self, case: Case) -> Case:
        self._sent[case.id] = case
        self._bodies.add(self._body(case))
        return case

    def _is_sent(self, case: Case) -> bool:
        return self._body(case) in self._bodies

    def _body(self, case: Case) -> str:
        operation = self._provider.operation(case.operation)
        return f"{case.operation} {canonical(carried(operation, case.arguments))}"
