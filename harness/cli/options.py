"""Options that several verbs share, parsed into values."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import TypeVar
from urllib.parse import urlsplit

import click

from harness.core.errors import UsageError
from harness.spec.load import NAMES
from harness.spec.provider import OPERATIONS

F = TypeVar("F", bound=Callable[..., object])


def provider_option(function: F) -> F:
    """Add `--provider`, which may be repeated; none means all."""
    return click.option(
        "--provider",
        "names",
        multiple=True,
        metavar="NAME",
        help=f"Only this provider (repeatable): {', '.join(NAMES)}.",
    )(function)


def operation_option(function: F) -> F:
    """Add `--operation`, which may be repeated; none means all."""
    return click.option(
        "--operation",
        "operations",
        multiple=True,
        type=click.Choice(OPERATIONS),
        help="Only this operation (repeatable).",
    )(function)


def place_options(function: F) -> F:
    """Add `--assets-url` and `--webhook-url`: where providers reach what is ours."""
    assets = click.option(
        "--assets-url",
        metavar="URL",
        help="Where the reference images can be fetched (live; see the README).",
    )
    webhook = click.option(
        "--webhook-url", metavar="URL", help="Where our receiver can be reached (live)."
    )
    return assets(webhook(function))


def seed_option(function: F) -> F:
    """Add `--seed`."""
    return click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=None,
        help="Seed of what is drawn [0; a new one in a live benchmark].",
    )(function)


def budget_option(function: F) -> F:
    """Add `--budget`."""
    return click.option(
        "--budget",
        "amounts",
        multiple=True,
        metavar="NAME=AMOUNT",
        help="The most to spend at a provider, in its own unit (repeatable).",
    )(function)


def limit_options(function: F) -> F:
    """Add what else bounds a plan and what it asks: images, requests, combinations, discovery."""
    for option in (
        click.option("--discover", is_flag=True, help="Also measure what documents leave open."),
        click.option(
            "--strength",
            type=click.IntRange(2, 3),
            default=2,
            show_default=True,
            help="How many values are tried together in all combinations.",
        ),
        click.option(
            "--max-requests",
            type=click.IntRange(min=0),
            help="The most requests that ask for something, per provider.",
        ),
        click.option(
            "--max-images",
            type=click.IntRange(min=0),
            help="The most images to pay for, per provider.",
        ),
    ):
        function = option(function)
    return function


def json_option(function: F) -> F:
    """Add `--json`: machine output on stdout, and nothing else there."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")(function)


def chosen(names: Sequence[str]) -> tuple[str, ...]:
    """Return the providers asked for in their fixed order; all where none is named.

    Raises UsageError for an unknown name, with the nearest known one.
    """
    for name in names:
        known(name)
    return tuple(name for name in NAMES if not names or name in names)


def known(name: str) -> str:
    """Return a provider's name, or raise UsageError with the nearest known one."""
    if name not in NAMES:
        near = get_close_matches(name, NAMES, n=1)
        guess = f"did you mean {near[0]}? " if near else ""
        raise UsageError(f"unknown provider {name!r}", hint=f"{guess}one of {', '.join(NAMES)}")
    return name


def budgets(given: Sequence[str]) -> dict[str, Decimal]:
    """Read `NAME=AMOUNT` pairs, of one name the last; UsageError for a bad one."""
    return {name: amounts[-1] for name, amounts in several_budgets(given).items()}


def several_budgets(given: Sequence[str]) -> defaultdict[str, list[Decimal]]:
    """Read `NAME=AMOUNT` pairs, each name's in their order; UsageError for a bad one."""
    found: defaultdict[str, list[Decimal]] = defaultdict(list)
    for pair in given:
        name, value = _pair(pair, "--budget", "NAME=AMOUNT")
        try:
            amount = Decimal(value)
        except InvalidOperation:
            amount = Decimal(-1)
        if not amount.is_finite() or amount < 0:
            raise UsageError(f"--budget {pair}: {value!r} is no amount", hint="like buble=20")
        found[name].append(amount)
    return found


def base_urls(given: Sequence[str]) -> dict[str, str]:
    """Read `NAME=URL` pairs; UsageError for a bad one."""
    found: dict[str, str] = {}
    for pair in given:
        name, value = _pair(pair, "--base-url", "NAME=URL")
        try:
            parts = urlsplit(value)
            sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
            secret = "@" in parts.netloc or bool(parts.query or parts.fragment)
        except ValueError:
            sound, secret = False, False
        if secret:  # the address stands in every report, and keys come from the environment
            raise UsageError(
                f"--base-url {name}: the address holds a user, a query or a fragment",
                hint="give scheme, host and path only; keys come from the environment",
            )
        if not sound:
            raise UsageError(
                f"--base-url {pair}: {value!r} is no http(s) address",
                hint="like sub2api=https://images.example.com",
            )
        found[name] = value.rstrip("/")
    return found


def _pair(text: str, option: str, form: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not value:
        raise UsageError(f"{option} {text}: write {form}")
    return known(name), value
