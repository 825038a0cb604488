"""What is known without a probe: what an omitted argument means, and what the plan observed."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.adaptive.discovery.history import OperationHistory, ProbeRecord, delivered_sizes
from harness.adaptive.discovery.question import (
    Discovered,
    Probe,
    QuestionResult,
    against_documents,
    stated_where,
    summed_up,
    value_text,
)
from harness.core.outcome import Images
from harness.spec.evaluate import evaluate as judged
from harness.spec.provider import Constraint
from harness.spec.request import carried

_LEFT_TO_THE_MODEL = (None, "auto")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the plain request came to in what it does not name: it is paid for already."""

    name: str = "defaults"

    def next(self, _told: OperationHistory, _room: int) -> Sequence[Probe]:
        """Return nothing: this costs nothing."""
        return ()

    def rows(self, told: OperationHistory) -> tuple[Discovered, ...]:
        """Return what was delivered without being asked for, where no document names it."""
        plain = told.plain
        if plain is None or not isinstance(plain.record.outcome, Images) or not plain.pictures:
            return ()
        outcome = plain.record.outcome
        first = plain.pictures[0]
        seen = {
            "size": delivered_sizes(plain.pictures),
            "quality": outcome.declared.quality or "",
            "output_format": first.format if first.state == "decoded" else "",
        }
        found = []
        for name, came in seen.items():
            default = told.operation.default(name)
            if name == "output_format":
                default = default or told.operation.reply.default_format
            if came and name not in told.base and default in _LEFT_TO_THE_MODEL:
                found.append(self._row(told, plain, name, came, default == "auto"))
        return tuple(found)

    def _row(
        self,
        history: OperationHistory,
        plain: ProbeRecord,
        name: str,
        came: str,
        auto: bool,  # noqa: FBT001 - a fact about the default
    ) -> Discovered:
        argument = history.operation.arguments.get(name)
        result = QuestionResult()
        if auto and argument is not None:
            result = QuestionResult(documents="agrees", said=f"auto ({stated_where(argument)})")
        return summed_up(
            history,
            (plain,),
            parameter=name,
            question="what leaving it out means",
            said=result,
            observed=f"{came} {'declared' if name == 'quality' else 'delivered'}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What the plan's own cases showed of a rule on which the documents are unsure."""

    constraint: Constraint

    @property
    def name(self) -> str:
        """Return the rule's id."""
        return self.constraint.id

    def next(self, _told: OperationHistory, _room: int) -> Sequence[Probe]:
        """Return nothing: the plan has asked."""
        return ()

    def rows(self, told: OperationHistory) -> tuple[Discovered, ...]:
        """Return which cases were served and which refused, and whether the rule says so."""
        about = [
            probe
            for probe in told.seen
            if probe.record.shot.case.expect == "observe"
            and not probe.probe
            and (probe.record.shot.case.breaks or probe.record.shot.case.about) == self.name
            and probe.record.outcome is not None
        ]
        if not about:
            return ()
        names = value_text(self.constraint.parameter, told.operation)
        words = [(probe, probe.word(*names)) for probe in about]
        parts = [
            f"{what}: {', '.join(ids)}"
            for what in ("served", "refused", "unclear")
            if (ids := [probe.id.rpartition("/")[2] for probe, word in words if word == what])
        ]
        heard = [(probe, word) for probe, word in words if word != "unclear"]
        return (
            summed_up(
                told,
                about,
                parameter=self.constraint.parameter,
                question=self.name,
                said=self._said(told, heard),
                observed="; ".join(parts),
            ),
        )

    def _said(
        self, history: OperationHistory, heard: Sequence[tuple[ProbeRecord, str]]
    ) -> QuestionResult:
        argument = history.operation.arguments[self.constraint.parameter]
        promise = argument if argument.status != "documented" else self.constraint.rule
        expected = [(self._expected(history, probe), word) for probe, word in heard]
        told_of = [(wanted, word) for wanted, word in expected if wanted]
        if promise.status == "documented" or not told_of:
            return QuestionResult()
        agrees = all(wanted == word for wanted, word in told_of)
        rule = self.name.partition(".")[2].replace("_", " ")
        return against_documents(
            status=promise.status, figure=rule, where=stated_where(promise), agrees=agrees
        )

    def _expected(self, history: OperationHistory, probe: ProbeRecord) -> str:
        """Return what the rule says of a case; "" where it leaves that open itself."""
        asked = carried(history.operation, probe.arguments)
        said = judged(self.constraint, history.operation, asked)
        if said == "violated":
            return "refused"
        empty = self.constraint.rule.presence == "required"  # given, and yet the case is about it
        return "" if said == "unspecified" or empty else "served"
