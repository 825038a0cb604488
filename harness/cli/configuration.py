"""The configuration of one command: which file, what it adds to the options, what is said of it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from harness.cli.printing import echo_line
from harness.config.choices import Place
from harness.config.read import FILE_VARIABLE, Config, load_config, shown
from harness.config.settled import (
    AGAINST,
    BUDGETS,
    ONLY,
    PROVIDERS,
    Settled,
    explain,
    places_of,
    settled,
)
from harness.core.errors import UsageError
from harness.planning.flags import assembled
from harness.planning.options import Options, Target

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SPECS, FROZEN = ("target", "specs"), ("target", "frozen")
TRUST_LISTS = ("output", "trust_anchors")
KNOWN = ("output", "known")
FORMATS = ("output", "formats")
COMPARED, CONCURRENCY = ("comparison", "budgets"), ("limits", "concurrency")
_READ = "harness.config"


def current_config(context: click.Context | None = None) -> Config:
    """Return the configuration of the command that runs, read once."""
    context = context or click.get_current_context()
    if _READ not in context.meta:
        root = context.find_root().params
        none = bool(root.get("no_config"))
        context.meta[_READ] = Config() if none else load_config(root.get("config"))
    config: Config = context.meta[_READ]
    return config


def configured_specs(context: click.Context) -> tuple[Path, ...]:
    """Return the providers' TOMLs that the configuration names."""
    specs: Any = current_config(context).values.get(SPECS, ())
    return tuple(specs)


def configured_frozen(context: click.Context) -> Path | None:
    """Return the frozen set that the configuration names, if it names one."""
    folder: Any = current_config(context).values.get(FROZEN)
    return None if folder is None else Path(folder)


def configured_trust_anchors(context: click.Context) -> tuple[Path, ...]:
    """Return the trust lists that the configuration names."""
    files: Any = current_config(context).values.get(TRUST_LISTS, ())
    return tuple(files)


def configured_known(context: click.Context) -> Path | None:
    """Return the file of known deviations that the configuration names."""
    file: Any = current_config(context).values.get(KNOWN)
    return file if isinstance(file, Path) else None


def configured_formats(context: click.Context) -> tuple[str, ...]:
    """Return the formats on request that the configuration names."""
    names: Any = current_config(context).values.get(FORMATS, ())
    return tuple(names)


def configured_target() -> Target:
    """Return the providers' addresses, and our own, that the configuration names for live runs."""
    found = settled(current_config(), {AGAINST: "live"})
    return assembled(Options, found.values).target


def chosen_by() -> str:
    """Say how the configuration was chosen."""
    root = click.get_current_context().find_root()
    if root.params.get("no_config"):
        return "--no-config"
    match root.get_parameter_source("config"):
        case ParameterSource.COMMANDLINE:
            return "--config"
        case ParameterSource.ENVIRONMENT:
            return FILE_VARIABLE
        case _:
            return "found"


@contextmanager
def configured(choices: "type[DataclassInstance]", typed: dict[Place, object]) -> Iterator[Any]:
    """Yield a verb's options: what was typed, and what the configuration says besides.

    A UsageError about an option that the configuration gives says where that stands.
    """
    config = current_config()
    found = settle(choices, typed, config)
    options: Any = assembled(choices, found.values)
    _tell(config, found)
    try:
        yield options
    except UsageError as error:
        explain(error, found.of_file(config))
        raise


def settle(
    choices: "type[DataclassInstance]", typed: dict[Place, object], config: Config
) -> Settled:
    """Return the choices of a verb as they hold."""
    known = places_of(choices)
    found = settled(config, typed, known=known)
    if COMPARED not in known:
        return found
    return _of_plan(config, typed, found)


def _of_plan(config: Config, typed: dict[Place, object], found: Settled) -> Settled:
    """Return the choices of `plan`: it compares budgets, and only a benchmark has concurrency."""
    values, origins = dict(found.values), dict(found.origins)
    if values.get(ONLY) != "benchmark" and CONCURRENCY not in typed:
        values.pop(CONCURRENCY, None)
        origins.pop(CONCURRENCY, None)
    budgets: Any = config.values.get(BUDGETS)
    if budgets and COMPARED not in typed:
        names: Any = values.get(PROVIDERS) or tuple(budgets)
        values[COMPARED] = {name: (most,) for name, most in budgets.items() if name in names}
        origins[BUDGETS] = config.where(BUDGETS)
    return Settled(values=values, origins=origins, unused=found.unused)


def _tell(config: Config, found: Settled) -> None:
    """Say in one line what a configuration adds; the addresses that it names, in full."""
    flags = found.of_file(config)
    if not flags:
        return
    urls: Any = found.values.get(("target", "base_urls")) if "--base-url" in flags else None
    addresses = "".join(f"; {name} is reached at {url}" for name, url in (urls or {}).items())
    with suppress(OSError):
        path = shown(config.path or Path())
        echo_line(f"harness: {path} sets {', '.join(flags)}{addresses}", err=True)
