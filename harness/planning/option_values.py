"""What is typed for an option, as values: budgets, addresses, ceilings, levels of a load."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from urllib.parse import urlsplit

from harness.core.benchmark import Slo, parse_slo
from harness.core.errors import UsageError
from harness.core.jsonvalue import read_amount
from harness.core.rate import Rate
from harness.core.slicing import read_vantage

_MOST_AT_ONCE = 256
_MOST_PER_S = 1000.0
_MOST_LEVELS = 32

_NUMBER = r"(\d{1,6}(?:\.\d{1,6})?)"
_RATE = re.compile(rf"{_NUMBER}\s*(?:(/s|/min|/h)|)", re.ASCII)
_PER = {"/s": 1, "/min": 60, "/h": 3600}


# ------------------------------------------------------------------------------------- pairs
def read_budgets(pairs: Sequence[str]) -> dict[str, Decimal]:
    """Read `NAME=AMOUNT` pairs, of one name the last; UsageError for a bad one, of any name."""
    return {name: amounts[-1] for name, amounts in read_budgets_to_compare(pairs).items()}


def read_budgets_to_compare(pairs: Sequence[str]) -> dict[str, tuple[Decimal, ...]]:
    """Read `NAME=AMOUNT` pairs, each name's in their order; UsageError for a bad one."""
    amounts: defaultdict[str, tuple[Decimal, ...]] = defaultdict(tuple)
    for pair in pairs:
        name, text = _pair(pair, "--budget", "NAME=AMOUNT")
        try:
            amount = Decimal(text)
        except InvalidOperation:
            amount = Decimal(-1)
        if not amount.is_finite() or amount < 0:
            raise UsageError(f"--budget {pair}: {text!r} is not an amount", hint="like buble=20")
        amounts[name] += (amount,)
    return dict(amounts)


def read_exchange_rates(pairs: Sequence[str]) -> dict[str, Rate]:
    """Read `NAME=USD` pairs, of one name the last; UsageError for a bad one.

    Behind an amount may stand the day of which it is: `buble=0.05@2026-11-01`.
    """
    rates: dict[str, Rate] = {}
    for pair in pairs:
        name, text = _pair(pair, "--exchange-rate", "NAME=USD")
        text, at, day = text.partition("@")
        usd = read_amount(text)
        if not usd:
            raise UsageError(
                f"--exchange-rate {pair}: {text!r} is not an amount above 0", hint="like buble=0.05"
            )
        rates[name] = Rate(usd=usd, source="--exchange-rate", date=_day(pair, day) if at else "")
    return rates


def _day(pair: str, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(
            f"--exchange-rate {pair}: {text!r} is no day", hint="like buble=0.05@2026-11-01"
        ) from None


def read_base_urls(pairs: Sequence[str]) -> dict[str, str]:
    """Read `NAME=URL` pairs; UsageError for a bad one, of any name."""
    urls: dict[str, str] = {}
    for pair in pairs:
        name, url = _pair(pair, "--base-url", "NAME=URL")
        try:
            parts = urlsplit(url)
            sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
            sound = sound and url.isprintable() and not {" ", "\\"} & {*url}
            secret = "@" in parts.netloc or bool(parts.query or parts.fragment)
        except ValueError:
            sound, secret = False, False
        if secret:  # the address stands in every report, and keys come from the environment
            raise UsageError(
                f"--base-url {name}: the address contains a user, a query or a fragment",
                hint="give scheme, host and path only; keys come from the environment",
            )
        if not sound:
            raise UsageError(
                f"--base-url {pair}: {url!r} is not an http(s) address",
                hint="like sub2api=https://images.example.com",
            )
        urls[name] = url.rstrip("/")
    return urls


def read_files(files: Sequence[str]) -> tuple[Path, ...]:
    """Read the names of files; whether they can be read is seen where they are."""
    return tuple(map(Path, files))


def _pair(text: str, option: str, form: str) -> tuple[str, str]:
    name, equals, content = text.partition("=")
    if not equals or not content:
        raise UsageError(f"{option} {text}: write {form}")
    return name, content


def read_slo(text: str) -> Slo:
    """Read a ceiling on time to pixels, like `p95<60s`; UsageError for a bad one."""
    slo = parse_slo(text)
    if slo is None:
        raise UsageError(f"--slo {text}: not a ceiling", hint="like 'p95<60s' or 'p99<2min'")
    return slo


# ------------------------------------------------------------------------------------ levels
def read_levels(option: str, texts: Sequence[str], *, closed: bool) -> tuple[float, ...]:
    """Read the levels of a load, separated by commas; UsageError for a bad one, or the same twice.

    They are requests under way at once where arrivals are `closed`, else requests per second.
    """
    levels = [_level(option, part, closed=closed) for text in texts for part in text.split(",")]
    if len({f"{level:g}" for level in levels}) < len(levels):
        raise UsageError(f"{option} names a level twice", hint="name each once")
    if len(levels) > _MOST_LEVELS:
        raise UsageError(f"{option} names {len(levels)} levels; {_MOST_LEVELS} are the most")
    return tuple(levels)


def read_doubling_levels(option: str, text: str, *, closed: bool) -> Iterator[float]:
    """Read `FROM:TO` and yield the levels between them, each twice the one before."""
    first, colon, last = text.partition(":")
    if not colon:
        raise UsageError(f"{option} {text}: write FROM:TO", hint="like 1:16")
    level, end = (_level(option, part, closed=closed) for part in (first, last))
    if level >= end:
        raise UsageError(f"{option} {text}: TO is not above FROM", hint="like 1:16")
    while level < end:
        yield level
        level *= 2
    yield end


def _level(option: str, text: str, *, closed: bool) -> float:
    read: Callable[[str, str], float] = _concurrency if closed else _rate_per_s
    return read(option, text.strip())


def _concurrency(option: str, text: str) -> float:
    number = int(text) if re.fullmatch(r"\d{1,4}", text, re.ASCII) else 0
    if not 1 <= number <= _MOST_AT_ONCE:
        raise UsageError(
            f"{option}: {text!r} is not a concurrency",
            hint=f"a whole number from 1 to {_MOST_AT_ONCE}; rates go with --arrivals constant",
        )
    return number


def _rate_per_s(option: str, text: str) -> float:
    match = _RATE.fullmatch(text)
    rate = float(match[1]) / _PER[match[2] or "/s"] if match else 0.0
    if not 0 < rate <= _MOST_PER_S:
        raise UsageError(f"{option}: {text!r} is not a rate", hint="like 2/s, 30/min or 0.5")
    return rate


# ------------------------------------------------------------------------------------- slices
def read_start(text: str) -> datetime:
    """Read a moment with its offset to UTC; UsageError for any other text."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(
            f"--start-at {text}: not a time with its offset to UTC",
            hint="like 2026-12-01T09:30:00Z",
        )
    return moment


def read_vantages(texts: Sequence[str]) -> tuple[str, ...]:
    """Read names of vantage points, with commas between; UsageError for a bad one."""
    return tuple(read_vantage(name, "--vantages") for text in texts for name in text.split(","))
