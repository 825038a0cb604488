"""The choices of `harness diff`: which changes fail a build, from which size on, and how sure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite

from harness.core.errors import UsageError, nearest
from harness.planning.confirm_options import ConfirmOptions
from harness.planning.flags import option, topic

KINDS = (*("broken", "slower", "dearer", "failing", "document", "flaky", "errors", "authenticity"),)
"""Kinds of changes that can fail a build; `harness.comparing.model.FAIL_ON` are the same."""

NONE = "none"
"""What is written where no change is to fail a build."""


class Percent(float):
    """A share that is written as a percentage: 0.1 is `10%`."""

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self * 100:g}%"


_PERCENT = re.compile(r"(\d{1,4}(?:\.\d{1,4})?)\s?%", re.ASCII)
_MOST_PERCENT = 1000


def read_fail_on(texts: Sequence[str]) -> tuple[str, ...]:
    """Read kinds of changes, separated by commas, each once; UsageError for an unknown one."""
    words = [word.strip() for text in texts for word in text.split(",")]
    for word in words:
        if word not in (*KINDS, NONE):
            near = nearest(word, (*KINDS, NONE))
            guess = f"did you mean {near}? " if near else ""
            raise UsageError(
                f"--fail-on {word}: no kind of change",
                hint=f"{guess}one of {', '.join(KINDS)}, or {NONE}",
            )
    if NONE in words and len(set(words)) > 1:
        raise UsageError(f"--fail-on {NONE}: it stands alone", hint="leave the others out, or it")
    return tuple(kind for kind in KINDS if kind in words)


def read_percent(flag: str, text: str) -> Percent:
    """Read a percentage, `10%` or `0.5 %`; UsageError for anything else, and above 1000 %."""
    match = _PERCENT.fullmatch(text)
    if match is None or float(match[1]) > _MOST_PERCENT:
        raise UsageError(f"{flag} {text}: {text!r} is not a percentage", hint="like 10% or 0.5%")
    return Percent(float(match[1]) / 100)


def read_number(flag: str, number: float) -> float:
    """Return a number that is one; UsageError for not-a-number and infinity."""
    if not isfinite(number):
        raise UsageError(f"{flag} {number}: not a finite number")
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLimits:
    """Which changes fail a build, from which size on, and how sure they have to be.

    None stands for the default, which `harness.comparing.model` has; no kind at all in `fail_on`
    for none. `slower` and `dearer` are shares, `failing` percentage points.
    """

    fail_on: tuple[str, ...] | None = option(
        "--fail-on",
        f"Kinds of changes that fail, separated by commas (repeatable): {', '.join(KINDS)}; "
        "or none [broken,slower,dearer,failing].",
        default=None,
        metavar="KIND,...",
        key="fail_on",
        like='["broken", "slower"]',
        read=read_fail_on,
    )
    slower: Percent | None = option(
        "--slower",
        "Longer than before by at least this is slower [10%].",
        default=None,
        metavar="PERCENT",
        like='"10%"',
        read=partial(read_percent, "--slower"),
    )
    failing: float | None = option(
        "--failing",
        "A failure rate higher by at least so many percentage points is one [4].",
        default=None,
        metavar="POINTS",
        least=0,
        most=100,
        read=partial(read_number, "--failing"),
    )
    dearer: Percent | None = option(
        "--dearer",
        "A price higher by at least this is dearer [1%].",
        default=None,
        metavar="PERCENT",
        like='"1%"',
        read=partial(read_percent, "--dearer"),
    )
    alarm: float | None = option(
        "--alarm",
        "The most false ones among the changes that are certain, as a share [0.03].",
        default=None,
        metavar="SHARE",
        least=0,
        above=True,
        most=0.5,
        read=partial(read_number, "--alarm"),
    )
    suspicion: float | None = option(
        "--suspicion",
        "The most false ones among the changes that are suspected, as a share [0.1].",
        default=None,
        metavar="SHARE",
        least=0,
        above=True,
        most=0.5,
        read=partial(read_number, "--suspicion"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffOptions:
    """All choices of a comparison; each has a default. What may cost money is typed only."""

    diff: DiffLimits = topic(DiffLimits, "What fails")
    confirm: ConfirmOptions = topic(ConfirmOptions, "Ask again before it fails", typed_only=True)
