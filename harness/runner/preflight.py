"""Whether a run can begin as its options say, and what it then sends; nothing is sent here."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

from harness.core.case import Plan
from harness.core.errors import UsageError
from harness.core.record import RunHeader
from harness.planning.benchmark_options import Measuring, measuring
from harness.planning.flags import given
from harness.planning.kept import keeps_limits, with_kept
from harness.planning.options import (
    REAL_TIME,
    Against,
    Options,
    Target,
    refuse_conformance,
    refuse_slow,
    refuse_unknown_operations,
)
from harness.planning.plan import price_limit, price_sentence
from harness.runner.addresses import (
    OwnAddresses,
    began_here,
    resumed_addresses,
    unencrypted,
)
from harness.runner.availability import available, cassette_folder
from harness.runner.keeping import KEEP_IMAGES
from harness.runner.plans import entries_of, plans_of
from harness.runner.recording import SAMPLES
from harness.runner.slices import distribution_of, refuse_merged, refuse_slices
from harness.runner.specs import other_specs, refuse_other_specs
from harness.spec.catalogue import Catalogue
from harness.spec.provider import Provider

SEEDS = 1_000_000
CONFORMANCE_ONLY = (
    *("--operation", "--quick", "--discover", "--strength", "--max-shrink-requests", "--explore"),
)
"""Flags that mean nothing in a benchmark."""

JUDGING = ("--slo", "--reference", "--exchange-rate")
"""Flags of a benchmark that judge what was measured, and change no request."""

SAMPLES_REPLAYED = "replayed: the samples that come with the harness"

Note = Callable[[str], None]
"""Receives a sentence that the user is to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The options of a run with nothing left open, and what its reports are to say of them."""

    options: Options
    notes: tuple[str, ...]


def decided(
    options: Options,
    past: RunHeader | None,
    *,
    catalogue: Catalogue,
    environment: Mapping[str, str],
    note: Note,
) -> Decided:
    """Return the options of a run with everything decided that they leave open.

    That is: providers and their addresses, the keys of the `environment`, the seed, what a
    benchmark measures. A run that resumes a `past` one keeps its providers and plans. Of others,
    those that cannot answer are left out, which `note` is told, too. Raises UsageError for options
    that do not go together, where no provider is left, and for a live run without an address, a key
    or a budget.
    """
    typed = (*options.limits.budgets, *options.target.base_urls)
    for name in (*typed, *options.benchmark.exchange_rates):
        catalogue.entry(name)
    env = {name: provider.auth.env for name, provider in catalogue.providers.items()}
    keys = {name: environment.get(variable, "").strip() for name, variable in env.items()}
    if past is not None:
        refuse_merged(past)
        options = replace(options, distribution=distribution_of(options.distribution, past))
        refuse_other_specs(past, catalogue)
        options = _as_begun(options, past, catalogue, keys, note)
    _refuse_retries(options, past)
    target = options.target
    if past is not None:
        target = replace(target, against=_against(past), providers=tuple(past.evidence))
    folder = cassette_folder(options, against=target.against)
    output = replace(options.output, cassettes=folder)
    options = replace(options, target=target, output=output)
    benchmark, measured = _measuring(options, past)
    _refuse_odd(options)
    _refuse_exploration(options)
    refuse_slices(options, measured)
    notes = [SAMPLES_REPLAYED] if folder in SAMPLES else []
    if past is None:
        chosen = _selected(target, catalogue, keys, notes.append)
        providers = available(
            [catalogue.entry(name) for name in chosen],
            against=target.against,
            cassettes=folder,
            benchmark=benchmark,
            left_out=notes.append,
        )
    else:
        providers = tuple(catalogue.entry(name).name for name in past.evidence)
    for sentence in notes:
        note(sentence)
    base_urls = _base_urls(options, past, catalogue, keys)
    target = replace(target, providers=providers, base_urls=base_urls, keys=keys)
    emulator = options.emulator
    if benchmark and emulator.time_scale is None:
        emulator = replace(emulator, time_scale=REAL_TIME)
    fresh = fresh_seed(options.planning.seed, against=target.against, benchmark=benchmark)
    complete = replace(
        options,
        target=target,
        planning=replace(options.planning, seed=past.seed if past else fresh),
        emulator=emulator,
        measuring=measured,
    )
    _refuse_operations(complete, [catalogue.provider(name) for name in target.providers])
    if target.against == "live":
        _refuse_unready(complete, catalogue, note)
    return Decided(options=complete, notes=tuple(notes))


def _base_urls(
    options: Options, past: RunHeader | None, catalogue: Catalogue, keys: Mapping[str, str]
) -> dict[str, str]:
    """Return where each provider is reached."""
    typed = options.target.base_urls
    documented = {
        name: url for name, provider in catalogue.providers.items() if (url := provider.base_url)
    }
    if past is None or options.target.against != "live":
        return {**documented, **typed}
    own = OwnAddresses(typed=typed, documented=documented, keys=keys, specs=other_specs(catalogue))
    kept = frozenset(name for name, entry in catalogue.items() if entry.kind == "kept")
    return resumed_addresses(past, options.output.resume or Path(), replace(own, kept=kept))


def _as_begun(
    options: Options,
    past: RunHeader,
    catalogue: Catalogue,
    keys: Mapping[str, str],
    note: Note,
) -> Options:
    """Return the options with those that a run began with.

    What is an owner's to choose, limits above all, only where it is proved that this user began a
    live run: another's are no promise to pay.
    """
    proved = past.against != "live" or began_here(past, keys, other_specs(catalogue))
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
    changing = [name for name in laid_out if name not in JUDGING]
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


def _selected(
    target: Target, catalogue: Catalogue, keys: Mapping[str, str], left_out: Note
) -> tuple[str, ...]:
    """Return the providers to run: a live run goes nowhere that the user did not point at.

    Without providers, those of the user's TOMLs; a live run takes those with a base URL, too, and
    without either those with a key.
    """
    names = target.providers
    if target.against == "live" and not names:
        names = (*catalogue.asked, *target.base_urls)
    for sentence in catalogue.left_out(names):
        left_out(sentence)
    if target.against != "live" or names:
        return catalogue.chosen(names)
    ready = tuple(name for name, key in keys.items() if key)
    variables = {name: provider.auth.env for name, provider in catalogue.providers.items()}
    if not ready:
        either = ", ".join(dict.fromkeys(variables.values()))
        raise UsageError("no key is set", hint=f"export one of {either}")
    for name, variable in variables.items():
        if name not in ready:
            left_out(f"{name} is left out: {variable} is not set")
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


def _refuse_odd(options: Options) -> None:
    """Refuse options that do not go together, whatever the providers are."""
    seed = options.planning.seed
    refuse_slow(options.planning, ["--record"] if options.output.record else ())
    _refuse_unkept(options)
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
    if target.against != "live" and (target.assets_url or target.webhook_url):
        raise UsageError(
            "--assets-url and --webhook-url are for real endpoints",
            hint="add --against live; the emulator is served from loopback",
        )
    chosen = emulator.faults or emulator.port or emulator.natural or emulator.signed
    if target.against != "emulator" and chosen:
        raise UsageError(
            "--fault, --port, --natural and --signed are the emulator's",
            hint="add --against emulator",
        )


def _refuse_unkept(options: Options) -> None:
    kept = options.output.keep_images
    if options.output.record and kept != "all":
        raise UsageError(
            f"--record and {KEEP_IMAGES} {kept}: cassettes need the images",
            hint="leave one of them out",
        )


def _refuse_operations(options: Options, providers: Sequence[Provider]) -> None:
    refuse_unknown_operations(options.operations, providers)
    if options.output.record and any(
        set(provider.chosen(options.operations)) != set(provider.operations)
        for provider in providers
    ):
        raise UsageError(
            "--record writes the cassettes of all operations, which share a plan",
            hint="leave --operation out",
        )


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


def _refuse_unready(options: Options, catalogue: Catalogue, note: Note) -> None:
    """Refuse a live run that has no address, no key or no budget; without one, tell the price."""
    target, limits = options.target, options.limits
    for name in target.providers:
        provider = catalogue.provider(name)
        if not target.base_urls.get(name):
            raise UsageError(
                f"{name} has no address of its own", hint=f"give --base-url {name}=https://..."
            )
        if target.base_urls[name] == provider.base_url and _reaches_nobody(provider.base_url):
            raise UsageError(
                f"{name}: {provider.base_url} stands for an address that is still to be written",
                hint=f"write base_url in {catalogue.entry(name).origin}",
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
        plans = plans_of(options, entries_of(options, catalogue))
        for name in unlimited:
            note(price_sentence(plans[name], catalogue.provider(name)))
        raise UsageError(
            f"a live run needs a budget for {', '.join(unlimited)}; nothing was sent",
            hint=_enough({name: (plans[name], catalogue.provider(name)) for name in unlimited}),
        )


def _enough(planned: Mapping[str, tuple[Plan, Provider]]) -> str:
    """Return flags that let these plans be sent, as they are typed."""
    limits = {
        name: price_limit(plan, provider.prices.unit) for name, (plan, provider) in planned.items()
    }
    flags = [
        f"--budget {name}={limit.amount.normalize():f}"
        for name, limit in limits.items()
        if limit.amount is not None
    ]
    images = [limit.images for limit in limits.values() if limit.images is not None]
    return " ".join(flags + [f"--max-images {max(images)}" for _ in images[:1]])


def _reaches_nobody(address: str) -> bool:
    """Tell whether a host resolves nowhere: `providers new` writes such a one (RFC 2606)."""
    return (urlsplit(address).hostname or "").rstrip(".").endswith(".invalid")
