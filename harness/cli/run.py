"""`harness run`: plan, send, judge, measure, report."""

from datetime import UTC, datetime
from pathlib import Path

import click

from harness.adaptive.stopping_rule import StoppingRule
from harness.adaptive.strategies import follow_up_strategy
from harness.cli.benchmark import CONCURRENCY, REAL_TIME, TIME_SCALE, asked_for, fresh_seed
from harness.cli.conclude import Conclusion, conclude, publish
from harness.cli.measuring import CONCURRENCY as LEVEL
from harness.cli.measuring import Asked, measuring_options
from harness.cli.options import (
    base_urls,
    budget_option,
    budgets,
    json_option,
    limit_options,
    operation_option,
    place_options,
    provider_option,
    seed_option,
)
from harness.cli.progress import watching
from harness.cli.ready import addresses, keys, refuse_odd, selected
from harness.planning.options import Against, Options
from harness.runner.recording import record
from harness.runner.run import Run
from harness.runner.run import execute_run as perform
from harness.spec.provider import OPERATIONS
from harness.store.reader import read_run


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
@measuring_options
@click.option(
    "--calibrate/--no-calibrate",
    default=True,
    help="Benchmark: measure our own error first, for some seconds.",
)
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
    help=f"Requests under way at once, per provider [{CONCURRENCY}; {LEVEL} in a benchmark].",
)
@click.option(
    "--time-scale",
    type=click.FloatRange(min=0),
    help="Factor on the emulator's durations and on our waits against it "
    f"[{TIME_SCALE:g}; {REAL_TIME:g} in a benchmark].",
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
    asked: Asked,
    calibrate: bool,
    recording: bool,
    cassettes: Path,
    resume: Path | None,
    out: Path | None,
    concurrency: int | None,
    time_scale: float | None,
    faults: tuple[str, ...],
    port: int | None,
    receive_port: int | None,
) -> None:
    """Plan, send, judge, measure, report; by default replay the committed cassettes."""
    del only
    past = read_run(resume).header if resume else None
    if past is not None:
        against = past.against  # type: ignore[assignment]  # one of the three, for we wrote it
        names = tuple(past.evidence)
    benchmark, measured = asked_for(
        context, asked, against=against, past=past, concurrency=concurrency
    )
    options = Options(
        against=against,
        providers=selected(names, against, urls),
        seed=past.seed if past else fresh_seed(seed, against=against, benchmark=benchmark),
        out=resume or out or _new_folder(against),
        cassettes=cassettes,
        base_urls=addresses(base_urls(urls), past),
        keys=keys(),
        budgets=budgets(amounts),
        max_images=max_images,
        max_requests=max_requests,
        max_minutes=max_minutes,
        max_shrink=max_shrink,
        strength=strength,
        discover=discover,
        record=recording,
        resume=resume,
        concurrency=concurrency or CONCURRENCY,
        time_scale=time_scale
        if time_scale is not None
        else (REAL_TIME if benchmark else TIME_SCALE),
        faults=faults,
        port=port,
        operations=operations or OPERATIONS,
        assets_url=assets_url,
        webhook_url=webhook_url,
        receive_port=receive_port,
        measuring=measured,
        calibrated=calibrate,
    )
    refuse_odd(options, seed)
    with watching() as watch:
        done = perform(options, watch, asker=follow_up_strategy(options), referee=StoppingRule)
    if done.failure is not None:
        raise done.failure
    conclusion = conclude(done.header, done.records, off_tape=done.off_tape)
    publish(conclusion, done.folder, as_json=as_json)
    if options.record and not done.header.interrupted:
        _record(done, options, conclusion)
    context.exit(conclusion.code)


def _record(done: Run, options: Options, conclusion: Conclusion) -> None:
    for name in options.providers:
        mine = [one for one in done.records if one.shot.case.provider == name]
        if done.header.benchmark and not done.plans[name].shots:
            click.echo(f"not recorded: {name}: it was asked for nothing", err=True)
            continue
        folder = record(
            done.folder,
            mine,
            done.plans[name],
            base_url=done.addresses[name],
            cassettes=options.cassettes,
            benchmark=done.header.benchmark,
        )
        click.echo(f"recorded {name}: {folder}", err=True)
    if conclusion.code:
        click.echo("recorded although not every promise held: look before you commit", err=True)


def _new_folder(against: str) -> Path:
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S")
    return Path("reports") / f"{stamp}-{against}"
