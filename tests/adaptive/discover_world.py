"""A provider in a function: planted limits, served or refused, in records as a session tells."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from harness.adaptive.discovery.discovery import Discovery, discoveries
from harness.adaptive.discovery.question import Discovered
from harness.cases import prompts
from harness.cases.build import Builder
from harness.core.case import PlannedRequest
from harness.core.exchange import Picture
from harness.core.jsonvalue import Json
from harness.core.outcome import ErrorReply, Fault, Images, Outcome, Refused
from harness.core.record import Provenance, Record
from harness.planning.plan import planned_request
from harness.spec.rules import edges
from tests.shipped import shipped_provider

DAY = "2026-11-21"
LIVE = Provenance(kind="live", source="https://images.test", date=f"{DAY}T09:00:00+00:00", by="qa")
UNITS: dict[str, Callable[[str], int]] = {
    "code points": len,
    "UTF-16 units": lambda text: len(text.encode("utf-16-le")) // 2,
    "UTF-8 bytes": lambda text: len(text.encode()),
}
FAULT = Fault(error_class="timeout", why="no reply", may_be_paid=True)
ENDLESS = 10**9


def refusal(parameter: str | None = None, message: str = "Invalid value") -> Refused:
    return Refused(
        error=ErrorReply(
            error_class="validation",
            status=400,
            code="invalid_value",
            message=message,
            parameter=parameter,
            recognised=True,
        )
    )


def _no_trouble(_shot: PlannedRequest) -> Outcome | None:
    return None


@dataclass(frozen=True, kw_only=True)
class World:
    """What one operation really does: every bound is planted, nothing else is refused.

    `fields` tells of each undocumented field whether it is refused or honoured; others are ignored.
    """

    name: str
    operation: str = "generate"
    prompt: int = ENDLESS
    unit: str = "code points"
    references: int = ENDLESS
    n: int = ENDLESS
    n_delivered: int = ENDLESS
    step: int = 1
    edge: int = ENDLESS
    ratio: float = ENDLESS
    least: int = 0
    most: int = ENDLESS
    sizes_ignored: bool = False
    refused: dict[str, tuple[Json, ...]] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    named: bool = True
    trouble: Callable[[PlannedRequest], Outcome | None] = _no_trouble

    def outcome(self, asked: PlannedRequest) -> Outcome:
        """Answer as the planted provider would."""
        if (trouble := self.trouble(asked)) is not None:
            return trouble
        arguments = asked.case.arguments
        broken = next(self._broken(arguments), None)
        if broken is not None:
            return refusal(broken if self.named else None)
        known = shipped_provider(self.name).operation(self.operation).arguments
        counts = {
            name.rpartition(".")[2]: value
            for name, value in arguments.items()
            if name in known or self.fields.get(name) == "honoured"
        }
        number = counts.get("n", 1)
        size = None if self.sizes_ignored else edges(counts.get("size"))
        wide, high = size or (1024, 1024)
        picture = Picture(
            digest="0",
            format=str(counts.get("output_format", "png")),
            size_bytes=1,
            state="decoded",
            width_px=wide,
            height_px=high,
            alpha=counts.get("background") == "transparent",
        )
        return Images(pictures=(picture,) * min(int(str(number)), self.n_delivered))

    def _broken(self, arguments: dict[str, Json]) -> Iterator[str]:
        """Yield the wire names of what is refused."""
        known = shipped_provider(self.name).operation(self.operation).arguments
        prompt, images, n = (arguments.get(name) for name in ("prompt", "images", "n"))
        if isinstance(prompt, str) and UNITS[self.unit](prompt) > self.prompt:
            yield known["prompt"].wire
        if isinstance(images, list) and len(images) > self.references:
            yield known["images"].wire
        if isinstance(n, int) and "n" in known and n > self.n:
            yield known["n"].wire
        size = edges(arguments.get("size")) if "size" in known else None
        if size is not None and not self._fits(*size):
            yield known["size"].wire
        for name, value in arguments.items():
            if value in self.refused.get(name, ()):
                yield known[name].wire
            if self.fields.get(name) == "refused":
                yield name

    def _fits(self, wide: int, high: int) -> bool:
        if wide % self.step or high % self.step:
            return False
        bounded = max(wide, high) <= min(self.edge, self.ratio * min(wide, high))
        return bounded and self.least <= wide * high <= self.most

    def record(self, asked: PlannedRequest) -> Record:
        """Return the record of an answered shot."""
        return Record(shot=asked, evidence=LIVE, outcome=self.outcome(asked))

    def base(self) -> Record:
        """Return the record of the plan's plain request."""
        builder = Builder(shipped_provider(self.name), self.operation)
        case = builder.accept("base", builder.base(prompt=prompts.PLAIN), None)
        return self.record(planned_request(shipped_provider(self.name), case))

    def discovery(self, images: int | None = None) -> Discovery:
        """Return who asks this world."""
        return Discovery(shipped_provider(self.name), operations=(self.operation,), images=images)


@dataclass(frozen=True, kw_only=True)
class Driven:
    """All records, and the shots of each round."""

    world: World
    records: tuple[Record, ...]
    rounds: tuple[tuple[PlannedRequest, ...], ...] = ()

    @property
    def shots(self) -> tuple[PlannedRequest, ...]:
        """Everything that was asked."""
        return tuple(shot for round_ in self.rounds for shot in round_)

    @property
    def images(self) -> int:
        """How many images were delivered to probes."""
        probes = (one for one in self.records if one.shot.case.stage == "discover")
        outcomes = (one.outcome for one in probes)
        return sum(len(one.pictures) for one in outcomes if isinstance(one, Images))

    @property
    def rows(self) -> tuple[Discovered, ...]:
        """What all of it comes to."""
        return discoveries(shipped_provider(self.world.name), self.records)

    def row(self, rule: str, parameter: str = "") -> Discovered:
        """Return the one row of that rule (or question) and parameter."""
        (found,) = [
            row
            for row in self.rows
            if rule in (row.rule, row.question) and parameter in ("", row.parameter)
        ]
        return found


def drive(world: World, *, images: int | None = None, before: Sequence[Record] = ()) -> Driven:
    """Ask until nothing is left to ask; `before` is what the plan has told, beside its base."""
    asker = world.discovery(images)
    records = [world.base(), *before]
    for record in records:
        asker.on_record(record)
    rounds = []
    while round_ := tuple(asker.on_idle()):
        rounds.append(round_)
        for asked in round_:
            records.append(world.record(asked))
            asker.on_record(records[-1])
    return Driven(world=world, records=tuple(records), rounds=tuple(rounds))


def emulated(record: Record) -> Record:
    """Return a record as the emulator's."""
    return replace(record, evidence=replace(LIVE, kind="emulator", source="emulator"))
