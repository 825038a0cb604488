"""What the single values and the unit come to: lists that are open, and what a character is."""

from dataclasses import dataclass

from harness.adaptive.discovery.history import OperationHistory, ProbeRecord, delivered_sizes
from harness.adaptive.discovery.limits import Ladder
from harness.adaptive.discovery.question import (
    Discovered,
    Probe,
    QuestionResult,
    against_documents,
    stated_where,
    summed_up,
    value_text,
)
from harness.cases import prompts
from harness.cases.values import companion_values
from harness.core.jsonvalue import Json
from harness.spec.provider import Argument
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
        rule = self._argument(history).one_of
        return rule.values if rule else ()

    def _wanted(self, history: OperationHistory) -> tuple[Scalar, ...]:
        return tuple(dict.fromkeys((*self._listed(history), *self.elsewhere)))

    def _answers(self, history: OperationHistory) -> dict[Scalar, list[ProbeRecord]]:
        """Return what is about each value alone, the plain request for its own."""
        beside = companion_values(self.parameter, history.operation)
        probes: dict[Scalar, list[ProbeRecord]] = {}
        tries = history.changing(self.parameter, *beside)
        for probe in (*tries, *([history.plain] if history.plain else [])):
            value = probe.arguments.get(self.parameter)
            if isinstance(value, str | int) and member(value, self._wanted(history)):
                probes.setdefault(value, []).append(probe)
        return {value: probes[value] for value in self._wanted(history) if value in probes}

    def next(self, told: OperationHistory, room: int) -> tuple[Probe, ...]:
        """Return every value that nothing was heard of: none of them depends on another."""
        probes = self._answers(told)
        beside = companion_values(self.parameter, told.operation)
        about = told.operation.constraint(self.name)
        left = [value for value in self._wanted(told) if value not in probes]
        return tuple(
            Probe(
                slug=str(value),
                arguments={**told.base, **beside, self.parameter: value},
                about=about.id if about else None,
            )
            for value in left[:room]
        )

    def rows(self, told: OperationHistory) -> tuple[Discovered, ...]:
        """Return one row for the whole list."""
        probes = self._answers(told)
        behind = [probe for group in probes.values() for probe in group if probe.differs]
        if not behind:
            return ()
        names = value_text(self.parameter, told.operation)
        words = {value: {probe.word(*names) for probe in group} for value, group in probes.items()}
        served = [value for value, word in words.items() if "served" in word]
        refused = [value for value, word in words.items() if "refused" in word]
        unclear = [value for value, word in words.items() if word == {"unclear"}]
        parts = (
            ("served", [self._came(value, probes[value]) for value in served]),
            ("refused", [str(value) for value in refused]),
            ("no clear answer", [str(value) for value in unclear]),
        )
        return (
            summed_up(
                told,
                sorted(behind, key=lambda probe: probe.id),
                parameter=self.parameter,
                question="which values are served",
                said=self._said(told, served, refused),
                observed="; ".join(f"{what}: {', '.join(them)}" for what, them in parts if them),
                rule="one_of",
                values=tuple(served),
            ),
        )

    def _came(self, value: Scalar, group: list[ProbeRecord]) -> str:
        """Word a served value, and what was delivered where that is something else."""
        pictures = next((probe.pictures for probe in group if probe.pictures), ())
        first = pictures[0] if pictures else None
        other = ""
        if first is not None and first.state == "decoded":
            if self.parameter == "output_format" and first.format != value:
                other = first.format
            elif self.parameter == "background" and value == "transparent" and not first.alpha:
                other = "opaque"
            elif edges(value) not in (None, (first.width_px, first.height_px)):
                other = delivered_sizes(pictures)
        return f"{value} (delivered {other})" if other else str(value)

    def _said(
        self, history: OperationHistory, served: list[Scalar], refused: list[Scalar]
    ) -> QuestionResult:
        argument = self._argument(history)
        rule = argument.one_of
        if rule is None:
            return QuestionResult()
        promise = argument if argument.status != "documented" else rule
        listed = rule.values
        wrong = [value for value in refused if member(value, listed)]
        wrong += [value for value in served if not member(value, listed)]
        return against_documents(
            status=promise.status,
            figure=", ".join(str(value) for value in listed),
            where=stated_where(promise),
            agrees=not wrong,
        )


_UNITS = ("code points", "UTF-16 units", "UTF-8 bytes")


def _lengths(text: str) -> dict[str, int]:
    encoded = (len(text), len(text.encode("utf-16-le")) // 2, len(text.encode()))
    return dict(zip(_UNITS, encoded, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What a prompt's limit counts: asked once the limit is known, beyond the BMP and within."""

    limit: Ladder
    parameter: str = "prompt"
    name: str = "prompt.unit"

    def _left(self, history: OperationHistory) -> tuple[list[str], list[ProbeRecord]]:
        """Return the units that no answer rules out, and the answers that tell of them."""
        bracket = self.limit.bracket(history)
        left, behind = set(_UNITS), []
        for probe in history.changing(self.parameter):
            text = probe.arguments.get(self.parameter)
            word = probe.word(*value_text(self.parameter, history.operation))
            if not isinstance(text, str) or text.isascii() or word == "unclear":
                continue
            sizes = _lengths(text)
            if word == "served" and bracket.high is not None:
                gone = {unit for unit in left if sizes[unit] >= bracket.high}
            else:
                gone = {unit for unit in left if word == "refused" and sizes[unit] <= bracket.low}
            if gone:
                left -= gone
                behind.append(probe)
        return [unit for unit in _UNITS if unit in left], behind

    def next(self, told: OperationHistory, room: int) -> tuple[Probe, ...]:
        """Return a text that is short in one unit and too long in another."""
        bracket = self.limit.bracket(told)
        if not room or bracket.high is None or self.limit.step(told, room) is not None:
            return ()
        left, _ = self._left(told)
        heard = [probe.arguments.get(self.parameter) for probe in told.seen]
        for kind, made in (("astral", prompts.astral_prompt), ("wide", prompts.wide_prompt)):
            text: Json = made(bracket.low)
            sizes = _lengths(str(text))
            over = [unit for unit in left if sizes[unit] >= bracket.high]
            under = [unit for unit in left if sizes[unit] <= bracket.low]
            if over and under and text not in heard:
                about = told.operation.constraint(self.limit.name)
                arguments = {**told.base, self.parameter: text}
                slug = f"{bracket.low}-{kind}"
                return (Probe(slug=slug, arguments=arguments, about=about.id if about else None),)
        return ()

    def rows(self, told: OperationHistory) -> tuple[Discovered, ...]:
        """Return the units that are left."""
        left, behind = self._left(told)
        if not behind:
            return ()
        observed = f"counted in {' or '.join(left)}" if left else "at odds: no unit fits all"
        return (
            summed_up(
                told,
                behind,
                parameter=self.parameter,
                question="what its limit counts",
                said=QuestionResult(),
                observed=observed,
            ),
        )
