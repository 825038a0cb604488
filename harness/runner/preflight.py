"""Whether a run can begin as its options say, and what it then sends; nothing is sent here."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

from harness.core.benchmark import Benchmark
from harness.core.case import Plan
from harness.core.errors import UsageError
from harness.core.record import RunHeader
from harness.planning.benchmark import benchmark_plan
from harness.planning.benchmark_options import Measuring, measuring
from harness.planning.conformance import plan_for
from harness.planning.exploration import with_exploration
from harness.planning.flags import given
from harness.planning.kept import keeps_limits, with_kept
from harness.planning.options import (
    REAL_TIME,
    Against,
    Options,
    Target,
    refuse_conformance,
    refuse_slow,
)
from harness.planning.plan import dumped, is_unaltered, plan_digest, price_sentence, read_plan
from harness.runner.addresses import (
    OwnAddresses,
    began_here,
    resumed_addresses,
    unencrypted,
)
from harness.runner.recording import (
    is_recorded,
    load_tape,
    recorded_benchmark,
    recorded_plan,
    sample_folder,
)
from harness.spec.load import checked_names, shipped_provider
from harness.spec.load import shipped_provider as shipped
from harness.spec.provider import OPERATIONS
from harness.store.folder import RunFolder
from harness.store.own import insist_own
from harness.store.reader import StoredRun
from harness.transport.bodies.images import ImageCollector
from harness.transport.cassettes.cassette import Tape

SEEDS = 1_000_000
CONFORMANCE_ONLY = (
    *("--operation", "--quick", "--discover", "--strength", "--max-shrink-requests", "--explore"),
)
"""Flags that mean nothing in a benchmark."""

Note = Callable[[str], None]
"""Receives a sentence that the user is to read."""


def decided(
    options: Options, past: RunHeader | None, *, environment: Mapping[str, str], note: Note
) -> Options:
    """Return the options of a run with everything decided that they leave open.

    That is: providers and their addresses, the keys of the `environment`, the seed, what a
    benchmark measures. A run that resumes a `past` one keeps its providers and plans. Raises
    UsageError for options that do not go together, and for a live run without an address, a key or
    a budget.
    """
    keys = {name: environment.get(shipped(name).auth.env, "").strip() for name in checked_names(())}
    if past is not None:
        options = _as_begun(options, past, keys, note)
    _refuse_retries(options, past)
    target = options.target
    if past is not None:
        target = replace(target, against=_against(past), providers=tuple(past.evidence))
    options = replace(options, target=target)
    benchmark, measured = _measuring(options, past)
    providers = _selected(target, keys, note)
    documented = {name: url for name in keys if (url := shipped(name).base_url)}
    base_urls = {**documented, **target.base_urls}
    if past is not None and target.against == "live":
        own = OwnAddresses(typed=target.base_urls, documented=documented, keys=keys)
        base_urls = resumed_addresses(past, options.output.resume or Path(), own)
    target = replace(target, providers=providers, base_urls=base_urls, keys=keys)
    emulator = options.emulator
    if benchmark and emulator.time_scale is None:
        emulator = replace(emulator, time_scale=REAL_TIME)
    seed = options.planning.seed
    fresh = fresh_seed(seed, against=target.against, benchmark=benchmark)
    complete = replace(
        options,
        target=target,
        planning=replace(options.planning, seed=past.seed if past else fresh),
        emulator=emulator,
        measuring=measured,
    )
    _refuse_odd(complete, seed)
    _refuse_exploration(complete)
    if target.against == "live":
        _refuse_unready(complete, note)
    folder = _cassettes(options, target.against, note)
    return replace(complete, output=replace(options.output, cassettes=folder))


def _cassettes(options: Options, against: Against, note: Note) -> Path:
    """Return the folder of the cassettes: one that was named, one that is here, or the samples.

    UsageError for a replay where there is none of them.
    """
    named = options.output.cassettes
    if named is not None or against != "cassettes" or is_recorded(options.cassettes):
        return options.cassettes
    samples = sample_folder()
    if samples is None:
        raise UsageError(
            f"there are no recorded replies in {options.cassettes}",
            hint="record some, or go without: harness run --against emulator",
        )
    note(f"replays the samples that come with the harness, in {samples}")
    return samples


def _as_begun(options: Options, past: RunHeader, keys: Mapping[str, str], note: Note) -> Options:
    """Return the options with those that a run began with.

    What is an owner's to choose, limits above all, only where it is proved that this user began a
    live run: another's are no promise to pay.
    """
    proved = past.against != "live" or began_here(past, keys)
    if not proved and keeps_limits(past.choices):
        note(
            f"the limits that {options.output.resume} keeps are not used: nothing proves that this "
            "run began with your key"
        )
    return with_kept(options, past.choices, owned=proved)


def _refuse_retries(options: Options, past: RunHeader | None) -> None:
    if not options.output.retry_unknown:
        return
    if past is None:
        raise UsageError(
            "--retry-unknown is for a run that goes on", hint="add --resume and its folder"
        )
    if past.benchmark is not None:
        raise UsageError(
            "--retry-unknown: what a benchmark was cut off in stays unmeasured: sent again, it "
            "would be no part of its block",
            hint="leave it out",
        )


def _measuring(options: Options, past: RunHeader | None) -> tuple[bool, Measuring | None]:
    """Tell whether a run is a benchmark, and what it is to measure unless that was laid out before.

    UsageError for options that do not go together.
    """
    benchmark, only = options.benchmark, options.planning.only
    concurrency = options.limits.concurrency
    if past is not None and only == "benchmark" and past.benchmark is None:
        raise UsageError("--resume: this run tests conformance", hint="leave --only benchmark out")
    if only != "benchmark" and (past is None or past.benchmark is None):
        if options.measuring is not None:
            return True, options.measuring
        return False, measuring(benchmark, only=only)
    typed = (*given(options.target), *given(options.planning), *given(options.limits))
    refuse_conformance([name for name in CONFORMANCE_ONLY if name in typed])
    laid_out = [name for name in given(benchmark) if name != "--no-calibrate"]
    laid_out += ["--concurrency"] if concurrency is not None else []
    if past is not None and laid_out:
        raise UsageError(
            f"{', '.join(laid_out)}: a run that is resumed keeps its design", hint="leave it out"
        )
    changing = [name for name in laid_out if name != "--slo"]  # which judges, and changes nothing
    if options.target.against == "cassettes" and changing:
        raise UsageError(
            f"{', '.join(changing)}: a recorded benchmark keeps its design",
            hint="add --against emulator or live",
        )
    if past is not None:
        return True, None
    return True, options.measuring or measuring(benchmark, only=only, concurrency=concurrency)


def fresh_seed(given: int | None, *, against: Against, benchmark: bool) -> int:
    """Return the seed of a new run: 0, unless a benchmark asks the providers themselves.

    That one draws prompts which no earlier run has sent, for a cache would answer those in no time.
    """
    if given is not None:
        return given
    return secrets.randbelow(SEEDS) if benchmark and against == "live" else 0


def _selected(target: Target, keys: Mapping[str, str], note: Note) -> tuple[str, ...]:
    """Return the providers to run: a live run goes nowhere that the user did not point at.

    Without providers, those with a base URL; without that either, those with a key.
    """
    if target.against != "live" or target.providers:
        return checked_names(target.providers)
    if target.base_urls:
        return checked_names(tuple(target.base_urls))
    ready = tuple(name for name, key in keys.items() if key)
    if not ready:
        variables = ", ".join(shipped(name).auth.env for name in keys)
        raise UsageError("no key is set", hint=f"export one of {variables}")
    for name in keys:
        if name not in ready:
            note(f"{name} is left out: {shipped(name).auth.env} is not set")
    return ready


def _against(past: RunHeader) -> Against:
    """Return what a run was sent to; UsageError where it was sent nowhere."""
    for against in get_args(Against):
        if past.against == against:
            return against  # type: ignore[no-any-return]  # a member of the type
    raise UsageError(
        f"{past.run} is against {past.against!r}, which nothing is sent to",
        hint="only a run of cassettes, the emulator or live can be resumed",
    )


def _refuse_odd(options: Options, seed: int | None) -> None:
    refuse_slow(options.planning, ["--record"] if options.output.record else ())
    target, emulator, record = options.target, options.emulator, options.output.record
    if target.against == "cassettes":
        if record:
            raise UsageError("--record needs replies to record", hint="add --against emulator")
        if options.planning.quick:
            raise UsageError(
                "--quick: cassettes are replayed with the plan they were recorded with",
                hint="add --against emulator or live",
            )
        if seed is not None:
            raise UsageError(
                "--seed: cassettes are replayed with the plan they were recorded with",
                hint=f"record one: harness run --against emulator --record --seed {seed}",
            )
    if record and set(options.operations) != set(OPERATIONS):
        raise UsageError(
            "--record writes the cassettes of all operations, which share a plan",
            hint="leave --operation out",
        )
    if target.against != "live" and (target.assets_url or target.webhook_url):
        raise UsageError(
            "--assets-url and --webhook-url are for real endpoints",
            hint="add --against live; the emulator is served from loopback",
        )
    if target.against != "emulator" and (emulator.faults or emulator.port):
        raise UsageError("--fault and --port are the emulator's", hint="add --against emulator")


def _refuse_exploration(options: Options) -> None:
    if not options.planning.explore:
        return
    if options.target.against == "cassettes":
        raise UsageError(
            "--explore: cassettes answer only what was recorded",
            hint="add --against emulator or live",
        )
    if options.output.resume is not None:
        raise UsageError(
            "--explore: a run that is resumed explores as far as it began to", hint="leave it out"
        )


def _refuse_unready(options: Options, note: Note) -> None:
    """Refuse a live run that has no address, no key or no budget; without one, tell the price."""
    target, limits = options.target, options.limits
    for name in target.providers:
        provider = shipped(name)
        if not target.base_urls.get(name):
            raise UsageError(
                f"{name} has no address of its own", hint=f"give --base-url {name}=https://..."
            )
        if not target.keys.get(name):
            raise UsageError(
                f"{provider.auth.env} is not set", hint=f"export the key of {provider.title} in it"
            )
        if unencrypted(target.base_urls[name]):
            note(f"{name}: {target.base_urls[name]} is not https: your key goes there unencrypted")
    unlimited = [
        name
        for name in target.providers
        if name not in limits.budgets and limits.max_images is None and not options.planning.quick
    ]
    if unlimited:
        plans = _plans(options)
        for name in unlimited:
            note(price_sentence(plans[name], shipped(name)))
        raise UsageError(
            f"a live run needs a budget for {', '.join(unlimited)}; nothing was sent",
            hint=" ".join(f"--budget {name}=AMOUNT" for name in unlimited),
        )


def _plans(options: Options) -> dict[str, Plan]:
    resume, providers = options.output.resume, options.target.providers
    if resume is not None:
        return {name: plan_of(resume, name) for name in providers}
    if options.measuring is not None:
        return benchmark_plan(options)[1]
    return {name: plan_for(name, options) for name in providers}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """Each provider's plan, in a replay with its cassettes; the benchmark, if it is one."""

    plans: dict[str, Plan]
    tapes: dict[str, Tape] = field(default_factory=dict)
    benchmark: Benchmark | None = None


def run_plan(
    options: Options, folder: Path, past: StoredRun | None, pictures: ImageCollector
) -> RunPlan:
    """Return what a run is to send; HarnessError where that cannot be read or planned."""
    benchmark = past.header.benchmark if past else None
    if options.target.against == "cassettes":
        return _recorded(options, pictures, measured=bool(options.measuring or benchmark))
    if past is not None:
        digests = past.header.plan_digests
        plans = {
            name: plan_of(folder, name, digest=digests.get(name))
            for name in options.target.providers
        }
        _refuse_altered(past)
        return RunPlan(plans=plans, benchmark=benchmark)
    if options.measuring is None:
        plans = {name: plan_for(name, options) for name in options.target.providers}
        return RunPlan(
            plans={
                name: with_exploration(plan, options, folder=folder) for name, plan in plans.items()
            }
        )
    design, plans = benchmark_plan(options)
    return RunPlan(plans=plans, benchmark=Benchmark(design=design))


def _refuse_altered(past: StoredRun) -> None:
    """Refuse a journal whose requests are not what their arguments make of them.

    Those beside the plan are sent as the journal holds them, and their money is set aside by it.
    """
    ended = (record.shot for record in past.records if record.skipped is None)
    for planned in (*ended, *(unfinished.line.shot for unfinished in past.unfinished)):
        case = planned.case
        if not is_unaltered(shipped(case.provider), planned):
            raise UsageError(
                f"the journal's request of {case.id} is not what {case.provider}'s TOML makes of "
                "its arguments",
                hint="the TOML or the journal changed; start a new run",
            )


def _recorded(options: Options, pictures: ImageCollector, *, measured: bool) -> RunPlan:
    cassettes, names = options.cassettes, options.target.providers
    if measured:
        benchmark, plans, tapes = recorded_benchmark(cassettes, names, pictures)
        if options.measuring is not None and options.measuring.slo is not None:
            benchmark = benchmark.against(options.measuring.slo)
        return RunPlan(plans=plans, tapes=tapes, benchmark=benchmark)
    tapes = {name: load_tape(cassettes / name, pictures) for name in names}
    plans = {
        name: recorded_plan(cassettes, name, tape, options.operations)
        for name, tape in tapes.items()
    }
    return RunPlan(plans=plans, tapes=tapes)


def save_plan(folder: RunFolder, plan: Plan) -> None:
    """Write a plan beside the journal."""
    folder.write_file(f"plan-{plan.provider}.json", dumped(plan))


def plan_of(folder: Path, name: str, *, digest: str | None = None) -> Plan:
    """Read a plan back from a run folder; UsageError where it is missing or unreadable.

    The same where it is not the one of this `digest`, or no plain file of the folder.
    """
    hint = "without its plan a run cannot go on; start a new one"
    file = f"plan-{name}.json"
    insist_own(folder / file)
    plan = read_plan(folder / file, provider=shipped_provider(name), hint=hint)
    if digest is not None and plan_digest(plan) != digest:
        raise UsageError(f"{folder / file} is not the plan that run.json names", hint=hint)
    return plan
