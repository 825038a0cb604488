"""Whether a run can begin as it was asked for: whom it reaches, with which key and budget."""

import os

import click

from harness.cli.options import base_urls, chosen
from harness.cli.plan import sentence
from harness.core.case import Plan
from harness.core.errors import UsageError
from harness.core.run import RunHeader
from harness.planning.benchmark import benchmark_plan
from harness.planning.conformance import plan_for
from harness.planning.options import Against, Options
from harness.runner.plan_source import plan_of
from harness.spec.load import shipped_provider as shipped
from harness.spec.provider import OPERATIONS


def selected(names: tuple[str, ...], against: Against, urls: tuple[str, ...]) -> tuple[str, ...]:
    """Return the providers to run: a live run goes nowhere that the user did not point at.

    Without `--provider`, those with a `--base-url`; without that either, those with a key.
    """
    if against != "live" or names:
        return chosen(names)
    if urls:
        return chosen(tuple(base_urls(urls)))
    known = keys()
    ready = tuple(name for name in chosen(()) if known[name])
    if not ready:
        wanted = ", ".join(shipped(name).auth.env for name in chosen(()))
        raise UsageError("no key is set", hint=f"export one of {wanted}")
    for name in chosen(()):
        if name not in ready:
            click.echo(f"left out: {name} ({shipped(name).auth.env} is not set)", err=True)
    return ready


def addresses(given: dict[str, str], past: RunHeader | None) -> dict[str, str]:
    """Return where each provider is reached: as given, as documented, or where a run began.

    A live run goes on where it began: its jobs are known there and nowhere else.
    """
    known = {name: url for name in chosen(()) if (url := shipped(name).base_url)}
    if past is None or past.against != "live":
        return {**known, **given}
    began = {name: evidence.source for name, evidence in past.evidence.items()}
    for name, url in given.items():
        if url != began.get(name, url):
            raise UsageError(
                f"--base-url {name}={url}: this run began at {began[name]}",
                hint="leave --base-url out, or start a new run",
            )
    return {**known, **began}


def keys() -> dict[str, str]:
    """Read the keys from the environment, the only place they come from."""
    return {name: os.environ.get(shipped(name).auth.env, "").strip() for name in chosen(())}


def refuse_odd(options: Options, seed: int | None) -> None:
    """Refuse combinations that would not do what they seem to say."""
    if options.against == "cassettes":
        if options.record:
            raise UsageError("--record needs replies to record", hint="add --against emulator")
        if seed is not None:
            raise UsageError(
                "--seed: cassettes are replayed with the plan they were recorded with",
                hint=f"record one: harness run --against emulator --record --seed {seed}",
            )
    if options.record and set(options.operations) != set(OPERATIONS):
        raise UsageError(
            "--record writes the cassettes of all operations, which share a plan",
            hint="leave --operation out",
        )
    if options.against != "live" and (options.assets_url or options.webhook_url):
        raise UsageError(
            "--assets-url and --webhook-url are for real endpoints",
            hint="add --against live; the emulator is served from loopback",
        )
    if options.against != "emulator" and (options.faults or options.port):
        raise UsageError("--fault and --port are the emulator's", hint="add --against emulator")
    if options.against == "live":
        _refuse_unready(options)


def _refuse_unready(options: Options) -> None:
    """Refuse a live run that has no address, no key or no budget; nothing has been sent."""
    for name in options.providers:
        provider = shipped(name)
        if not options.base_urls.get(name):
            raise UsageError(
                f"{name} has no address of its own", hint=f"give --base-url {name}=https://..."
            )
        if not options.keys.get(name):
            raise UsageError(
                f"{provider.auth.env} is not set", hint=f"export the key of {provider.title} in it"
            )
    unlimited = [
        name
        for name in options.providers
        if name not in options.budgets and options.max_images is None
    ]
    if unlimited:
        plans = _plans(options)
        for name in unlimited:
            click.echo(sentence(plans[name]), err=True)
        raise UsageError(
            f"a live run needs a budget for {', '.join(unlimited)}; nothing was sent",
            hint=" ".join(f"--budget {name}=AMOUNT" for name in unlimited),
        )


def _plans(options: Options) -> dict[str, Plan]:
    """Return what would be asked of whom."""
    if options.resume is not None:
        return {name: plan_of(options.resume, name) for name in options.providers}
    if options.measuring is not None:
        return benchmark_plan(options)[1]
    return {name: plan_for(name, options) for name in options.providers}
