"""`harness choose`: which provider for a user's work."""

from pathlib import Path

import click

from harness.cli.options import exchange_rate_option, json_option, providers_option, spec_option

HELP = """Say which provider serves your work, by its documents and by what runs measured.

Nothing is sent. A workload file says what is asked, and in [purchase] for what:

\b
[purchase]
images_per_month = 10_000  # of all workloads of the file together
slo = "p95<60s"            # a ceiling on time to pixels
failure_share = 0.02       # at most 2 % of requests without a usable image
usd_per_image = 0.05       # at most, for a usable image
usd_per_month = 400        # at most, for all images of a month

\b
[[workload]]
name = "shop"
operation = "edit"
size = "1024x1024"
quality = "high"
output_format = "png"
references = 3

Every key of [purchase] may be left out. A benchmark takes the same file (run --only benchmark
--workload FILE), and its folder is a RUN to choose by; without any only the documents speak.
A price in a unit of the provider's own is ranked where [rates] or --exchange-rate says its worth.

\b
qualifies    every ceiling is met for certain; ranked where one is better
near only    the documents allow something like it only
not decided  a ceiling is open, or nothing tells
excluded     the documents have no such request, or a ceiling is exceeded

\b
Exit codes: 0 a provider qualifies, 1 all are excluded, 2 wrong usage,
3 our own failure, 4 nothing is decided: near, open, unknown, or measured on
the emulator only.
"""


@click.command(help=HELP, short_help="Say which provider serves your work.")
@click.option(
    "--workload",
    "workloads",
    multiple=True,
    required=True,
    metavar="NAME|FILE[:WORKLOAD]",
    help="A TOML file, or a shipped set or workload (repeatable).",
)
@click.option(
    "--run",
    "runs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A benchmark's folder, judged again (repeatable).",
)
@providers_option()
@spec_option("It is asked beside the others.")
@exchange_rate_option()
@json_option("Options")
@click.pass_context
def choose(  # noqa: PLR0913 - one for each option
    context: click.Context,
    /,
    *,
    workloads: tuple[str, ...],
    runs: tuple[Path, ...],
    names: tuple[str, ...],
    specs: tuple[Path, ...],
    rates: tuple[str, ...],
    as_json: bool,
) -> None:
    """Choose for the workloads; exit with 0 where a provider qualifies."""
    # What judges runs takes seconds to import, and `--help` is not to wait for it.
    from harness.api import choose as chosen  # noqa: PLC0415
    from harness.cli.chosen import as_json_text, show  # noqa: PLC0415
    from harness.cli.conclude import note  # noqa: PLC0415
    from harness.cli.configuration import current_config  # noqa: PLC0415
    from harness.cli.printing import echo_json  # noqa: PLC0415
    from harness.planning.option_values import read_exchange_rates  # noqa: PLC0415

    typed = read_exchange_rates(rates)
    choice = chosen(
        workloads,
        runs,
        providers=names,
        specs=specs,
        exchange_rates=typed,
        known_rates=current_config(context).rates,
        note=note,
    )
    if as_json:
        echo_json(as_json_text(choice))
    else:
        show(choice, workloads)
    context.exit(choice.exit_code)
