"""What the records of one operation have told so far, seen from its plain request."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal

from harness.cases import prompts
from harness.cases.build import Builder
from harness.checks.acceptance import PASSING
from harness.checks.naming import same_name
from harness.core.exchange import Picture
from harness.core.jsonvalue import Json
from harness.core.outcome import Images, Refused
from harness.core.record import Record
from harness.runner.execution.budget import cost_of
from harness.spec.provider import Operation, Provider
from harness.spec.rules import same

ProbeResult = Literal["served", "refused", "unclear"]
"""What came of a request; `unclear` is trouble of the account, the line or the moment."""

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
        """What was asked."""
        return self.record.shot.case.arguments

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """What was delivered."""
        outcome = self.record.outcome
        return outcome.pictures if isinstance(outcome, Images) else ()

    @property
    def probe(self) -> bool:
        """Tell whether discovery asked it."""
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


@dataclass(frozen=True)
class OperationHistory:
    """The records of one operation, by id, against its plain request."""

    provider: Provider
    name: str
    records: tuple[Record, ...]

    @property
    def operation(self) -> Operation:
        """The operation that was asked."""
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
        """What came of the plain request, None where it was not asked."""
        record = self._base_record
        return None if record is None else ProbeRecord(record=record, differs=frozenset())

    @property
    def open(self) -> bool:
        """Tell whether the plain request is served: without that no probe tells anything."""
        return self.plain is not None and self.plain.word() == "served"

    @cached_property
    def seen(self) -> tuple[ProbeRecord, ...]:
        """Every record that was sent or should have been, by id."""
        ordered = sorted(self.records, key=lambda record: record.shot.case.id)
        return tuple(
            ProbeRecord(record=record, differs=self._differing(record)) for record in ordered
        )

    def _differing(self, record: Record) -> frozenset[str]:
        asked = record.shot.case.arguments
        names = {*asked, *self.base}
        found = {name for name in names if (name in asked) != (name in self.base)}
        found |= {name for name in names - found if not same(asked[name], self.base[name])}
        said = asked.get("prompt")
        if isinstance(said, str) and said.strip() and len(said) <= _SHORT:
            found.discard("prompt")
        return frozenset(found)

    def changing(self, *names: str) -> Iterator[ProbeRecord]:
        """Yield what differs from the plain request in these arguments at most, and in one."""
        wanted = set(names)
        yield from (probe for probe in self.seen if probe.differs and probe.differs <= wanted)

    def spent_images(self) -> int:
        """Return how many images discovery has paid for, in the worst reading."""
        return sum(images_of(probe) for probe in self.seen if probe.probe)


def images_of(seen: ProbeRecord) -> int:
    """Return how many images a record has cost, in the worst reading."""
    outcome = seen.record.outcome
    return 0 if outcome is None else cost_of(outcome, seen.record.shot.at_risk).images


def day_of(seen: Iterable[ProbeRecord]) -> date | None:
    """Return the last day on which any of them was answered, None where none is known."""
    days = []
    for probe in seen:
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
