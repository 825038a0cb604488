"""A small world: a provider as a function of arguments, and a session that asks it everything."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from harness.adaptive.confirm import FailureReducer
from harness.cases.build import Builder
from harness.cases.draw import drawn_cases
from harness.cases.prompts import PLAIN
from harness.core.case import Case, PlannedRequest
from harness.core.exchange import Event, Exchange, Reply, Times
from harness.core.jsonvalue import Json, canonical
from harness.core.outcome import Images, Outcome
from harness.core.record import Record
from harness.planning.plan import planned_request
from harness.spec.price import images_asked
from harness.spec.rules import edges
from tests.cases.strategies import accepted_arguments
from tests.checks.build import LIVE, picture, refused, served
from tests.shipped import shipped_provider as shipped

Answering = Callable[[Case], Outcome]
REFUSED = refused("The request was not accepted.", parameter=None)


def fine(case: Case) -> Images:
    """A reply that keeps every promise about images."""
    arguments = case.arguments
    operation = shipped(case.provider).operation(case.operation)
    size = edges(arguments.get("size", operation.default("size"))) or (1024, 1024)
    ratio = str(arguments.get("aspect_ratio", operation.default("aspect_ratio")))
    if edges(arguments.get("size")) is None and ":" in ratio:
        wide, high = map(int, ratio.split(":"))
        size = (wide * 100, high * 100)
    kind = str(arguments.get("output_format", operation.reply.default_format or "png"))
    number = images_asked(operation, arguments)
    return served(*(picture(*size, kind=kind) for _ in range(number)))


def refusing(*strict: dict[str, Json]) -> Answering:
    """A provider that refuses what holds all values of one of these; a prompt by its length."""

    def answer(case: Case) -> Outcome:
        if case.expect == "refuse" or any(holds(case, one) for one in strict):
            return REFUSED
        return fine(case)

    return answer


def holds(case: Case, values: dict[str, Json]) -> bool:
    return all(name in case.arguments and case.arguments[name] == values[name] for name in values)


def _streamed(asked: PlannedRequest, outcome: Outcome) -> tuple[Exchange, ...]:
    """The events of a served stream."""
    stream = shipped(asked.case.provider).operation(asked.case.operation).stream
    if stream is None or not asked.case.arguments.get("stream") or outcome is REFUSED:
        return ()
    reply = Reply(status=200, events=(Event(name=stream.completed, at_s=1.0, data={}),))
    times = Times(due_s=0, sent_s=0, end_s=1)
    return (Exchange(request=asked.request, answer=reply, times=times),)


@dataclass
class World:
    """Answers shots with records and remembers what was sent, in which order."""

    answer: Answering
    records: list[Record] = field(default_factory=list)

    def ask(self, asked: PlannedRequest) -> Record:
        outcome = self.answer(asked.case)
        record = Record(
            shot=asked, evidence=LIVE, outcome=outcome, exchanges=_streamed(asked, outcome)
        )
        self.records.append(record)
        return record

    def run(self, inquiry: FailureReducer, cases: Iterable[Case]) -> list[Record]:
        """Ask everything, what the inquiry wants first, until it wants nothing; return it all."""
        name = next(iter(cases := list(cases))).provider
        waiting = [planned_request(shipped(name), case) for case in cases]
        while waiting:
            first = waiting.pop(0)
            waiting = [*inquiry.on_record(self.ask(first)), *waiting]
            if not waiting:
                waiting = list(inquiry.on_idle())
        return self.records

    def asked(self, *stages: str) -> list[Case]:
        return [one.shot.case for one in self.records if one.shot.case.stage in stages]

    def paid_bodies(self) -> list[str]:
        return [
            canonical([one.shot.case.operation, one.shot.case.arguments])
            for one in self.records
            if isinstance(one.outcome, Images)
        ]


def base(name: str = "sub2api") -> Case:
    builder = Builder(shipped(name), "generate")
    return builder.accept("base", builder.base(prompt=PLAIN), None)


def row(number: int, name: str = "sub2api", **values: Json) -> Case:
    """A valid request with these values beside the plain ones, and a prompt of its own."""
    builder = Builder(shipped(name), "generate")
    prompt = values.pop("prompt", f"A drawing of {number} ripe pears in a bowl")
    arguments = {**builder.base(prompt=PLAIN), "prompt": prompt, **values}
    return builder.accept(f"row/{number}", arguments, None)


def drawn_rows(name: str, count: int, seed: int) -> list[Case]:
    """The plain request, and drawn valid ones under ids of their own."""
    builder = Builder(shipped(name), "generate")
    found = drawn_cases(accepted_arguments(builder, cheap=True), count=count, seed_=seed)
    unlike = {canonical(one.arguments): one for one in found}
    return [base(name), *unlike.values()]


def shuffled(items: Sequence[Case], seed: int) -> list[Case]:
    """The plain request first, the rest in another order."""
    first, *rest = items
    Random(seed).shuffle(rest)
    return [first, *rest]
