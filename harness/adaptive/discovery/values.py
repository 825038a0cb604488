"""Open lists, what a character is, what an omitted argument means, and what the plan observed."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.adaptive.discovery.limits import Ladder
from harness.adaptive.discovery.question import (
    SILENT,
    Discovered,
    OperationHistory,
    Probe,
    ProbeRecord,
    QuestionResult,
    against_documents,
    delivered_sizes,
    stated_where,
    summed_up,
    value_text,
)
from harness.cases import prompts
from harness.cases.values import companion_values
from harness.core.jsonvalue import Json
from harness.core.outcome import Images
from harness.spec.evaluate import evaluate as judged
from harness.spec.provider import Argument, Constraint
from harness.spec.request import carried
from harness.spec.rules import Scalar, edges, member


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Which values of an open list are served: those that some document names, then others'."""

    parameter: str
    elsewhere: tuple[Scalar, ...]

    @property
    def name(self) -> str:
        """Return the id of the rule that would hold the list."""
        return f"{self.parameter}.one_of"

    def _argument(self, history: OperationHistory) -> Argument:
        return history.operation.arguments[self.parameter]

    def _listed(self, history: OperationHistory) -> tuple[Scalar, ...]:
        listed = self._argument(history).listing
        return tuple(value for value in listed if isinstance(value, bool | int | float | str))

    def _wanted(self, history: OperationHistory) -> tuple[Scalar, ...]:
        return tuple(dict.fromkeys((*self._listed(history), *self.elsewhere)))

    def _answers(self, history: OperationHistory) -> dict[Scalar, list[ProbeRecord]]:
        """Return what is about each value alone, the plain request for its own."""
        beside = companion_values(self.parameter, history.operation)
        probes: dict[Scalar, list[ProbeRecord]] = {}
        tries = history.changing(self.parameter, *beside)
        for probe in (*tries, *([history.plain] if history.plain else [])):
            given = probe.arguments.get(self.parameter)
            if isinstance(given, str | int) and member(given, self._wanted(history)):
                probes.setdefault(given, []).append(probe)
        return {given: probes[given] for given in self._wanted(history) if given in probes}

    def next(self, history: OperationHistory, room: int) -> tuple[Probe, ...]:
        """Return a probe for every value without a reply: none of them depends on another."""
        probes = self._answers(history)
        beside = companion_values(self.parameter, history.operation)
        unanswered = [candidate for candidate in self._wanted(history) if candidate not in probes]
        return tuple(
            history.changed(str(candidate), {**beside, self.parameter: candidate}, self.name)
            for candidate in unanswered[:room]
        )

    def rows(self, history: OperationHistory) -> tuple[Discovered, ...]:
        """Return one row for the whole list."""
        probes = self._answers(history)
        behind = [probe for group in probes.values() for probe in group if probe.differs]
        names = value_text(self.parameter, history.operation)
        words = {
            candidate: {probe.word(*names) for probe in group}
            for candidate, group in probes.items()
        }
        served = [candidate for candidate, word in words.items() if "served" in word]
        refused = [candidate for candidate, word in words.items() if "refused" in word]
        unclear = [candidate for candidate, word in words.items() if word == {"unclear"}]
        parts = (
            ("served", [self._came(candidate, probes[candidate]) for candidate in served]),
            ("refused", [str(candidate) for candidate in refused]),
            ("no clear answer", [str(candidate) for candidate in unclear]),
        )
        return summed_up(
            history,
            sorted(behind, key=lambda probe: probe.id),
            parameter=self.parameter,
            question="which values are served",
            said=self._said(history, served, refused),
            observed="; ".join(f"{what}: {', '.join(them)}" for what, them in parts if them),
            rule="one_of",
            values=tuple(served),
        )

    def _came(self, candidate: Scalar, group: list[ProbeRecord]) -> str:
        """Word a served value, and what was delivered where that is something else."""
        pictures = next((probe.pictures for probe in group if probe.pictures), ())
        first = pictures[0] if pictures else None
        other = ""
        if first is not None and first.state == "decoded":
            if self.parameter == "output_format" and first.format != candidate:
                other = first.format
            elif self.parameter == "background" and candidate == "transparent" and not first.alpha:
                other = "opaque"
            elif edges(candidate) not in (None, (first.width_px, first.height_px)):
                other = delivered_sizes(pictures)
        return f"{candidate} (delivered {other})" if other else str(candidate)

    def _said(
        self, history: OperationHistory, served: list[Scalar], refused: list[Scalar]
    ) -> QuestionResult:
        argument = self._argument(history)
        rule = argument.one_of
        if rule is None:
            return SILENT
        promise = argument if argument.status != "documented" else rule
        listed = rule.values
        wrong = [candidate for candidate in refused if member(candidate, listed)]
        wrong += [candidate for candidate in served if not member(candidate, listed)]
        return against_documents(promise, ", ".join(map(str, listed)), agrees=not wrong)


_UNITS = ("code points", "UTF-16 units", "UTF-8 bytes")


def _lengths(text: str) -> dict[str, int]:
    encoded = (len(text), len(text.encode("utf-16-le")) // 2, len(text.encode()))
    return dict(zip(_UNITS, encoded, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What a prompt's limit counts: probed once the limit is known, beyond the BMP and within."""

    limit: Ladder
    parameter: str = "prompt"
    name: str = "prompt.unit"

    def _possible(self, history: OperationHistory) -> tuple[list[str], list[ProbeRecord]]:
        """Return the units that no reply rules out, and the records that rule out others."""
        bracket = self.limit.bracket(history)
        possible, behind = set(_UNITS), []
        for probe in history.changing(self.parameter):
            text = probe.arguments.get(self.parameter)
            word = probe.word(*value_text(self.parameter, history.operation))
            if not isinstance(text, str) or text.isascii() or word == "unclear":
                continue
            sizes = _lengths(text)
            gone = {
                unit
                for unit in possible
                if (word == "refused" and sizes[unit] <= bracket.low)
                or (word == "served" and bracket.high is not None and sizes[unit] >= bracket.high)
            }
            if gone:
                possible -= gone
                behind.append(probe)
        return [unit for unit in _UNITS if unit in possible], behind

    def next(self, history: OperationHistory, room: int) -> tuple[Probe, ...]:
        """Return a text that is short in one unit and too long in another."""
        bracket = self.limit.bracket(history)
        if not room or bracket.high is None or self.limit.step(history, room) is not None:
            return ()
        units, _ = self._possible(history)
        heard = [probe.arguments.get(self.parameter) for probe in history.seen]
        for kind, write in (("astral", prompts.astral_prompt), ("wide", prompts.wide_prompt)):
            text: Json = write(bracket.low)
            sizes = _lengths(str(text))
            over = [unit for unit in units if sizes[unit] >= bracket.high]
            under = [unit for unit in units if sizes[unit] <= bracket.low]
            if over and under and text not in heard:
                slug = f"{bracket.low}-{kind}"
                return (history.changed(slug, {self.parameter: text}, self.limit.name),)
        return ()

    def rows(self, history: OperationHistory) -> tuple[Discovered, ...]:
        """Return the units that are left."""
        units, behind = self._possible(history)
        observed = f"counted in {' or '.join(units)}" if units else "at odds: no unit fits all"
        return summed_up(
            history,
            behind,
            parameter=self.parameter,
            question="what its limit counts",
            observed=observed,
        )


_LEFT_TO_THE_MODEL = (None, "auto")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the plain request came to in what it does not name: it is paid for already."""

    name: str = "defaults"

    def next(self, _told: OperationHistory, _room: int) -> Sequence[Probe]:
        """Return nothing: this costs nothing."""
        return ()

    def rows(self, history: OperationHistory) -> tuple[Discovered, ...]:
        """Return what was delivered without being requested, where no document names it."""
        plain = history.plain
        if plain is None or not isinstance(plain.record.outcome, Images) or not plain.pictures:
            return ()
        outcome = plain.record.outcome
        first = plain.pictures[0]
        delivered = {
            "size": delivered_sizes(plain.pictures),
            "quality": outcome.declared.quality or "",
            "output_format": first.format if first.state == "decoded" else "",
        }
        results: list[Discovered] = []
        for name, text in delivered.items():
            default = history.operation.default(name)
            if name == "output_format":
                default = default or history.operation.reply.default_format
            if text and name not in history.base and default in _LEFT_TO_THE_MODEL:
                argument = history.operation.arguments.get(name)
                stated = SILENT
                if default == "auto" and argument is not None:
                    where = stated_where(argument)
                    stated = QuestionResult(documents="agrees", said=f"auto ({where})")
                results += summed_up(
                    history,
                    (plain,),
                    parameter=name,
                    question="what leaving it out means",
                    said=stated,
                    observed=f"{text} {'declared' if name == 'quality' else 'delivered'}",
                )
        return tuple(results)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What the plan's own cases showed of a rule on which the documents are unsure."""

    constraint: Constraint

    @property
    def name(self) -> str:
        """Return the rule's id."""
        return self.constraint.id

    def next(self, _told: OperationHistory, _room: int) -> Sequence[Probe]:
        """Return nothing: the plan has sent its cases."""
        return ()

    def rows(self, history: OperationHistory) -> tuple[Discovered, ...]:
        """Return which cases were served and which refused, and whether the rule agrees."""
        about = [
            probe
            for probe in history.seen
            if probe.record.shot.case.expect == "observe"
            and not probe.probe
            and (probe.record.shot.case.breaks or probe.record.shot.case.about) == self.name
            and probe.record.outcome is not None
        ]
        names = value_text(self.constraint.parameter, history.operation)
        words = [(probe, probe.word(*names)) for probe in about]
        parts = [
            f"{what}: {', '.join(ids)}"
            for what in ("served", "refused", "unclear")
            if (ids := [probe.id.rpartition("/")[2] for probe, word in words if word == what])
        ]
        heard = [(probe, word) for probe, word in words if word != "unclear"]
        return summed_up(
            history,
            about,
            parameter=self.constraint.parameter,
            question=self.name,
            said=self._said(history, heard),
            observed="; ".join(parts),
        )

    def _said(
        self, history: OperationHistory, heard: Sequence[tuple[ProbeRecord, str]]
    ) -> QuestionResult:
        argument = history.operation.arguments.get(self.constraint.parameter)
        unsure = argument is not None and argument.status != "documented"
        promise = argument if argument is not None and unsure else self.constraint.rule
        expected = [(self._expected(history, probe), word) for probe, word in heard]
        decided = [(wanted, word) for wanted, word in expected if wanted]
        if promise.status == "documented" or not decided:
            return SILENT
        agrees = all(wanted == word for wanted, word in decided)
        rule = self.name.partition(".")[2].replace("_", " ")
        return against_documents(promise, rule, agrees=agrees)

    def _expected(self, history: OperationHistory, probe: ProbeRecord) -> str:
        """Return what the rule promises for a case; "" where it leaves that open itself."""
        sent = carried(history.operation, probe.arguments)
        evaluation = judged(self.constraint, history.operation, sent)
        if evaluation == "violated":
            return "refused"
        empty = self.constraint.rule.presence == "required"  # given, and yet the case is about it
        return "" if evaluation == "unspecified" or empty else "served"
