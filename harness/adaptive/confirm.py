"""What to ask next of one provider: failures again, then their smallest request."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.adaptive.isolate import (
    Stand,
    assignment_text,
    moved_towards_boundary,
    stand,
    without_values,
)
from harness.adaptive.repeat import fresh_prompt, repeat_case, reprompted
from harness.cases.build import Builder, short_digest
from harness.checks.judge import judge_records
from harness.core.case import Case, PlannedRequest, Stage
from harness.core.jsonvalue import Json, canonical
from harness.core.outcome import Fault, Images
from harness.core.record import Record
from harness.core.verdict import Verdict
from harness.diagnosis.combinations import AssignedRecord, FailureGroup, assignment
from harness.diagnosis.history import ACCEPTS, CaseHistory, failing_of_stage
from harness.planning.plan import planned_request
from harness.spec.provider import Provider
from harness.spec.request import carried

ROWS_ASKED_AGAIN = 4
"""How many refused valid requests of one operation are repeated before it is known what they have
in common."""

_FINDINGS_AT_MOST = 3
"""How many findings of one operation may use their whole share of requests: a provider that
refuses everything in another way is broken enough."""

_FEW, _TIMES_OF_MANY = 3, 3
"""How many values may well fail together; and how often more of them are asked again, for that is
less likely than that a provider refuses at random."""


class FailureReducer:
    """Asks a failing question again, then for its smallest failing combination and values.

    Keeps nothing but the records it was told: the same records, the same shots. `max_shrink` is
    the number of requests that making one finding smaller may take. A paid body is never sent
    twice. Once the budget has skipped anything, nothing more is asked.
    """

    def __init__(self, provider: Provider, *, max_shrink: int = 10) -> None:
        self._provider = provider
        self._max_shrink = max_shrink
        self._records: dict[str, Record] = {}
        self._asked: dict[str, Case] = {}
        self._bodies: set[str] = set()
        self._repeated: set[tuple[str, ...]] = set()
        self._over = False

    def on_record(self, record: Record) -> Sequence[PlannedRequest]:
        """Take note of a record; return the question again, where it broke a promise first."""
        case = record.shot.case
        if case.provider != self._provider.name:
            return ()
        self._records[case.id] = record
        self._note(case)
        self._over = self._over or "budget" in (record.skipped or "")
        if self._over:
            return ()
        plain = case.id == f"{case.operation}/base"  # some claims compare with it
        fresh = list(self._records.values()) if plain else [record]
        return [request for earlier in fresh for request in self._repeat(earlier)]

    def on_idle(self) -> Sequence[PlannedRequest]:
        """Return the next round: at most one question for each failing record."""
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
            if failed.stage == "plan" or verdict.check != ACCEPTS
        ]
        rows = {group for group in self._repeated if group[:2] == (failed.operation, "row")}
        new = [
            group
            for group in groups
            if group not in self._repeated and (group[1] != "row" or len(rows) < ROWS_ASKED_AGAIN)
        ]
        if not new:
            return ()
        planned_requests = [planned_request(self._provider, case) for case in self._again(record)]
        self._repeated.update(groups if planned_requests else ())
        return planned_requests

    def _again(self, record: Record, times: int = 1) -> Iterator[Case]:
        """Yield a record's question once more, if it was repeated fewer times and can be."""
        name = record.shot.case.id
        if self._times(name) < times:
            case = repeat_case(self._provider, record, self._taken)
            if case is not None:
                number = self._times(name) + 1
                suffix = "again" if number == 1 else f"again-{number}"
                yield self._noted(replace(case, id=f"{name}/{suffix}"))

    def _times(self, name: str) -> int:
        """Return how often a question was repeated."""
        requests = self._asked.values()
        return sum(case.stage == "confirm" and case.follows == name for case in requests)

    def _failed(self, record: Record) -> list[Verdict]:
        case = record.shot.case
        base = self._records.get(f"{case.operation}/base")
        both = [record] if base is None or base is record else [base, record]
        verdicts = judge_records(both, {self._provider.name: self._provider})
        return [
            verdict for verdict in verdicts if (verdict.case, verdict.status) == (case.id, "fail")
        ]

    @staticmethod
    def _group(case: Case, verdict: Verdict) -> tuple[str, ...]:
        """Name what a failure is about: its promise, or itself where that is not known yet."""
        if verdict.check == ACCEPTS and case.about is None:
            return (case.operation, "row", case.id)
        return (case.operation, verdict.constraint or "", verdict.check)

    # --------------------------------------------------------------------------------- smaller
    def _round(self, history: CaseHistory, groups: Sequence[FailureGroup]) -> Iterator[Case]:
        """Yield the next question of each failing record that no found combination explains."""
        busy: set[str] = set()
        for group in sorted(groups, key=lambda group: (group.check, str(group.constraint))):
            proven: list[dict[str, str]] = []
            cases = list(
                self._questions(history, group, failing_of_stage(group, "plan"), proven, busy)
            )
            if not cases:  # a second fault may have shown itself on the way to the first
                cases = list(
                    self._questions(
                        history, group, failing_of_stage(group, "isolate"), proven, busy
                    )
                )
            yield from cases

    def _questions(
        self,
        history: CaseHistory,
        group: FailureGroup,
        failing: Sequence[AssignedRecord],
        proven: list[dict[str, str]],
        busy: set[str],
    ) -> Iterator[Case]:
        """Yield a question for each of these records; note in `found` what fails in each."""
        for seed in failing:
            if seed.id in busy:
                continue
            if self._explained(group, seed, proven):
                if (remainder := self._rest(group, seed, proven)) is not None:
                    yield remainder
                continue
            case, names = self._next(history, group, seed, proven)
            if case is not None:
                busy.add(seed.id)
                yield case
            elif (remainder := self._rest(group, seed, [dict.fromkeys(names, "")])) is not None:
                yield remainder
            current = group.smallest(seed)
            proven.append({name: current.items.get(name, "") for name in names})

    def _rest(
        self, group: FailureGroup, seed: AssignedRecord, proven: Sequence[dict[str, str]]
    ) -> Case | None:
        """Return a refused request without what is known to fail, if it holds anything untried.

        Values that only refused requests held would else never be tried: one fault hides another.
        """
        if group.check != ACCEPTS or group.breaks is not None or not self._left(seed):
            return None
        wrong = {name for values in proven for name in values}
        arguments = without_values(group, seed, wrong)
        if arguments is None:
            return None
        items = assignment(group.operation, arguments)
        if assignment_text(items) in self._closed(group):
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
        """Return what to ask next of a failing record, and the arguments that fail so far."""
        together = [frozenset(values) for values in proven]
        now = stand(self._provider, group, seed, known=together, closed=self._closed(group))
        may_send = self._left(seed)
        if may_send and now.question is not None:
            return self._probe(group, seed, now.question, "isolate"), now.names
        many = len(now.names) > _FEW and group.check == ACCEPTS
        times = _TIMES_OF_MANY if many else 1
        if not self._is_repeated(group, now, times):
            return next(self._again(now.current.record, times), None), now.names
        # one boundary of an argument is enough
        if may_send and frozenset(now.names) not in together:
            moved = moved_towards_boundary(self._provider, history, group, now)
            if moved is not None:
                return self._probe(group, seed, moved, "shrink"), now.names
        return None, now.names

    def _probe(
        self, group: FailureGroup, seed: AssignedRecord, arguments: dict[str, Json], stage: Stage
    ) -> Case | None:
        """Return a proved case for a question, under an id that is made of what it asks."""
        builder = Builder(self._provider, group.operation_name)
        named = f"{stage}/{short_digest(arguments)}"
        arguments = fresh_prompt(group.operation, arguments, short_digest(arguments))
        broken = group.operation.constraint(group.breaks or "")
        case = (
            builder.accept(named, arguments, None)
            if broken is None
            else builder.refuse(named, arguments, broken)
        )
        if case.id in self._asked:  # a fault answered it: once more, and no more
            case = replace(case, id=f"{case.id}/retry")
        fresh = reprompted(group.operation, case, self._taken)
        if fresh is None or fresh.id in self._asked:
            return None
        return self._noted(replace(fresh, stage=stage, follows=seed.id))

    def _left(self, seed: AssignedRecord) -> bool:
        """Tell whether a finding, and its operation, may have one more request."""
        small = [case for case in self._asked.values() if case.stage in ("isolate", "shrink")]
        of_finding = sum(case.follows == seed.id for case in small)
        operation = seed.record.shot.case.operation
        of_operation = sum(case.operation == operation for case in small)
        return of_finding < self._max_shrink and of_operation < _FINDINGS_AT_MOST * self._max_shrink

    def _closed(self, group: FailureGroup) -> set[tuple[tuple[str, str], ...]]:
        """Return the questions that were answered, or met two faults: asking them tells nothing."""
        answered = set()
        for case in self._asked.values():
            if case.operation != group.operation_name or case.breaks != group.breaks:
                continue
            record = self._records.get(case.id)
            faulty = record is not None and isinstance(record.outcome, Fault)
            again_ = f"{case.id}/retry" in self._asked or case.id.endswith("/retry")
            if not (faulty and case.stage in ("isolate", "shrink")) or again_:
                answered.add(assignment_text(assignment(group.operation, case.arguments)))
        return answered

    def _is_repeated(self, group: FailureGroup, now: Stand, times: int) -> bool:
        """Tell whether enough was asked again to be sure of what was found.

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
        self._note(case)
        return case

    def _note(self, case: Case) -> None:
        self._asked[case.id] = case
        self._bodies.add(self._body(case))

    def _taken(self, case: Case) -> bool:
        return self._body(case) in self._bodies

    def _body(self, case: Case) -> str:
        operation = self._provider.operation(case.operation)
        return f"{case.operation} {canonical(carried(operation, case.arguments))}"
