"""`harness providers try`: one plain request, and what the TOML finds in its replies."""

import json
from pathlib import Path

import click

from harness.cli.options import json_option, spec_option
from harness.core.errors import UsageError
from harness.core.jsonvalue import Json
from harness.planning.options import Target, Trial


@click.command("try")
@click.argument("provider", metavar="FILE|NAME")
@spec_option()
@click.option("--operation", default="", metavar="NAME", help="What is asked for [the first one].")
@click.option(
    "--argument",
    "texts",
    multiple=True,
    metavar="NAME=JSON",
    help="Beside or instead of the plain arguments (repeatable): size=1024x1024, n=null.",
)
@click.option("--base-url", metavar="URL", help="Where it is reached [as the TOML says].")
@click.option(
    "--against", type=click.Choice(["live", "emulator"]), default="live", show_default=True
)
@click.option("--assets-url", metavar="URL", help="Public address of the reference images.")
@click.option("--allow-private", is_flag=True, help="Fetch results from private addresses, too.")
@click.option("--out", type=click.Path(path_type=Path), help="The run folder [reports/try-...].")
@click.option("--dry-run", is_flag=True, help="Show the request; send nothing.")
@json_option("Options")
@click.pass_context
def try_(  # noqa: PLR0913 - one for each option
    context: click.Context,
    /,
    *,
    provider: str,
    specs: tuple[Path, ...],
    operation: str,
    texts: tuple[str, ...],
    base_url: str | None,
    against: str,
    assets_url: str | None,
    allow_private: bool,
    out: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    r"""Send one plain request, of one image at most, and show what each expression found.

    Shown are, for each round trip, what was sent (never the key), what came, what the TOML's
    expressions found in it, and where else it holds what they seek. It costs what is said first.
    Nothing is judged: a trial convicts nobody. All that was received is kept in a run folder.

    \b
    Exit codes: 0 images were found, 4 refused, failed, unreachable, or no image was found,
    2 wrong usage, nothing was sent.
    """
    # What a trial needs takes seconds to import, and `--help` is not to wait for it.
    from harness.cli.configuration import configured_target  # noqa: PLC0415
    from harness.cli.progress import watching  # noqa: PLC0415
    from harness.cli.providers.steps import announce, show, show_request  # noqa: PLC0415
    from harness.trial import prepare, send  # noqa: PLC0415

    name, known = _meant(provider, specs)
    live = against == "live"
    configured = configured_target() if live else Target()
    target = Target(
        specs=known,
        providers=(name,) if name else (),
        against="live" if live else "emulator",
        base_urls=configured.base_urls,
        assets_url=assets_url or configured.assets_url,
        allow_private=allow_private,
    )
    trial = Trial(operation=operation, arguments=dict(map(_argument, texts)))
    prepared = prepare(target, trial, base_url=base_url, out=out)
    if dry_run:
        show_request(prepared, as_json=as_json)
        return
    announce(prepared)
    with watching() as watch:
        tried = send(prepared, watch=watch)
    show(tried, as_json=as_json)
    context.exit(tried.exit_code)


def _meant(provider: str, specs: tuple[Path, ...]) -> tuple[str, tuple[Path, ...]]:
    """Return the name that is meant, or none for the provider of a file, and the TOMLs to know."""
    path = Path(provider)
    if path.suffix == ".toml" or len(path.parts) > 1 or path.is_file():
        return "", (path,)
    return provider, specs


def _argument(text: str) -> tuple[str, Json]:
    """Read `NAME=JSON`; what is no JSON is a text."""
    name, equals, content = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--argument {text}: write NAME=JSON", hint="like size=1024x1024")
    try:
        value: Json = json.loads(content)
    except ValueError:
        value = content
    return name, value
