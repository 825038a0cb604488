"""What to send next to one provider: failing requests again, then smaller ones."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from harness.adaptive.cheaper import LEAST_OF_SEVERAL
from harness.adaptive.confirmation import Confirmation
from harness.adaptive.faults import NEIGHBOURS, AwaitedService, FaultSearch
from harness.adaptive.isolate import (
    Isolation,
    beside_other_values,
    isolate,
    moved_towards_boundary,
    question,
    with_other_values,
    without_values,
)
from harness.adaptive.sent import SentCases
from harness.adaptive.under_key import after_cut_off
from harness.checks.judge import judge_records
from harness.core.case import FIRST_STAGES, Case, PlannedRequest, Stage
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, Images
from harness.core.record import Record
from harness.diagnosis.combinations import (
    AssignedRecord,
    FailureGroup,
    changes,
    number_of_images,
)
from harness.diagnosis.faults import TRIALS
from harness.diagnosis.history import (
    ACCEPTANCE,
    ACCEPTS,
    FAILS,
    FIELDS,
    CaseHistory,
    failing_of_stages,
    suspected,
)
from harness.diagnosis.judged import claimed_arguments
from harness.planning.plan import planned_request
from harness.spec.provider import Provider

_FINDINGS_AT_MOST = 3
"""How many findings of one operation may use their whole share of requests: a provider that
refuses everything in another way is broken enough."""

EVIDENCE = 2_000
"""Up to so many records, all are looked at in each round; of more, the drawn requests that passed
are left out, for they alone may be a hundred thousand."""

_FEW, _TIMES_OF_MANY = 3, 3
"""How many values may well fail together; and how often a request with more of them is repeated:
that is less likely than that a provider refuses at random."""


class FailureReducer:
    """Shows a failure a second time at the least cost, then reduces it to what fails together.

    The same records make the same requests. `max_shrink` is the number of requests that reducing
    one finding may take. A paid body is never sent twice. What is too dear for the budget is left
    out; what costs less is still sent.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        max_shrink: int = 10,
        planned: Sequence[PlannedRequest] = (),
    ) -> None:
        """Begin; the bodies of `planned` requests count as sent, for they may be under way."""
        self._provider = provider
        self._max_shrink = max_shrink
        self._sent = SentCases(provider, planned)
        self._confirmation = Confirmation(provider, self._sent)
        self._awaited = AwaitedService()
        self._faults: dict[str, FaultSearch] = {}
        self._neighbours: dict[str, Case | None] = {}
        self._notable: set[str] = set()
        self._changed = False

    def on_record(self, record: Record) -> Sequence[PlannedRequest]:
        """Take note of a record; return what shows again what failed, where that is still open."""
        case = record.shot.case
        if case.provider != self._provider.name:
            return ()
        self._sent.on_record(record)
        requests = (
            *self._after_failure(record),
            *self._confirmation.on_record(record),
            *after_cut_off(self._sent, record),
            *self._after_service(record),
        )
        failed = isinstance(record.outcome, Fault) or self._confirmation.has_failed(case.id)
        if failed or case.stage not in ("explore", "discover"):
            self._notable.add(case.id)
            self._changed = True
        return [planned_request(self._provider, request) for request in requests]

    def on_idle(self) -> Sequence[PlannedRequest]:
        """Return the next round: at most one request for each failing record.

        After `EVIDENCE` records there is one only once something else than a drawn request that
        passed has ended since the last round that had none.
        """
        if not self._changed and len(self._sent.records) > EVIDENCE:
            return ()
        history = self._evidence()
        self._faults, self._neighbours = {}, {}
        groups: defaultdict[str, list[FailureGroup]] = defaultdict(list)
        for group in history.failure_groups():
            groups[group.operation_name].append(group)
        cases = {
            case.id: case
            for operation in sorted(groups)
            if self._is_served(history, operation)
            for case in self._round(history, groups[operation])
        }
        self._changed = bool(cases)
        return tuple(planned_request(self._provider, case) for case in cases.values())

    # ------------------------------------------------------------------------------- once more
    def _after_failure(self, record: Record) -> Iterator[Case]:
        """Yield a repetition of a valid request that failed after another one was served."""
        case = record.shot.case
        if record.outcome is None or case.stage == "confirm":
            return
        verdicts = judge_records([record], {self._provider.name: self._provider})
        faulty = any((word.check, word.status) == (FAILS, "fail") for word in suspected(verdicts))
        if faulty and self._awaited.failed(record) and (again := self._again(record)) is not None:
            yield again

    def _after_service(self, record: Record) -> Iterator[Case]:
        """Yield repetitions of what had failed before a request of its operation was served."""
        for failed in self._awaited.served(record):
            if (again := self._again(failed)) is not None:
                yield again

    def _again(self, record: Record, at_most: int = 1) -> Case | None:
        case = self._sent.repetition(record, at_most)
        return None if case is None else self._sent.add(case)

    # --------------------------------------------------------------------------------- smaller
    def _round(self, history: CaseHistory, groups: Sequence[FailureGroup]) -> Iterator[Case]:
        """Yield the next request for each failing record that no proven combination explains."""
        busy: set[str] = set()
        unserved = {each.id for group in groups if group.check == FAILS for each in group.failing}
        for group in sorted(groups, key=lambda group: (group.check, str(group.constraint))):
            if group.check == FAILS:
                search = self._faults[group.operation_name] = FaultSearch.of(history, group)
                if search.over:
                    continue
            if group.check == FIELDS and {each.id for each in group.failing} <= unserved:
                continue  # what was not served lacks more than fields
            proven = self._wrong_alone(group)
            planned = failing_of_stages(group, FIRST_STAGES)
            probes = failing_of_stages(group, {"isolate"})
            planned = [self._with_fewer_images(group, seed, probes) for seed in planned]
            yield from self._fewer_images(group)
            yield from self._beside_others(group)
            # a second fault may have shown itself on the way to the first
            yield from list(self._questions(history, group, planned, proven, busy)) or list(
                self._questions(history, group, probes, proven, busy)
            )

    @staticmethod
    def _wrong_alone(group: FailureGroup) -> list[dict[str, str]]:
        """Return the values whose claim failed in a request that holds nothing else to reduce."""
        if group.check in ACCEPTANCE or group.breaks is not None or group.constraint is None:
            return []
        about = group.constraint.partition(".")[0]
        allowed = claimed_arguments(group.operation, [group.constraint])
        return [
            {about: assigned.items.get(about, "")}
            for assigned in group.failing
            if (beyond := changes(group.base, assigned.items)) <= allowed
            and about in beyond | group.added
        ]

    def _fewer_images(self, group: FailureGroup) -> Iterator[Case]:
        """Yield a request for two images, where only requests for more are known to fail."""
        if self._wrong_alone(group) and group.constraint and group.constraint.startswith("n."):
            fewest = min(
                group.failing, key=lambda assigned: (number_of_images(assigned), assigned.id)
            )
            arguments = {**group.arguments(fewest, frozenset({"n"})), "n": LEAST_OF_SEVERAL}
            closed = self._closed(group)(arguments) or not group.asks_the_same(arguments)
            if number_of_images(fewest) > LEAST_OF_SEVERAL and not closed:
                case = self._probe(group, fewest, arguments, "isolate")
                yield from () if case is None else (case,)

    def _beside_others(self, group: FailureGroup) -> Iterator[Case]:
        """Yield a value that is wrong alone, beside other values than the plain request has."""
        alone = claimed_arguments(group.operation, [group.constraint])
        failing = failing_of_stages(group, {*FIRST_STAGES, "isolate"})
        smallest = next((seed for seed in failing if group.smallest(seed) is seed), None)
        if smallest is None or not self._wrong_alone(group) or not self._has_budget(smallest):
            return
        names = [name for name in smallest.items if name in alone]
        arguments = beside_other_values(
            self._provider, group, smallest, names, closed=self._closed(group)
        )
        case = None if arguments is None else self._probe(group, smallest, arguments, "isolate")
        yield from () if case is None else (case,)

    @staticmethod
    def _with_fewer_images(
        group: FailureGroup, seed: AssignedRecord, probes: Sequence[AssignedRecord]
    ) -> AssignedRecord:
        """Return the probe that fails like a record with fewer images, if there is one."""
        alike = (
            probe
            for probe in probes
            if probe.record.shot.case.follows == seed.id
            and changes(seed.items, probe.items) <= {"n"}
            and group.breaks is None
            and group.check not in ACCEPTANCE
        )
        return next(alike, seed)

    def _questions(
        self,
        history: CaseHistory,
        group: FailureGroup,
        failing: Sequence[AssignedRecord],
        proven: list[dict[str, str]],
        busy: set[str],
    ) -> Iterator[Case]:
        """Yield a request for each of these records; add to `proven` what fails in each."""
        elsewhere = frozenset() if group.check in ACCEPTANCE else frozenset(busy)
        for seed in failing:
            # what is looked into for another claim may explain this one, too
            if {seed.id, self._sent.root(seed.record.shot.case)} & (busy & {seed.id} | elsewhere):
                continue
            if self._explained(group, seed, proven):
                remainder = self._remainder(
                    group, seed, {name for values in proven for name in values}
                )
            else:
                remainder, names = self._next(history, group, seed, proven)
                if remainder is not None:
                    busy.update((seed.id, self._sent.root(seed.record.shot.case)))
                else:
                    remainder = self._remainder(group, seed, {*names})
                current = group.smallest(seed)
                proven.append({name: current.items.get(name, "") for name in names})
            if remainder is not None:
                yield remainder
                if group.check != ACCEPTS:
                    return  # what is served is paid for, and may explain the others

    def _remainder(self, group: FailureGroup, seed: AssignedRecord, wrong: set[str]) -> Case | None:
        """Return a refused request without the arguments that fail, if a value of it is untried.

        One fault hides another: values that only refused requests hold would never be tried.
        """
        if group.check not in ACCEPTANCE or group.breaks or not self._has_budget(seed):
            return None
        arguments = without_values(group, seed, wrong)
        if arguments is None or self._closed(group)(arguments):
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
        if group.check == FAILS:
            return self._next_of_fault(group, seed, now), now.names
        may_send = self._has_budget(seed)
        if may_send and now.request is not None:
            return self._probe(group, seed, now.request, "isolate"), now.names
        many = len(now.names) > _FEW and group.check == ACCEPTS
        times = _TIMES_OF_MANY if many else 1
        if not self._is_repeated(group, now, times):
            again = self._again(now.current.record, times)
            if again is not None:
                return again, now.names
        # one boundary of an argument is enough
        if may_send and frozenset(now.names) not in together:
            moved = moved_towards_boundary(self._provider, history, group, now)
            if moved is not None:
                return self._probe(group, seed, moved, "shrink"), now.names
        return None, now.names

    def _next_of_fault(
        self, group: FailureGroup, seed: AssignedRecord, now: Isolation
    ) -> Case | None:
        """Return what tells most of a fault: the same request again, a smaller one, a plain one.

        It is repeated before it is reduced, so that a passing outage does not look like a value.
        """
        search = self._faults[group.operation_name]
        alone = self._of_rows(group, seed)
        if alone is not None:
            return alone
        step = search.before_reducing(seed, self._sent.repetitions(seed.id))
        if step == "reduce":
            if now.request is not None and self._has_budget(seed):
                return self._probe(group, seed, now.request, "isolate")
            beside = self._beside_other_values(group, seed, now)
            if beside is not None:
                return beside
            step = search.once_reduced(now.current.id)
        match step:
            case "neighbour":
                return self._neighbour(search.history, group.operation_name)
            case "repeat seed":
                return self._again(seed.record, TRIALS)
            case "repeat":
                return self._again(now.current.record, TRIALS + 1)
            case _:
                return None

    def _beside_other_values(
        self, group: FailureGroup, seed: AssignedRecord, now: Isolation
    ) -> Case | None:
        """Return what is held to fail, beside other values than the plain ones: they may matter."""
        if not self._has_budget(seed):
            return None
        beside = with_other_values(self._provider, group, now, self._closed(group))
        return None if beside is None else self._probe(group, seed, beside, "isolate")

    def _of_rows(self, group: FailureGroup, seed: AssignedRecord) -> Case | None:
        """Return the plain request with what fails in the rows of the plan, once, if it can be."""
        search = self._faults[group.operation_name]
        evidence = None if search.over else search.of_rows(seed)
        if evidence is None or not self._has_budget(seed):
            return None
        arguments = group.arguments(seed, frozenset(evidence.names))
        if not group.asks_the_same(arguments) or self._closed(group)(arguments):
            return None
        return self._probe(group, seed, arguments, "isolate")

    def _neighbour(self, history: CaseHistory, operation: str) -> Case | None:
        """Return the plain request with another prompt, the same for a whole round."""
        plain = history.plain(operation) or history.stand_in(operation)
        if operation not in self._neighbours and plain is not None:
            self._neighbours[operation] = self._again(plain, NEIGHBOURS)
        return self._neighbours.get(operation)

    def _probe(
        self, group: FailureGroup, seed: AssignedRecord, arguments: dict[str, Json], stage: Stage
    ) -> Case | None:
        """Return a case for a request that follows a failing one, noted as sent, if it can be."""
        case = self._sent.probe(
            group.operation_name, arguments, stage=stage, follows=seed.id, breaks=group.breaks
        )
        return None if case is None else self._sent.add(case)

    def _has_budget(self, seed: AssignedRecord) -> bool:
        """Tell whether a finding, and its operation, may have one more request."""
        cases = self._sent.cases.values()
        small = [case for case in cases if case.stage in ("isolate", "shrink")]
        root = self._sent.root(seed.record.shot.case)
        of_finding = sum(self._sent.root(case) == root for case in small)
        operation = seed.record.shot.case.operation
        of_operation = sum(case.operation == operation for case in small)
        return of_finding < self._max_shrink and of_operation < _FINDINGS_AT_MOST * self._max_shrink

    def _closed(self, group: FailureGroup) -> Callable[[dict[str, Json]], bool]:
        """Return what tells that a request is not sent: it was answered, or is too dear.

        What met a fault is sent once more.
        """
        answered = set()
        for case in self._sent.cases.values():
            if case.operation != group.operation_name or case.breaks != group.breaks:
                continue
            record = self._sent.records.get(case.id)
            faulty = record is not None and isinstance(record.outcome, Fault)
            faulty = faulty and group.check != FAILS
            again_ = f"{case.id}/retry" in self._sent.cases or case.id.endswith("/retry")
            if not (faulty and case.stage in ("isolate", "shrink")) or again_:
                answered.add(question(group, case.arguments))

        def closed(arguments: dict[str, Json]) -> bool:
            dear = not self._sent.fits_arguments(group.operation_name, arguments)
            return dear or question(group, arguments) in answered

        return closed

    def _is_repeated(self, group: FailureGroup, now: Isolation, times: int) -> bool:
        """Tell whether a failure was repeated often enough to be sure of it.

        One repetition per promise is enough, and one for each combination.
        """
        current = now.current.id
        if times > 1:
            return self._sent.repetitions(current) >= times
        if group.check != ACCEPTS and (group.breaks or len(now.names) == 1):
            return True
        inside = [
            assigned.record.shot.case
            for assigned in group.failing
            if current in (assigned.id, group.smallest(assigned).id)
        ]
        failing = {assigned.id for assigned in group.failing}
        if group.check != ACCEPTS and any(case.follows in failing for case in inside):
            return True  # it failed in a smaller request, too
        return any(self._sent.repetitions(case.id) for case in inside)

    # ---------------------------------------------------------------------------------- memory
    def _evidence(self) -> CaseHistory:
        every = self._sent.records
        many = len(every) > EVIDENCE
        names = self._notable if many else every
        records = [record for name, record in every.items() if name in names]
        records.sort(key=lambda record: record.shot.case.id)
        verdicts = judge_records(records, {self._provider.name: self._provider})
        return CaseHistory(self._provider, records, verdicts, arrival=every)

    @staticmethod
    def _is_served(history: CaseHistory, operation: str) -> bool:
        """Tell whether the plain request is served, or another where a slice has no plain one."""
        plain = history.plain(operation)
        if plain is None:
            return history.stand_in(operation) is not None
        return any(
            isinstance(record.outcome, Images) for record in history.repetitions(plain.shot.case.id)
        )
