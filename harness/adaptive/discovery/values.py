"""What the single values and the unit come to: lists that are open, and what a character is."""

from dataclasses import dataclass

from harness.adaptive.discovery.history import OperationHistory, ProbeRecord, delivered_sizes
from harness.adaptive.discovery.limits import Ladder
from harness.adaptive.discovery.question import (
    Probe,
    QuestionResult,
    against_documents,
    stated_where,
    summed_up,
    value_text,
)
from harness.adaptive.discovery.row import Discovered
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

    def _argument(self, told: OperationHistory) -> Argument:
        return told.operation.arguments[self.parameter]

    def _listed(self, told: OperationHistory) -> tuple[Scalar, ...]:
        rule = self._argument(told).one_of
        return rule.values if rule else ()

    def _wanted(self, told: OperationHistory) -> tuple[Scalar, ...]:
        return tuple(dict.fromkeys((*self._listed(told), *self.elsewhere)))

    def _answers(self, told: OperationHistory) -> dict[Scalar, list[ProbeRecord]]:
        """Return what is about each value alone, the plain request for its own."""
        beside = companion_values(self.parameter, told.operation)
        found: dict[Scalar, list[ProbeRecord]] = {}
        tries = told.changing(self.parameter, *beside)
        for seen in (*tries, *([told.plain] if told.plain else [])):
            value = seen.arguments.get(self.parameter)
            if isinstance(value, str | int) and member(value, self._wanted(told)):
                found.setdefault(value, []).append(seen)
        return {value: found[value] for value in self._wanted(told) if value in found}

    def next(self, told: OperationHistory, room: int) -> tuple[Probe, ...]:
        """Return every value that nothing was heard of: none of them depends on another."""
        known = self._answers(told)
        beside = companion_values(self.parameter, told.operation)
        about = told.operation.constraint(self.name)
        left = [value for value in self._wanted(told) if value not in known]
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
        known = self._answers(told)
        behind = [seen for group in known.values() for seen in group if seen.differs]
        if not behind:
            return ()
        names = value_text(self.parameter, told.operation)
        words = {value: {seen.word(*names) for seen in group} for value, group in known.items()}
        served = [value for value, word in words.items() if "served" in word]
        refused = [value for value, word in words.items() if "refused" in word]
        unclear = [value for value, word in words.items() if word == {"unclear"}]
        parts = (
            ("served", [self._came(value, known[value]) for value in served]),
            ("refused", [str(value) for value in refused]),
            ("no clear answer", [str(value) for value in unclear]),
        )
        return (
            summed_up(
                told,
                sorted(behind, key=lambda seen: seen.id),
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
        pictures = next((seen.pictures for seen in group if seen.pictures), ())
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
        self, told: OperationHistory, served: list[Scalar], refused: list[Scalar]
    ) -> QuestionResult:
        argument = self._argument(told)
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

    def _left(self, told: OperationHistory) -> tuple[list[str], list[ProbeRecord]]:
        """Return the units that no answer rules out, and the answers that tell of them."""
        known = self.limit.bracket(told)
        left, behind = set(_UNITS), []
        for seen in told.changing(self.parameter):
            text = seen.arguments.get(self.parameter)
            word = seen.word(*value_text(self.parameter, told.operation))
            if not isinstance(text, str) or text.isascii() or word == "unclear":
                continue
            sizes = _lengths(text)
            if word == "served" and known.high is not None:
                gone = {unit for unit in left if sizes[unit] >= known.high}
            else:
                gone = {unit for unit in left if word == "refused" and sizes[unit] <= known.low}
            if gone:
                left -= gone
                behind.append(seen)
        return [unit for unit in _UNITS if unit in left], behind

    def next(self, told: OperationHistory, room: int) -> tuple[Probe, ...]:
        """Return a text that is short in one unit and too long in another."""
        known = self.limit.bracket(told)
        if not room or known.high is None or self.limit.step(told, room) is not None:
            return ()
        left, _ = self._left(told)
        heard = [seen.arguments.get(self.parameter) for seen in told.seen]
        for kind, made in (("astral", prompts.astral_prompt), ("wide", prompts.wide_prompt)):
            text: Json = made(known.low)
            sizes = _lengths(str(text))
            over = [unit for unit in left if sizes[unit] >= known.high]
            under = [unit for unit in left if sizes[unit] <= known.low]
            if over and under and text not in heard:
                about = told.operation.constraint(self.limit.name)
                arguments = {**told.base, self.parameter: text}
                slug = f"{known.low}-{kind}"
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
