"""What a recheck asks: the questions behind a few changes again, between and among controls.

A promise is asked for again in other words, after a plain request that is to be served; times and
failures are asked for again as the run asked, in a random order among requests whose figures did
not change. So a slow network, or an outage of everything, shows in the controls as well.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random

from harness.cases.boundaries import plain_case
from harness.cases.build import Builder
from harness.cases.rewording import numbered_variants, same_boundaries, same_question
from harness.core.benchmark import Benchmark, Design
from harness.core.benchmark import Stage as BenchmarkStage
from harness.core.case import FIRST_STAGES, Asking, Case, Plan, PlannedRequest, Slot, Stage
from harness.core.jsonvalue import canonical
from harness.planning.benchmark_options import Measuring
from harness.planning.doubts import (
    FEWEST,
    MOST_ASKINGS,
    PromiseDoubt,
    RecheckPlan,
    SampleDoubt,
)
from harness.planning.plan import Limits, planned_request
from harness.spec.catalogue import Entry
from harness.spec.provider import Provider
from harness.spec.request import carried

CONTROLS = 2
"""How many plain requests there are beside one promise: before, and after what came again."""


def recheck_plan(  # noqa: PLR0913 - what is asked again, of whom, and for how much
    entries: Mapping[str, Entry],
    sent: Sequence[PlannedRequest],
    *,
    promises: Sequence[PromiseDoubt],
    samples: Sequence[SampleDoubt],
    limits: Mapping[str, Limits],
    seed: int,
    design: Design | None = None,
) -> RecheckPlan:
    """Return what asks again, of `sent` requests of a run; equal input, equal plan.

    No body of `sent` is in it. What the `limits` of a provider cannot carry is `unasked`, with the
    reason. A run that was a benchmark of this `design` is measured again as it was measured.
    """
    making = _Making(entries=entries, sent=sent, limits=limits, seed=seed)
    for doubt in sorted(promises, key=lambda each: not _is_plain(each.planned.case)):
        making.promise(doubt)
    making.figures(samples, is_benchmark=design is not None)
    if design is None:
        return making.plan(None)
    for name, shots in making.shots.items():
        making.shots[name] = [*_in_blocks(design, shots)]
    return making.plan(Benchmark(design=_shorter(design, making.shots)))


def measuring_of(design: Design) -> Measuring:
    """Return the choices of a benchmark that was laid out so."""
    return Measuring(
        workloads=design.workloads,
        arrivals=design.arrivals,
        levels=tuple(stage.concurrency or stage.rate_per_s or 1 for stage in design.stages),
        timeout_s=design.timeout_s,
    )


def _in_blocks(design: Design, shots: Sequence[PlannedRequest]) -> Iterator[PlannedRequest]:
    """Yield a benchmark's requests block by block, at the load that each stage had."""
    due_s = 0.0
    for stage in design.stages:
        ours = [(each.slot.block, each) for each in shots if each.slot and _of(stage, each.slot)]
        for _, each in sorted(ours, key=lambda one: one[0]):  # stable: random within a block
            yield replace(each, due_s=due_s)
            due_s += 1 / stage.rate_per_s if stage.rate_per_s else 0.0


def _of(stage: BenchmarkStage, slot: Slot) -> bool:
    return slot.stage == stage.name


def _shorter(design: Design, shots: Mapping[str, Sequence[PlannedRequest]]) -> Design:
    """Return the design with as many blocks as are asked again, no warm-up and no race."""
    slots = [each.slot for several in shots.values() for each in several if each.slot]
    blocks = {
        stage.name: len({slot.block for slot in slots if slot.stage == stage.name})
        for stage in design.stages
    }
    stages = (replace(stage, blocks=blocks[stage.name]) for stage in design.stages)
    names = {*shots}
    return replace(
        design,
        seed=design.seed,
        stages=tuple(stage for stage in stages if stage.blocks),
        fits=tuple(fit for fit in design.fits if fit.provider in names),
        warm_up=0,
        until_decided=False,
        slo=None,
        reference=design.reference if design.reference in names else None,
        purchase=None,
    )


def _is_plain(case: Case) -> bool:
    return case.id == f"{case.operation}/base"


@dataclass(slots=True, kw_only=True)
class _Making:
    """A recheck that is being put together."""

    entries: Mapping[str, Entry]
    sent: Sequence[PlannedRequest]
    limits: Mapping[str, Limits]
    seed: int
    shots: dict[str, list[PlannedRequest]] = field(default_factory=dict)
    _askings: dict[str, list[Asking]] = field(default_factory=dict)
    _asked: list[str] = field(default_factory=list)
    _unasked: dict[str, str] = field(default_factory=dict)
    _questions: dict[str, Asking] = field(default_factory=dict)
    _figures: list[PlannedRequest] = field(default_factory=list)
    _controls: dict[str, tuple[PlannedRequest, ...]] = field(default_factory=dict)
    _bodies: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._bodies = {self._body(each.case) for each in self.sent}

    def plan(self, benchmark: Benchmark | None) -> RecheckPlan:
        """Return what was put together."""
        return RecheckPlan(
            plans={
                name: Plan(
                    provider=name,
                    seed=self.seed,
                    shots=tuple(shots),
                    spec_digest=self.entries[name].digest,
                    askings=tuple(self._askings.get(name, ())),
                )
                for name, shots in self.shots.items()
                if shots
            },
            benchmark=benchmark,
            asked=tuple(self._asked),
            unasked=self._unasked,
            questions=self._questions,
            figures=tuple(self._figures),
            controls=self._controls,
        )

    # ------------------------------------------------------------------------------ promises
    def promise(self, doubt: PromiseDoubt) -> None:
        """Ask for a promise again, after a plain request; say why where that cannot be."""
        name = doubt.planned.case.provider
        same = next((each for each in self._askings.get(name, ()) if _is_of(each, doubt)), None)
        if same is not None:
            self._asked.append(doubt.name)
            self._questions[doubt.name] = same
            return
        cases = self._in_other_words(doubt)
        controls = self._plain_requests(doubt.planned.case)
        if not cases:
            self._unasked[doubt.name] = "nothing but what it is about could be changed in it"
            return
        shots = [planned_request(self._provider(name), each) for each in (*cases, *controls[:1])]
        if why := self._short(name, shots[:1] + shots[len(cases) :]):
            self._unasked[doubt.name] = why
            return
        asking = Asking(
            check=doubt.check,
            constraint=doubt.constraint,
            cases=cases,
            controls=controls,
            enough=min(doubt.enough, len(cases)),
        )
        self._askings.setdefault(name, []).append(asking)
        self._asked.append(doubt.name)
        self._questions[doubt.name] = asking
        self._put(name, shots[len(cases) :] + shots[:1])

    def _in_other_words(self, doubt: PromiseDoubt) -> tuple[Case, ...]:
        first = doubt.planned.case
        plain = () if _is_plain(first) else (f"{first.operation}/base",)
        asked = replace(first, stage="plan", follows=None, depends_on=plain, drawn=False)
        cases: list[Case] = []
        for number in range(doubt.most):
            other = self._reworded(asked, self.seed + number)
            if other is None:
                break
            later = {"id": f"{first.id}/again-{number}", "stage": "confirm", "follows": first.id}
            cases.append(other if not number else replace(other, **later))  # type: ignore[arg-type]
        return tuple(cases)

    def _plain_requests(self, beside: Case) -> tuple[Case, ...]:
        """Return plain requests of the operation, or of another one where it is the plain one."""
        provider = self._provider(beside.provider)
        operation = beside.operation
        if _is_plain(beside):
            others = [each for each in provider.operations if each != operation]
            if not others:
                return ()
            operation = others[0]
        plain = replace(plain_case(Builder(provider, operation)), follow_ups=())
        here = self.shots.get(beside.provider, ())
        known = next((each.case for each in here if each.case.id == plain.id), None)
        cases = [known] if known else []
        while len(cases) < CONTROLS:
            number = len(cases)
            other = self._reworded(plain, self.seed + number + (MOST_ASKINGS if number else 0))
            if other is None:
                break
            # those of several promises have names of their own
            place = f"{plain.id}/control-{number}-{beside.id.replace('/', '-')}"
            later = {"id": place, "stage": "confirm", "follows": plain.id}
            cases.append(other if not number else replace(other, **later))  # type: ignore[arg-type]
        return tuple(cases)

    # ------------------------------------------------------------------------------- figures
    def figures(self, doubts: Sequence[SampleDoubt], *, is_benchmark: bool) -> None:
        """Ask for figures again, among controls in a random order or as the blocks stand."""
        draw = Random(f"recheck {self.seed}")
        chosen: dict[tuple[str, str], PlannedRequest] = {}
        for doubt in doubts:
            theirs = [each for each in self._valid() if doubt.covers(each)]
            beside = self._beside(doubt, doubts)
            asked, controls = self._affordable(
                *_drawn(theirs, beside, doubt.requests, draw, blocks=is_benchmark)
            )
            if len(asked) < min(FEWEST, doubt.requests):
                self._unasked[doubt.name] = (
                    "the run has asked no such question"
                    if not theirs
                    else f"it takes at least {min(FEWEST, doubt.requests)} requests, and the "
                    f"budget carries {len(asked)}"
                )
                continue
            self._asked.append(doubt.name)
            self._controls[doubt.name] = tuple(controls)
            chosen |= {_place(each): each for each in (*asked, *controls)}
        order = [*chosen]
        draw.shuffle(order)
        for name, case_id in order:
            self._again(name, case_id, chosen[name, case_id])

    def _again(self, name: str, case_id: str, first: PlannedRequest) -> None:
        self._figures.append(first)
        if any(each.case.id == case_id for each in self.shots.get(name, ())):
            return
        again = replace(first.case, stage=_stage(first), depends_on=(), follow_ups=(), follows=None)
        other = self._reworded(again, self.seed + 2 * MOST_ASKINGS)
        if other is not None:
            planned = planned_request(self._provider(name), other)
            self._put(name, [replace(planned, slot=first.slot, due_s=first.due_s)])

    def _valid(self) -> Iterator[PlannedRequest]:
        for each in self.sent:
            case = each.case
            first = case.stage in (*FIRST_STAGES, "measure") and case.credential == "own"
            if first and case.expect == "accept" and not (each.slot and each.slot.warm_up):
                yield each

    def _beside(
        self, doubt: SampleDoubt, doubts: Sequence[SampleDoubt]
    ) -> Sequence[PlannedRequest]:
        """Return what may be a control: another provider's that did not change, else this one's.

        Our network is the same for all of them. Where the figures of several providers all seem to
        move, each is the other's control.
        """
        others = [each for each in self._valid() if each.case.provider != doubt.provider]
        still = [
            each
            for each in self._valid()
            if not any(one.covers(each) for one in doubts) and not doubt.may_be_moved(each)
        ]
        apart = [each for each in still if each.case.provider != doubt.provider]
        return apart or still or others

    def _affordable(
        self, asked: Sequence[PlannedRequest], controls: Sequence[PlannedRequest]
    ) -> tuple[Sequence[PlannedRequest], Sequence[PlannedRequest]]:
        """Return as many of both as the limits carry, at their list prices."""
        number = len(asked)
        while number:
            beside = controls[: -(-len(controls) * number // len(asked))]
            if self._carries((*asked[:number], *beside)):
                return asked[:number], beside
            number -= 1
        return (), ()

    def _carries(self, planned: Iterable[PlannedRequest]) -> bool:
        shots: dict[str, list[PlannedRequest]] = {}
        for each in planned:
            shots.setdefault(each.case.provider, []).append(each)
        return not any(self._short(name, several) for name, several in shots.items())

    # --------------------------------------------------------------------------------- money
    def _short(self, name: str, more: Sequence[PlannedRequest]) -> str:
        """Say which limit of a provider cannot carry these beside what is planned; "" if none."""
        limits = self.limits.get(name, Limits())
        ids = {each.case.id for each in self.shots.get(name, ())}
        all_ = [*self.shots.get(name, ()), *(each for each in more if each.case.id not in ids)]
        amount = sum((each.price.amount for each in all_), Decimal(0))
        images = sum(each.price.images for each in all_)
        if limits.amount is not None and amount > limits.amount:
            return f"the budget of {limits.amount:f} does not pay for it"
        if limits.images is not None and images > limits.images:
            return f"a limit of {limits.images} images is too small for it"
        if limits.requests is not None and len(all_) > limits.requests:
            return f"a limit of {limits.requests} requests is too small for it"
        return ""

    # --------------------------------------------------------------------------------- words
    def _put(self, name: str, shots: Iterable[PlannedRequest]) -> None:
        here = self.shots.setdefault(name, [])
        known = {each.case.id for each in here}
        here += [each for each in shots if each.case.id not in known]

    def _reworded(self, case: Case, number: int) -> Case | None:
        """Return the question in words that were not sent before, or None."""
        operation = self._provider(case.provider).operation(case.operation)
        for arguments in numbered_variants(operation, case, number):
            other = replace(case, arguments=arguments)
            same = same_question(operation, case, other) and same_boundaries(operation, case, other)
            if same and (body := self._body(other)) not in self._bodies:
                self._bodies.add(body)
                return other
        return None

    def _body(self, case: Case) -> str:
        operation = self._provider(case.provider).operation(case.operation)
        said = canonical(carried(operation, case.arguments))
        return f"{case.provider} {case.operation} {case.credential} {said}"

    def _provider(self, name: str) -> Provider:
        return self.entries[name].provider


def _is_of(asking: Asking, doubt: PromiseDoubt) -> bool:
    theirs = (asking.check, asking.constraint, asking.cases[0].id)
    return theirs == (doubt.check, doubt.constraint, doubt.planned.case.id)


def _place(planned: PlannedRequest) -> tuple[str, str]:
    return planned.case.provider, planned.case.id


def _stage(planned: PlannedRequest) -> Stage:
    return "plan" if planned.slot is None else planned.case.stage


def _drawn(
    theirs: Sequence[PlannedRequest],
    beside: Sequence[PlannedRequest],
    number: int,
    draw: Random,
    *,
    blocks: bool,
) -> tuple[list[PlannedRequest], list[PlannedRequest]]:
    """Return so many at random with half as many controls, in a benchmark of the same blocks."""
    if not blocks:
        few = _controls_of(number)
        return (
            draw.sample(theirs, min(number, len(theirs))),
            draw.sample(beside, min(few, len(beside))),
        )
    order = [*dict.fromkeys(_block(each.slot) for each in theirs if each.slot)]
    draw.shuffle(order)
    asked: list[PlannedRequest] = []
    controls: list[PlannedRequest] = []
    for block in order:
        asked += [each for each in theirs if each.slot and _block(each.slot) == block]
        controls += [each for each in beside if each.slot and _block(each.slot) == block]
        if len(asked) >= number:
            break
    few = _controls_of(len(asked))
    return asked, draw.sample(controls, min(few, len(controls)))


def _controls_of(number: int) -> int:
    """Return how many controls stand among so many requests: they tell less, and cost as much."""
    return max(FEWEST, number // 2)


def _block(slot: Slot) -> tuple[str, int]:
    return slot.stage, slot.block
