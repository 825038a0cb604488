"""What the records of a run answer: which requests fail, and in which claims."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.adaptive.by_id import ById
from harness.cases import prompts
from harness.cases.build import Builder
from harness.checks.judge import judge_records
from harness.core.case import Case, PlannedRequest
from harness.core.outcome import Fault, Images
from harness.core.record import Record
from harness.diagnosis.combinations import assignment, describe_values
from harness.diagnosis.history import ACCEPTS
from harness.planning.plan import short_request_digest
from harness.runner.execution.failures import CUT_OFF, SET_UP
from harness.spec.provider import Provider

_MAY_BE_OURS = SET_UP | {"timeout", "network"}
"""Classes of faults that say nothing of a request: our line or our machine may be slow."""

_QUESTIONS_KEPT = 4_096
"""Of so many cases the question is not made again: each draw looks at a hundred."""

Values = frozenset[tuple[str, str]]
"""Arguments with their values in one spelling, those that are left out aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a request is about: short prompts are all one value."""

    operation: str
    breaks: str | None
    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFailure:
    """A claim that fails, and the values that show it; beside a broken rule, any values do."""

    operation: str
    breaks: str | None
    claim: str
    values: Values

    def is_inside(self, question: Question) -> bool:
        """Tell whether a request holds these values."""
        same = (question.operation, question.breaks) == (self.operation, self.breaks)
        return same and self.values <= question.values


class Answers:
    """One provider's records by what they are about."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._records: ById[Record] = ById()
        self._claims: dict[str, frozenset[str] | None] = {}
        self._questions: dict[str, Question] = {}
        self._cases: dict[Question, list[str]] = {}
        self._values: dict[tuple[str, str], tuple[str, str]] = {}
        self._bodies: set[bytes] = set()
        self._served: set[str] = set()
        self._unsent: dict[str, Values] = {}
        self._of_plan: list[str] = []
        self._explored = 0

    def add(self, record: Record) -> None:
        """Take note of a record that was sent."""
        case = record.shot.case
        if case.id not in self._records:
            self._explored += case.stage == "explore"
            if case.stage not in ("explore", "discover", "measure") and case.expect != "observe":
                self._of_plan.append(case.id)
        self._records[case.id] = record
        if isinstance(record.outcome, Images) and case.expect == "accept":
            self._served.add(case.operation)
        self._claims.pop(case.id, None)
        self._bodies.add(short_request_digest(record.shot))
        if case.expect != "observe":  # what is not judged answers nothing
            self._cases.setdefault(self.question(case), []).append(case.id)
        if case.id.endswith("/base"):
            self._claims.clear()  # some claims compare with it
        self._claims_of(case.id)  # now, while others are under way: later, all would wait for it

    @property
    def explored(self) -> int:
        """How many requests beside the plan were sent to explore."""
        return self._explored

    def question(self, case: Case) -> Question:
        """Return what a case is about; equal ids are equal cases."""
        if case.id not in self._questions:
            if len(self._questions) >= _QUESTIONS_KEPT:
                self._questions.clear()
            items = assignment(self.provider.operation(case.operation), case.arguments)
            self._questions[case.id] = Question(
                operation=case.operation,
                breaks=case.breaks,
                values=frozenset(self._one(pair) for pair in items.items() if pair[1]),
            )
        return self._questions[case.id]

    def _one(self, pair: tuple[str, str]) -> tuple[str, str]:
        """Return the one object for equal values: a hundred thousand requests share few."""
        return self._values.setdefault(pair, pair)

    def is_open(self, request: PlannedRequest) -> bool:
        """Tell whether a request may be sent: neither its question nor its body ever was."""
        question = self.question(request.case)
        body = short_request_digest(request)
        return question not in self._cases and body not in self._bodies

    def claims(self, question: Question) -> frozenset[str] | None:
        """Return the claims that fail each time that this is asked; None without an answer."""
        answers = [
            claims
            for name in self._cases.get(question, ())
            if (claims := self._claims_of(name)) is not None
        ]
        return frozenset.intersection(*answers) if answers else None

    def fails_alone(self, name: str) -> bool:
        """Tell whether the record of a case fails in any claim."""
        return bool(self._claims_of(name))

    def fails(self, question: Question, claims: frozenset[str]) -> bool | None:
        """Tell whether this fails in one of these claims; None where the answers do not tell.

        What holds all values of a valid request that fails, fails; what holds no value beside those
        of one that passes, passes.
        """
        if (answer := self.claims(question)) is not None:
            return bool(answer & claims)
        if question.breaks is not None:
            return None
        for other, answer in self.asked():
            if (other.operation, other.breaks) != (question.operation, None):
                continue
            if answer & claims and other.values <= question.values:
                return True
            if not answer & claims and question.values <= other.values:
                return False
        return None

    def asked(self) -> Iterator[tuple[Question, frozenset[str]]]:
        """Yield every question that has an answer, with the claims that fail."""
        for question in self._cases:
            if (claims := self.claims(question)) is not None:
                yield question, claims

    def is_served(self, operation: str) -> bool:
        """Tell whether the plain request of an operation is served: else nothing else is tried.

        Where another slice sends that one, any valid request that is served tells it.
        """
        plain = self._records.get(f"{operation}/base")
        if plain is None:
            return operation in self._served
        return isinstance(plain.outcome, Images)

    def changed(self, question: Question) -> Values:
        """Return the values that the plain request does not have; none beside a broken rule."""
        if question.breaks is not None:
            return frozenset()
        plain = self._records.get(f"{question.operation}/base")
        if plain is None:
            return question.values - self._values_unsent(question.operation)
        return question.values - self.question(plain.shot.case).values

    def _values_unsent(self, name: str) -> Values:
        """Return the values of an operation's plain request, which another slice sends."""
        if name not in self._unsent:
            arguments = Builder(self.provider, name).base(prompt=prompts.PLAIN)
            items = assignment(self.provider.operation(name), arguments)
            self._unsent[name] = frozenset(pair for pair in items.items() if pair[1])
        return self._unsent[name]

    def known(self, case: Case) -> list[KnownFailure]:
        """Return what a case shows to fail."""
        return self.known_failures(self.question(case))

    def known_failures(self, question: Question) -> list[KnownFailure]:
        """Return what the answers to a question show to fail."""
        return [
            KnownFailure(
                operation=question.operation,
                breaks=question.breaks,
                claim=claim,
                values=self.changed(question),
            )
            for claim in sorted(self.claims(question) or ())
        ]

    def known_of_plan(self) -> list[KnownFailure]:
        """Return what the planned requests, and those that look into them, show to fail."""
        return [
            failure
            for name in sorted(self._of_plan)
            if self._claims_of(name)
            for case in [self._records[name].shot.case]
            if not self._follows_explored(case)
            for failure in self.known(case)
        ]

    def describe(self, case: Case) -> str:
        """Name a failing request by what it sets beside the plain one, and what fails."""
        question = self.question(case)
        changed = dict(sorted(self.changed(question)))
        values = ", ".join(describe_values(changed, tuple(changed)))
        what = question.breaks or values or "the plain request"
        claims = ", ".join(sorted(self.claims(question) or ()))
        return f"{question.operation} {what} ({claims})"

    def _follows_explored(self, case: Case) -> bool:
        while case.follows is not None and case.follows in self._records:
            case = self._records[case.follows].shot.case
        return case.stage == "explore"

    def _claims_of(self, name: str) -> frozenset[str] | None:
        """Return the claims that a record fails; they are made once, and again after a base."""
        if name not in self._claims:
            self._claims[name] = self._failing(self._records[name])
        return self._claims[name]

    def _failing(self, record: Record) -> frozenset[str] | None:
        """Return the claims that fail; None where the reply is about no request of this kind."""
        case, outcome = record.shot.case, record.outcome
        if isinstance(outcome, Fault):
            ours = outcome.error_class in _MAY_BE_OURS or outcome.why == CUT_OFF.why
            unsaid = ours or record.ended_unsent
            return None if unsaid else frozenset((f"fault: {outcome.error_class}",))
        base = self._records.get(f"{case.operation}/base")
        both = [record] if base is None or base.shot.case.id == case.id else [base, record]
        verdicts = judge_records(both, {self.provider.name: self.provider})
        return frozenset(
            verdict.check if verdict.check == ACCEPTS else f"{verdict.check} {about}".strip()
            for verdict in verdicts
            if (verdict.case, verdict.status) == (case.id, "fail")
            for about in [verdict.constraint or ""]
        )
