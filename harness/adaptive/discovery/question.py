"""What a question is: it asks for probes while they tell something, and sums up what they told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from harness.adaptive.discovery.history import OperationHistory, ProbeRecord, day_of, images_of
from harness.core.jsonvalue import Json
from harness.core.record import Provenance
from harness.spec.provider import Argument, Operation
from harness.spec.rules import Rule, Scalar

Documents = Literal["silent", "agrees", "contradicts", "contradictory"]
"""The documents against what was seen: they say nothing of it, they say the same (in a place that
promises nothing), they say otherwise, or they contradict each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """One open question of one operation, and what the answers to its probes showed.

    `said` is what the documents say with its source, or "nothing". `low` is the most that was
    served and `high` the least that was not, in the units of `rule`; either is missing where it
    was not seen, and for a lower limit (`min_pixels`) `low` is the most that was not served.
    `rule` names the rule that would hold it ("" where none does), `values` the members that were
    served. `requests` and `images` count the probes of discovery alone, `cases` all that is behind
    the row; a probe about several fields counts in the row of each.
    """

    provider: str
    operation: str
    parameter: str
    question: str
    documents: Documents
    said: str
    observed: str
    low: int | None = None
    high: int | None = None
    rule: str = ""
    values: tuple[Scalar, ...] = ()
    requests: int
    images: int
    evidence: Provenance
    on: date | None
    cases: tuple[str, ...]


NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A request worth asking: `slug` ends its id, `about` is the rule that it probes, if any."""

    slug: str
    arguments: dict[str, Json]
    about: str | None


class Question(Protocol):
    """One open question of one operation; pure, so that records tell the same every time."""

    @property
    def name(self) -> str:
        """Its name inside the operation, part of its probes' ids: `prompt.max_length`."""
        ...

    def next(self, told: OperationHistory, room: int) -> Sequence[Probe]:
        """Return the probes of the next round, where `room` images may still be paid for."""
        ...

    def rows(self, told: OperationHistory) -> tuple[Discovered, ...]:
        """Return what the records answer; nothing where none is about it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionResult:
    """What the documents say of a question, and how that compares with what was seen."""

    documents: Documents = "silent"
    said: str = NOTHING


def summed_up(  # noqa: PLR0913 - a row has this many parts
    told: OperationHistory,
    behind: Sequence[ProbeRecord],
    *,
    parameter: str,
    question: str,
    said: QuestionResult,
    observed: str,
    low: int | None = None,
    high: int | None = None,
    rule: str = "",
    values: tuple[Scalar, ...] = (),
) -> Discovered:
    """Return a row; `behind` are the records that it rests on, at least one."""
    probes = [probe for probe in behind if probe.probe]
    return Discovered(
        provider=told.provider.name,
        operation=told.name,
        parameter=parameter,
        question=question,
        documents=said.documents,
        said=said.said,
        observed=observed,
        low=low,
        high=high,
        rule=rule,
        values=values,
        requests=sum(probe.record.outcome is not None for probe in probes),
        images=sum(map(images_of, probes)),
        evidence=behind[-1].record.evidence,
        on=day_of(behind),
        cases=tuple(dict.fromkeys(probe.id for probe in behind)),
    )


def is_open(argument: Argument, rule: Rule | None) -> bool:
    """Tell whether the documents leave a rule of an argument open, or have none."""
    return rule is None or not rule.status == argument.status == "documented"


def stated_where(promise: Argument | Rule) -> str:
    """Return the place of a promise: its second source where it is no promise, else its first."""
    sure = promise.status == "documented"
    return str(promise.source if sure else (promise.second_source or promise.source))


def against_documents(*, status: str, figure: str, where: str, agrees: bool) -> QuestionResult:
    """Compare what a rule says, at a place, with what was seen."""
    text = f"{figure} ({where}, {status})"
    if status == "contradictory":
        return QuestionResult(documents="contradictory", said=text)
    return QuestionResult(documents="agrees" if agrees else "contradicts", said=text)


def value_text(name: str, operation: Operation) -> tuple[str, ...]:
    """Return the names under which an error may blame an argument, or an unknown field."""
    argument = operation.arguments.get(name)
    return (argument.wire, name) if argument else (name, name.rpartition(".")[2])


def place_of(name: str, operation: Operation) -> str | None:
    """Return where a field that the TOML does not know would stand, beside its like.

    None where that place is inside another object and the field multiplies what is paid: the price
    of a request is read from its arguments' own names.
    """
    beside = ("quality", "size", "output_format", "resolution")
    known = (operation.arguments[one].wire for one in beside if one in operation.arguments)
    parent = next(known, "").rpartition(".")[0]
    if operation.body == "form" or not parent:
        return name
    return None if name == "n" else f"{parent}.{name}"
