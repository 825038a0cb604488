"""`harness run`: plan, send, judge, measure, report."""

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from harness.cli.conclude import Conclusion, conclude, publish
from harness.cli.options import (
    base_urls,
    budget_option,
    budgets,
    chosen,
    json_option,
    limit_options,
    operation_option,
    place_options,
    provider_option,
    seed_option,
)
from harness.cli.plan import sentence
from harness.cli.progress import watching
from harness.core.errors import UsageError
from harness.core.run import RunHeader
from harness.inquiry.askers import asker_for
from harness.runner.options import Against, Options
from harness.runner.prepare import plan_for
from harness.runner.recording import record
from harness.runner.run import Run
from harness.runner.run import run as perform
from harness.spec.load import provider as shipped
from harness.spec.provider import OPERATIONS
from harness.store.past import read_run


@click.command()
@provider_option
@operation_option
@place_options
@seed_option
@json_option
@click.option(
    "--against",
    type=click.Choice(["cassettes", "emulator", "live"]),
    default="cassettes",
    show_default=True,
    help="Replay what is recorded, start our emulator, or reach real endpoints.",
)
@click.option(
    "--base-url",
    "urls",
    multiple=True,
    metavar="NAME=URL",
    help="Where a provider is reached (live; repeatable).",
)
@budget_option
@limit_options
@click.option(
    "--max-minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="The time in which new requests leave, per provider.",
)
@click.option(
    "--max-shrink-requests",
    "max_shrink",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="The most requests to find the smallest one that shows a broken promise.",
)
@click.option("--only", type=click.Choice(["conformance", "benchmark"]), default="conformance")
@click.option("--record", "recording", is_flag=True, help="Write cassettes of what came.")
@click.option(
    "--cassettes",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("cassettes"),
    show_default=True,
    help="Where cassettes are read and written.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path, file_okay=False),
    help="Go on with an interrupted run: nothing that was paid for is sent again.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="The run folder [reports/DATE-AGAINST]."
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    default=8,
    show_default=True,
    help="Requests under way at once, per provider.",
)
@click.option(
    "--time-scale",
    type=click.FloatRange(min=0),
    default=0.001,
    show_default=True,
    help="Factor on the emulator's durations and on our waits against it.",
)
@click.option(
    "--fault", "faults", multiple=True, metavar="[PROVIDER:]NAME", help="A fault of the emulator."
)
@click.option("--port", type=click.IntRange(1024, 65530), help="First port of the emulator.")
@click.option(
    "--receive-port",
    type=click.IntRange(1024, 65535),
    help="Our own port for reference images and webhooks, where a tunnel leads to it.",
)
@click.pass_context
def run(  # noqa: PLR0913 - one parameter per option
    context: click.Context,
    *,
    names: tuple[str, ...],
    operations: tuple[str, ...],
    assets_url: str | None,
    webhook_url: str | None,
    seed: int | None,
    as_json: bool,
    against: Against,
    urls: tuple[str, ...],
    amounts: tuple[str, ...],
    max_images: int | None,
    max_requests: int | None,
    max_minutes: float | None,
    max_shrink: int,
    strength: int,
    discover: bool,
    only: str,
    recording: bool,
    cassettes: Path,
    resume: Path | None,
    out: Path | None,
    concurrency: int,
    time_scale: float,
    faults: tuple[str, ...],
    port: int | None,
    receive_port: int | None,
) -> None:
    """Plan, send, judge, measure, report; by default replay the committed cassettes."""
    if only == "benchmark":
        raise UsageError("--only benchmark: this version measures within conformance runs only")
    past = read_run(resume).header if resume else None
    if past is not None:
        against = past.against  # type: ignore[assignment]  # one of the three, for we wrote it
        names = tuple(past.evidence)
    options = Options(
        against=against,
        providers=_selected(names, against, urls),
        seed=past.seed if past else seed or 0,
        out=resume or out or _new_folder(against),
        cassettes=cassettes,
        base_urls=_addresses(base_urls(urls), past),
        keys=_keys(),
        budgets=budgets(amounts),
        max_images=max_images,
        max_requests=max_requests,
        max_minutes=max_minutes,
        max_shrink=max_shrink,
        strength=strength,
        discover=discover,
        record=recording,
        resume=resume,
        concurrency=concurrency,
        time_scale=time_scale,
        faults=faults,
        port=port,
        operations=operations or OPERATIONS,
        assets_url=assets_url,
        webhook_url=webhook_url,
        receive_port=receive_port,
    )
    _refuse_odd(options, seed)
    with watching() as watch:
        done = perform(options, watch, asker=asker_for(options))
    if done.failure is not None:
        raise done.failure
    conclusion = conclude(done.header, done.records, off_tape=done.off_tape)
    publish(conclusion, done.folder, as_json=as_json)
    if options.record and not done.header.interrupted:
        _record(done, options, conclusion)
    context.exit(conclusion.code)


def _selected(names: tuple[str, ...], against: Against, urls: tuple[str, ...]) -> tuple[str, ...]:
    """Return the providers to run: a live run goes nowhere that the user did not point at.

    Without `--provider`, those with a `--base-url`; without that either, those with a key.
    """
    if against != "live" or names:
        return chosen(names)
    if urls:
        return chosen(tuple(base_urls(urls)))
    keys = _keys()
    ready = tuple(name for name in chosen(()) if keys[name])
    if not ready:
        wanted = ", ".join(shipped(name).auth.env for name in chosen(()))
        raise UsageError("no key is set", hint=f"export one of {wanted}")
    for name in chosen(()):
        if name not in ready:
            click.echo(f"left out: {name} ({shipped(name).auth.env} is not set)", err=True)
    return ready


def _refuse_odd(options: Options, seed: int | None) -> None:
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
        for name in unlimited:
            click.echo(sentence(plan_for(name, options)), err=True)
        raise UsageError(
            f"a live run needs a budget for {', '.join(unlimited)}; nothing was sent",
            hint=" ".join(f"--budget {name}=AMOUNT" for name in unlimited),
        )


def _record(done: Run, options: Options, conclusion: Conclusion) -> None:
    for name in options.providers:
        mine = [one for one in done.records if one.shot.case.provider == name]
        folder = record(
            done.folder,
            mine,
            done.plans[name],
            base_url=done.addresses[name],
            cassettes=options.cassettes,
        )
        click.echo(f"recorded {name}: {folder}", err=True)
    if conclusion.code:
        click.echo("recorded although not every promise held: look before you commit", err=True)


def _new_folder(against: str) -> Path:
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S")
    return Path("reports") / f"{stamp}-{against}"


def _addresses(given: dict[str, str], past: RunHeader | None) -> dict[str, str]:
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


def _keys() -> dict[str, str]:
    """Read the keys from the environment, the only place they come from."""
    return {name: os.environ.get(shipped(name).auth.env, "").strip() for name in chosen(())}
