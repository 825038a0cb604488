"""What was sent to one provider, how often it was repeated, and what the budget still carries."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import blake2b

from harness.adaptive.by_id import ById
from harness.adaptive.repeat import repeat_case, reprompted
from harness.cases.build import Builder, short_digest
from harness.cases.rewording import fresh_prompt
from harness.core.case import Case, PlannedRequest, Price, Stage
from harness.core.jsonvalue import Json, canonical
from harness.core.record import Record
from harness.planning.plan import planned_request
from harness.spec.price import price_of
from harness.spec.provider import Provider
from harness.spec.request import carried


class SentCases:
    """The cases of one provider that were sent or planned, with their bodies and records."""

    def __init__(self, provider: Provider, planned: Iterable[PlannedRequest] = ()) -> None:
        self._provider = provider
        self.records: ById[Record] = ById()
        self.cases: ById[Case] = ById()
        self._followers: defaultdict[str, list[str]] = defaultdict(list)
        self._confirming: Counter[str] = Counter()
        self._bodies = {self._body(request.case) for request in planned}
        self._too_dear: defaultdict[str, list[Price]] = defaultdict(list)

    def on_record(self, record: Record) -> None:
        """Take note of a record; one that the budget skipped says what is too dear from now on."""
        case = record.shot.case
        self.records[case.id] = record
        self.add(case)
        self._bodies.update(self._body(planned.case) for planned in record.in_doubt)
        if "budget" in (record.skipped or ""):
            self._too_dear[case.operation].append(record.shot.at_risk)

    def add(self, case: Case) -> Case:
        """Take note of a case that is sent now; return it."""
        if case.follows is not None and case.id not in self.cases:
            self._followers[case.follows].append(case.id)
            self._confirming[case.follows] += case.stage == "confirm"
        if self.cases.get(case.id) != case:
            self.cases[case.id] = case
        self._bodies.add(self._body(case))
        return case

    def is_sent(self, case: Case) -> bool:
        """Tell whether the body of a case was sent before."""
        return self._body(case) in self._bodies

    def fits(self, case: Case) -> bool:
        """Tell whether nothing that cost as little, or less, was too dear for the operation.

        What is spent only grows: what was too dear once stays so.
        """
        if case.operation not in self._too_dear:
            return True
        return self._is_cheaper(case.operation, planned_request(self._provider, case).at_risk)

    def fits_arguments(self, operation: str, arguments: dict[str, Json]) -> bool:
        """Tell the same of a request without follow-ups that has no case yet."""
        priced = price_of(self._provider, self._provider.operation(operation), arguments)
        return self._is_cheaper(operation, priced)

    def _is_cheaper(self, operation: str, price: Price) -> bool:
        return not any(
            price.images >= other.images and price.amount >= other.amount
            for other in self._too_dear.get(operation, ())
        )

    def followers(self, case_id: str) -> Iterator[Case]:
        """Yield the cases that look into another one."""
        return (self.cases[name] for name in self._followers.get(case_id, ()))

    def waits(self, case_id: str) -> bool:
        """Tell whether a case that looks into another one has not ended."""
        return any(name not in self.records for name in self._followers.get(case_id, ()))

    def repetitions(self, case_id: str) -> int:
        """Return how often a request was repeated."""
        return self._confirming[case_id]

    def repetition(self, record: Record, at_most: int = 1) -> Case | None:
        """Return a case that repeats a record, if it was repeated fewer times and can be."""
        name = record.shot.case.id
        times = self.repetitions(name)
        case = repeat_case(self._provider, record, self.is_sent) if times < at_most else None
        suffix = f"again-{times + 1}" if times else "again"
        if case is None or not self.fits(case):
            return None
        return replace(case, id=f"{name}/{suffix}")

    def probe(
        self,
        operation: str,
        arguments: dict[str, Json],
        *,
        stage: Stage,
        follows: str,
        breaks: str | None = None,
    ) -> Case | None:
        """Return a proved case for a request, under an id that is made of its arguments.

        None where it was sent before and no fault answered it, or where it is too dear.
        """
        builder = Builder(self._provider, operation)
        named, broken = (
            f"{stage}/{short_digest(arguments)}",
            builder.operation.constraint(breaks or ""),
        )
        arguments = fresh_prompt(builder.operation, arguments, short_digest(arguments))
        case = (
            builder.accept(named, arguments, None)
            if broken is None
            else builder.refuse(named, arguments, broken)
        )
        if case.id in self.cases:  # a fault answered it: once more, and no more
            case = replace(case, id=f"{case.id}/retry")
        fresh = reprompted(builder.operation, case, self.is_sent)
        if fresh is None or fresh.id in self.cases or not self.fits(fresh):
            return None
        return replace(fresh, stage=stage, follows=follows)

    def root(self, case: Case) -> str:
        """Return the id of the case that a follow-up goes back to, over all between."""
        while case.follows is not None and case.follows in self.cases and case.follows != case.id:
            case = self.cases[case.follows]
        return case.id

    def _body(self, case: Case) -> bytes:
        """Return 16 bytes that stand for a body: equal for equal ones."""
        operation = self._provider.operation(case.operation)
        body = f"{case.operation} {canonical(carried(operation, case.arguments))}"
        return blake2b(body.encode("utf-8", "surrogatepass"), digest_size=16).digest()
