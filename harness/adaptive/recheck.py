"""What a recheck sends next: a question in other words, until enough of its askings failed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.checks.judge import judge_records
from harness.comparing.asked_again.verdicts import shown
from harness.core.case import Case, Plan, PlannedRequest
from harness.core.record import Record
from harness.planning.plan import planned_request
from harness.spec.provider import Provider


@dataclass(slots=True, kw_only=True)
class AskingAgain:
    """Asks each question of a recheck's plan until it is answered; reads no clock, sends nothing.

    A question that fails again as often as is enough is answered, and followed by a control; one
    that keeps its promise is asked for as often as the plan says. What the budget cannot carry ends
    it. Equal records make equal requests.
    """

    provider: Provider
    plan: Plan
    _records: dict[str, Record] = field(default_factory=dict)

    def on_record(self, record: Record) -> Sequence[PlannedRequest]:
        """Take note of a record; return the next asking of its question, or its control."""
        case = record.shot.case
        if case.provider != self.provider.name:
            return ()
        self._records[case.id] = record
        verdicts = judge_records([*self._records.values()], {self.provider.name: self.provider})
        following: list[Case] = []
        for asking in self.plan.askings:
            names = [each.id for each in asking.cases]
            if case.id not in names or record.outcome is None:
                continue
            failed = shown(asking, verdicts).count("failed")
            at = names.index(case.id)
            if failed >= asking.enough:
                following += asking.controls[1:2]
            elif at + 1 < len(asking.cases):
                following.append(asking.cases[at + 1])
        return [planned_request(self.provider, each) for each in following]

    def on_idle(self) -> Sequence[PlannedRequest]:
        """Return nothing: all follows from records."""
        return ()
