"""An open question: its probes, the records of its operation, and the row that sums them up."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal, Protocol

from harness.cases import prompts
from harness.cases.build import Builder
from harness.checks.acceptance import PASSING
from harness.checks.naming import same_name
from harness.core.exchange import Picture
from harness.core.jsonvalue import Json
from harness.core.outcome import Images, Refused
from harness.core.record import Provenance, Record
from harness.spec.provider import Argument, Operation, Provider
from harness.spec.rules import Rule, Scalar, same
from harness.wire.paid import images_at_worst

ProbeResult = Literal["served", "refused", "unclear"]
"""The result of a request; `unclear` is due to the account, the network or the moment."""

_SHORT = 300
"""Characters of a prompt whose wording cannot be why a request was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRecord:
    """A record, and in which arguments it differs from the plain request; wordings are none."""

    record: Record
    differs: frozenset[str]

    @property
    def id(self) -> str:
        """The id of its case."""
        return self.record.shot.case.id

    @property
    def arguments(self) -> Mapping[str, Json]:
        """The arguments of its request."""
        return self.record.shot.case.arguments

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """What was delivered."""
        outcome = self.record.outcome
        return outcome.pictures if isinstance(outcome, Images) else ()

    @property
    def probe(self) -> bool:
        """Tell whether discovery sent it."""
        return self.record.shot.case.stage == "discover"

    def word(self, *names: str) -> ProbeResult:
        """Return what came of it; a refusal that blames none of `names` was for another reason."""
        match self.record.outcome:
            case Images(pictures=pictures) if pictures:
                return "served"
            case Refused(error=error) if error.error_class == "validation":
                elsewhere = error.parameter and not same_name(error.parameter, names)
                passing = not error.parameter and PASSING.search(error.message)
                return "unclear" if elsewhere or passing else "refused"
            case _:
                return "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A request worth asking: `slug` ends its id, `about` is the rule that it probes, if any."""

    slug: str
    arguments: dict[str, Json]
    about: str | None


@dataclass(frozen=True)
class OperationHistory:
    """The records of one operation, by id, against its plain request."""

    provider: Provider
    name: str
    records: tuple[Record, ...]

    @property
    def operation(self) -> Operation:
        """The operation of the requests."""
        return self.provider.operation(self.name)

    @cached_property
    def own_base(self) -> dict[str, Json]:
        """The plain request as discovery would ask it itself."""
        return Builder(self.provider, self.name).base(prompt=prompts.PLAIN)

    @cached_property
    def _base_record(self) -> Record | None:
        planned = (record for record in self.records if record.shot.case.id == f"{self.name}/base")
        same = (record for record in self.records if record.shot.case.arguments == self.own_base)
        return next(planned, None) or next(same, None)

    @cached_property
    def base(self) -> dict[str, Json]:
        """The arguments of the plain request that the others are compared with."""
        record = self._base_record
        return self.own_base if record is None else record.shot.case.arguments

    @cached_property
    def plain(self) -> ProbeRecord | None:
        """The record of the plain request, None where it was not sent."""
        record = self._base_record
        return None if record is None else ProbeRecord(record=record, differs=frozenset())

    @property
    def open(self) -> bool:
        """Tell whether the plain request is served: without that no probe shows anything."""
        return self.plain is not None and self.plain.word() == "served"

    @cached_property
    def seen(self) -> tuple[ProbeRecord, ...]:
        """Every record that was sent or should have been, by id."""
        ordered = sorted(self.records, key=lambda record: record.shot.case.id)
        return tuple(
            ProbeRecord(record=record, differs=self._differing(record)) for record in ordered
        )

    def _differing(self, record: Record) -> frozenset[str]:
        arguments = record.shot.case.arguments
        names = {*arguments, *self.base}
        differing = {name for name in names if (name in arguments) != (name in self.base)}
        differing |= {
            name for name in names - differing if not same(arguments[name], self.base[name])
        }
        prompt = arguments.get("prompt")
        if isinstance(prompt, str) and prompt.strip() and len(prompt) <= _SHORT:
            differing.discard("prompt")
        return frozenset(differing)

    def changing(self, *names: str) -> Iterator[ProbeRecord]:
        """Yield what differs from the plain request in these arguments at most, and in one."""
        wanted = set(names)
        yield from (probe for probe in self.seen if probe.differs and probe.differs <= wanted)

    def changed(self, slug: str, changes: Mapping[str, Json], rule_id: str = "") -> Probe:
        """Return the plain request with other arguments, about a rule if the operation has it."""
        about = self.operation.constraint(rule_id)
        arguments = {**self.base, **changes}
        return Probe(slug=slug, arguments=arguments, about=about.id if about else None)

    def spent_images(self) -> int:
        """Return how many images discovery has paid for, in the worst reading."""
        return self.images_of(probe for probe in self.seen if probe.probe)

    def images_of(self, probes: Iterable[ProbeRecord]) -> int:
        """Return how many images some records have cost, in the worst reading."""
        return sum(
            images_at_worst(self.provider, record.shot, record.outcome, record.exchanges)
            for record in (probe.record for probe in probes)
        )


def day_of(probes: Iterable[ProbeRecord]) -> date | None:
    """Return the last day on which any of them was answered, None where none is known."""
    days = []
    for probe in probes:
        try:
            days.append(date.fromisoformat(probe.record.evidence.date[:10]))
        except ValueError:
            continue
    return max(days, default=None)


def delivered_sizes(pictures: Sequence[Picture]) -> str:
    """Word the dimensions that were delivered: `1024x1024`, or nothing where none is known."""
    sizes = dict.fromkeys(
        f"{picture.width_px}x{picture.height_px}" for picture in pictures if picture.width_px
    )
    return ", ".join(sizes)


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
class QuestionResult:
    """What the documents say of a question, and how that compares with what was seen."""

    documents: Documents = "silent"
    said: str = NOTHING


SILENT = QuestionResult()
"""The documents say nothing of the question."""


class Question(Protocol):
    """One open question of one operation; pure: the same records give the same answer."""

    @property
    def name(self) -> str:
        """Its name inside the operation, part of its probes' ids: `prompt.max_length`."""
        ...

    def next(self, history: OperationHistory, room: int) -> Sequence[Probe]:
        """Return the probes of the next round, where `room` images may still be paid for."""
        ...

    def rows(self, history: OperationHistory) -> tuple[Discovered, ...]:
        """Return what the records answer; nothing where none is about it."""
        ...


def summed_up(  # noqa: PLR0913 - a row has this many parts
    history: OperationHistory,
    behind: Sequence[ProbeRecord],
    *,
    parameter: str,
    question: str,
    said: QuestionResult = SILENT,
    observed: str,
    low: int | None = None,
    high: int | None = None,
    rule: str = "",
    values: tuple[Scalar, ...] = (),
) -> tuple[Discovered, ...]:
    """Return the row that rests on the records `behind`; nothing without records."""
    probes = [probe for probe in behind if probe.probe]
    if not behind:
        return ()
    row = Discovered(
        provider=history.provider.name,
        operation=history.name,
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
        images=history.images_of(probes),
        evidence=behind[-1].record.evidence,
        on=day_of(behind),
        cases=tuple(dict.fromkeys(probe.id for probe in behind)),
    )
    return (row,)


def is_open(argument: Argument, rule: Rule | None) -> bool:
    """Tell whether the documents leave a rule of an argument open, or have none."""
    return rule is None or not rule.status == argument.status == "documented"


def stated_where(promise: Argument | Rule) -> str:
    """Return the place of a promise: its second source where it is no promise, else its first."""
    sure = promise.status == "documented"
    return str(promise.source if sure else (promise.second_source or promise.source))


def against_documents(promise: Argument | Rule, figure: str, *, agrees: bool) -> QuestionResult:
    """Compare the figure that a promise states with what was observed."""
    text = f"{figure} ({stated_where(promise)}, {promise.status})"
    if promise.status == "contradictory":
        return QuestionResult(documents="contradictory", said=text)
    return QuestionResult(documents="agrees" if agrees else "contradicts", said=text)


def value_text(name: str, operation: Operation) -> tuple[str, ...]:
    """Return the names under which an error may blame an argument, or an unknown field."""
    argument = operation.arguments.get(name)
    return (*argument.places, name) if argument else (name, name.rpartition(".")[2])


def place_of(name: str, operation: Operation) -> str | None:
    """Return where a field that the TOML does not know would stand, beside its like.

    None where that place is inside another object and the field multiplies what is paid: the price
    of a request is read from its arguments' own names.
    """
    beside = ("quality", "size", "output_format", "resolution")
    wires = (
        operation.arguments[neighbour].wire
        for neighbour in beside
        if neighbour in operation.arguments and operation.arguments[neighbour].where == "body"
    )
    parent = next(wires, "").rpartition(".")[0]
    if operation.body == "form" or not parent:
        return name
    return None if name == "n" else f"{parent}.{name}"
