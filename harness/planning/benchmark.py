"""How a benchmark is laid out: which request goes to which provider, in which order and when.

Blocks are what makes providers comparable: whatever drifts with the hour meets all of them alike.
Within one, the requests stand in a random order, the same for all providers, and the same prompt
goes to each. No provider sees a prompt twice: a cache cannot answer, and nothing is paid twice.
Everything follows from the seed, in any process.
"""

import random
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from harness.cases.prompts import distinct_prompt, distinct_prompts
from harness.core.benchmark import Design, Stage, checked_reference
from harness.core.case import Case, Plan, PlannedRequest, Slot
from harness.core.errors import UsageError
from harness.core.jsonvalue import Json
from harness.core.workload import Fit, Workload
from harness.planning.benchmark_options import Measuring
from harness.planning.kept_requests import kept_requests
from harness.planning.options import Options
from harness.planning.plan import planned_request
from harness.spec.catalogue import Entry
from harness.spec.provider import Provider
from harness.spec.workload.fit import fit, serving


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockPlace:
    """One request's place, the same for all providers; `copy` counts those of a block, from 1 on.

    All of them get the same `prompt`; `due_s` is when it leaves, if a timetable says so.
    """

    stage: Stage
    workload: Workload
    block: int
    warm_up: bool
    copy: int
    prompt: str
    due_s: float = 0.0


def benchmark_plan(options: Options, entries: Sequence[Entry]) -> tuple[Design, dict[str, Plan]]:
    """Return the design of a benchmark, and each provider's part of it in the order it leaves.

    A workload that a provider does not support is missing in its plan; the others keep their
    places. Departures count from the start: 0 for closed arrivals, where the runner decides.
    Raises UsageError where there are more requests than different prompts of their length.
    """
    measuring = options.measuring
    if measuring is None:
        raise ValueError("these options ask for no benchmark")
    stages = tuple(_stage(measuring, level) for level in measuring.levels)
    fits = {
        (entry.name, workload.name): fit(entry.provider, workload)
        for workload in measuring.workloads
        for entry in entries
    }
    design = Design(
        seed=options.seed,
        workloads=measuring.workloads,
        fits=tuple(fits.values()),
        arrivals=measuring.arrivals,
        stages=stages,
        warm_up=measuring.warm_up,
        timeout_s=measuring.timeout_s,
        slo=measuring.slo,
        until_decided=measuring.until_decided,
        exchange_rates=measuring.exchange_rates,
        purchase=measuring.purchase,
    )
    if measuring.reference is not None:
        design = replace(design, reference=checked_reference(measuring.reference, design))
    deque(_places(design), maxlen=0)  # what asks for too much is refused before any is planned
    names = [entry.name for entry in entries]
    plans = {}
    for at, entry in enumerate(entries):
        mine = _lagging(_timed(design, _places(design)), _lags(design, names), at)
        plans[entry.name] = Plan(
            provider=entry.name,
            seed=options.seed,
            shots=kept_requests(_planned(entry.provider, mine, fits)),
            spec_digest=entry.digest,
        )
    return design, plans


def _lagging(
    places: Iterator[BlockPlace], lags: Iterator[Sequence[float]], at: int
) -> Iterator[BlockPlace]:
    """Let the requests of the provider `at` this place leave later, by the lag of each block."""
    blocks = groupby(places, key=lambda place: (place.stage, place.block))
    for (_, together), lag_s in zip(blocks, lags, strict=True):
        for place in together:
            yield replace(place, due_s=place.due_s + lag_s[at])


def _stage(measuring: Measuring, level: float) -> Stage:
    if measuring.arrivals == "closed":
        return Stage(name=f"c{level:g}", blocks=measuring.blocks, concurrency=int(level))
    return Stage(name=f"r{level:g}", blocks=measuring.blocks, rate_per_s=level)


def _places(design: Design) -> Iterator[BlockPlace]:
    """Yield the requests of all blocks, those of each block in a random order."""
    generator = random.Random(f"order {design.seed}")
    number = 0
    for stage in design.stages:
        for block in _blocks(design, stage):
            copies = [
                (workload, copy)
                for workload in design.workloads
                for copy in range(1, workload.weight + 1)
            ]
            generator.shuffle(copies)
            for workload, copy in copies:
                lengths = workload.prompt_lengths
                yield BlockPlace(
                    stage=stage,
                    workload=workload,
                    block=block,
                    warm_up=block <= design.warm_up,
                    copy=copy,
                    prompt=_prompt(number, lengths[(block - 1) % len(lengths)], design.seed),
                )
                number += 1


def _prompt(number: int, length: int, seed: int) -> str:
    available = distinct_prompts(length)
    if number >= available:
        raise UsageError(
            f"more than {available:,} requests: no more different prompts of {length} characters",
            hint="ask for fewer blocks, or for longer prompts",
        )
    return distinct_prompt(number, length, seed=seed)


def _timed(design: Design, places: Iterator[BlockPlace]) -> Iterator[BlockPlace]:
    """Give each request its departure; a stage begins where the one before it ends."""
    generator = random.Random(f"gaps {design.seed}")
    now_s = 0.0
    for stage, together in groupby(places, key=lambda place: place.stage):
        mean_s = _mean_gap_s(stage)
        for place in together:
            yield replace(place, due_s=now_s)
            now_s += generator.expovariate(1 / mean_s) if design.arrivals == "poisson" else mean_s
        now_s += mean_s if design.arrivals == "poisson" else 0.0  # the last provider is through


def _mean_gap_s(stage: Stage) -> float:
    """Return the mean time between two departures of a provider; 0 where nothing is timed."""
    return 1 / stage.rate_per_s if stage.rate_per_s else 0.0


def _blocks(design: Design, stage: Stage) -> range:
    """Return the numbers of a stage's blocks, warm-up first."""
    return range(1, design.warm_up + stage.blocks + 1)


def _lags(design: Design, names: Sequence[str]) -> Iterator[Sequence[float]]:
    """Yield for each block by how much each provider's requests leave later, in seconds.

    They share out the mean time between two departures in a random order, so that our own line is
    not asked for all of them at once: in a new order for each block where gaps are constant. Where
    they are random, in one order for each stage: only moved as a whole, a timetable stays one.
    """
    generator = random.Random(f"lags {design.seed}")
    nobody = [0.0] * len(names)
    for stage in design.stages:
        order: list[str] = []
        for _ in _blocks(design, stage):
            if design.arrivals == "closed":
                yield nobody
                continue
            if design.arrivals == "constant" or not order:
                order = generator.sample(names, len(names))
            yield [order.index(name) / len(names) * _mean_gap_s(stage) for name in names]


def _planned(
    provider: Provider, places: Iterator[BlockPlace], fits: Mapping[tuple[str, str], Fit]
) -> Iterator[PlannedRequest]:
    for place in places:
        fitted = fits[provider.name, place.workload.name]
        if fitted.kind != "unsupported":
            planned = planned_request(provider, _case(provider, place, fitted))
            slot = Slot(
                workload=place.workload.name,
                fit=fitted.kind,
                stage=place.stage.name,
                block=place.block,
                warm_up=place.warm_up,
            )
            yield replace(planned, due_s=place.due_s, slot=slot)


def _case(provider: Provider, place: BlockPlace, fitted: Fit) -> Case:
    workload = place.workload
    number = f"-{place.copy}" if place.copy > 1 else ""
    operation = serving(provider, workload) or workload.operation
    order = provider.operation(operation).arguments
    arguments: dict[str, Json] = {**fitted.arguments, "prompt": place.prompt}
    return Case(
        id=f"bench-{place.stage.name}-{workload.name}-b{place.block:03}{number}",
        provider=provider.name,
        operation=operation,
        expect="accept",
        about=None,
        breaks=None,
        covers=(),
        arguments={name: arguments[name] for name in order if name in arguments},
        stage="measure",
    )
