"""What a benchmark is to measure, as options of the command line."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any

import click

from harness.core.benchmark import Arrivals, Slo
from harness.core.errors import UsageError
from harness.planning.options import Measuring
from harness.spec.workload.workloads import select_workloads

CONCURRENCY = 4
"""How many requests are under way at once at each provider, where nothing else is asked for."""

BLOCKS = 8
BLOCKS_UNTIL_DECIDED = 60
"""How many blocks a stage has where nothing else is asked for: with `--until-decided` a bound,
which is reached only where providers are nearly alike."""

_MOST_AT_ONCE = 256
_MOST_PER_S = 1000.0
_MOST_LEVELS = 32

_NUMBER = r"(\d{1,6}(?:\.\d{1,6})?)"
_RATE = re.compile(rf"{_NUMBER}\s*(?:(/s|/min|/h)|)", re.ASCII)
_SLO = re.compile(rf"p(\d{{1,2}}(?:\.\d{{1,3}})?)\s*<\s*{_NUMBER}\s*(ms|s|min|)", re.ASCII)
_PER = {"/s": 1, "/min": 60, "/h": 3600}
_UNIT_S = {"ms": 0.001, "s": 1.0, "min": 60.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options as they were given; None, nothing or False where one was not."""

    workloads: tuple[str, ...] = ()
    blocks: int | None = None
    warm_up: int | None = None
    arrivals: Arrivals | None = None
    rates: tuple[str, ...] = ()
    sweep: str | None = None
    ramp: str | None = None
    until_decided: bool = False
    slo: str | None = None
    timeout: float | None = None

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the options that were given, as they are typed."""
        return tuple(
            _TYPED.get(one.name) or f"--{one.name.replace('_', '-')}"
            for one in fields(self)
            if getattr(self, one.name) != one.default  # 0 is no default: it was given
        )


_TYPED = {"workloads": "--workload", "rates": "--rate"}


def measuring_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a benchmark; the command takes them as one keyword, `asked`."""

    @wraps(function)
    def gathered(*args: Any, **given: Any) -> Any:  # noqa: ANN401 - whatever the command takes
        asked = Asked(**{one.name: given.pop(one.name) for one in fields(Asked)})
        return function(*args, asked=asked, **given)

    found: Callable[..., Any] = gathered
    for option in reversed(_OPTIONS):
        found = option(found)
    return found


_OPTIONS = (
    click.option(
        "--workload",
        "workloads",
        multiple=True,
        metavar="NAME|FILE[:WORKLOAD]",
        help="Benchmark: a shipped set or workload, or a TOML file (repeatable) [default].",
    ),
    click.option(
        "--blocks",
        type=click.IntRange(1, 10_000),
        help=f"Benchmark: blocks of each stage [{BLOCKS}; "
        f"{BLOCKS_UNTIL_DECIDED} at most with --until-decided].",
    ),
    click.option(
        "--warm-up",
        type=click.IntRange(0, 10_000),
        help="Benchmark: blocks before them that count in no figure; they are paid for, too [0].",
    ),
    click.option(
        "--arrivals",
        type=click.Choice(["closed", "constant", "poisson"]),
        help="Benchmark: so many under way at once, or by a timetable [closed; constant with "
        "--rate].",
    ),
    click.option(
        "--rate",
        "rates",
        multiple=True,
        metavar="RATE,...",
        help="Benchmark: requests to each provider, like 2/s or 30/min; several make a sweep.",
    ),
    click.option(
        "--sweep",
        metavar="LEVEL,...",
        help="Benchmark: a stage for each of these concurrencies (or rates), like 1,2,4,8.",
    ),
    click.option(
        "--ramp",
        metavar="FROM:TO",
        help="Benchmark: a sweep that doubles from the first to the last, like 1:16.",
    ),
    click.option(
        "--until-decided",
        is_flag=True,
        help="Benchmark: ask no more of what is decided.",
    ),
    click.option(
        "--slo",
        metavar="pQ<TIME",
        help="Benchmark: a ceiling on time to pixels, like 'p95<60s'.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True, max=86_400),
        metavar="SECONDS",
        help="Benchmark: how long a request is waited for [each provider's own].",
    ),
)


def measuring(asked: Asked, *, only: str, concurrency: int | None = None) -> Measuring | None:
    """Return what is to be measured; None for a run that asks for conformance.

    `concurrency` is that of `--concurrency`, None where it was not given. Raises UsageError for
    options that cannot be read, contradict each other, or need `--only benchmark`.
    """
    if only != "benchmark":
        if asked.given:
            raise UsageError(
                f"{', '.join(asked.given)}: for a benchmark only", hint="add --only benchmark"
            )
        return None
    arrivals = _arrivals(asked)
    blocks = BLOCKS_UNTIL_DECIDED if asked.until_decided else BLOCKS
    return Measuring(
        workloads=select_workloads(asked.workloads),
        arrivals=arrivals,
        levels=_levels(asked, arrivals, concurrency),
        blocks=asked.blocks or blocks,
        warm_up=asked.warm_up or 0,
        until_decided=asked.until_decided,
        slo=None if asked.slo is None else slo(asked.slo),
        timeout_s=asked.timeout,
    )


def _arrivals(asked: Asked) -> Arrivals:
    arrivals = asked.arrivals or ("constant" if asked.rates else "closed")
    if arrivals == "closed" and asked.rates:
        raise UsageError(
            "--rate: closed arrivals have a concurrency and no rate",
            hint="say --arrivals constant or poisson, or leave --rate out",
        )
    return arrivals


def _levels(asked: Asked, arrivals: Arrivals, concurrency: int | None) -> tuple[float, ...]:
    """Return the loads, one for each stage; they are set in one way only."""
    ways = {
        "--rate": bool(asked.rates),
        "--sweep": asked.sweep is not None,
        "--ramp": asked.ramp is not None,
        "--concurrency": concurrency is not None,
    }
    used = [name for name, there in ways.items() if there]
    if len(used) > 1:
        raise UsageError(f"{' and '.join(used)} all set the load", hint="keep one of them")
    if arrivals != "closed" and (not used or "--concurrency" in used):
        raise UsageError(
            f"--arrivals {arrivals}: requests leave at a rate, and none is given",
            hint="give --rate, like 2/s or 30/min"
            + (", and leave --concurrency out" if used else ""),
        )
    read = _at_once if arrivals == "closed" else _per_s
    if asked.ramp is not None:
        return tuple(_doubling(asked.ramp, read))
    if not used or concurrency is not None:
        return (concurrency or CONCURRENCY,)
    option = used[0]
    given = asked.rates if option == "--rate" else (asked.sweep or "",)
    return _distinct(option, [read(option, one) for text in given for one in text.split(",")])


def _distinct(option: str, levels: list[float]) -> tuple[float, ...]:
    if len({f"{level:g}" for level in levels}) < len(levels):
        raise UsageError(f"{option}: a level is named twice", hint="name each once")
    if len(levels) > _MOST_LEVELS:
        raise UsageError(f"{option}: {len(levels)} levels, and {_MOST_LEVELS} are the most")
    return tuple(levels)


def _doubling(text: str, read: Callable[[str, str], float]) -> Iterator[float]:
    first, colon, last = text.partition(":")
    if not colon:
        raise UsageError(f"--ramp {text}: write FROM:TO", hint="like 1:16")
    level, end = read("--ramp", first), read("--ramp", last)
    if level >= end:
        raise UsageError(f"--ramp {text}: does not rise", hint="like 1:16")
    while level < end:
        yield level
        level *= 2
    yield end


def _at_once(option: str, text: str) -> float:
    """Read a concurrency."""
    text = text.strip()
    number = int(text) if re.fullmatch(r"\d{1,4}", text, re.ASCII) else 0
    if not 1 <= number <= _MOST_AT_ONCE:
        raise UsageError(
            f"{option}: {text!r} is no concurrency",
            hint=f"a whole number from 1 to {_MOST_AT_ONCE}; rates go with --arrivals constant",
        )
    return number


def _per_s(option: str, text: str) -> float:
    """Read a rate as requests per second."""
    match = _RATE.fullmatch(text.strip())
    rate = float(match[1]) / _PER[match[2] or "/s"] if match else 0.0
    if not 0 < rate <= _MOST_PER_S:
        raise UsageError(f"{option}: {text.strip()!r} is no rate", hint="like 2/s, 30/min or 0.5")
    return rate


def slo(text: str) -> Slo:
    """Read a ceiling on time to pixels, like `p95<60s`; UsageError for a bad one."""
    match = _SLO.fullmatch(text.strip())
    quantile, seconds = (
        (float(match[1]) / 100, float(match[2]) * _UNIT_S[match[3] or "s"]) if match else (0, 0)
    )
    if not (quantile and seconds):
        raise UsageError(f"--slo {text}: not understood", hint="like 'p95<60s' or 'p99<2min'")
    return Slo(quantile=quantile, seconds=seconds)
