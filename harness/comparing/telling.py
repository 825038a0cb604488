"""What runs tell at all: promises of which both know, and whether a run knows anything."""

from collections import Counter

from harness.comparing.model import Baseline, PromiseState
from harness.comparing.scope import Scope

_TELLING: tuple[PromiseState, ...] = ("held", "broken", "flaky", "unconfirmed")
"""States of a promise that say something of the provider."""


def promises_compared(scope: Scope) -> int:
    """Return of how many promises both runs know whether they hold."""
    both = (
        {
            (each.provider, each.operation, each.promise)
            for each in run.promises
            if each.provider in scope.providers and each.state in _TELLING
        }
        for run in (scope.base, scope.head)
    )
    return len(set.intersection(*both))


def unclear(run: Baseline) -> str:
    """Say why a run tells nothing: it asked, and nobody served or judged anything.

    Empty where it tells something, and where it did not ask.
    """
    if any(each.state in _TELLING for each in run.promises):
        return ""
    if any(each.end == "served" for each in run.samples):
        return ""
    if run.samples:
        ends = Counter(each.error_class or each.end.replace("_", " ") for each in run.samples)
        often = ", ".join(f"{word} {number}" for word, number in ends.most_common(3))
        number = len(run.samples)
        asked = "the 1 valid request" if number == 1 else f"none of {number:,} valid requests"
        return f"{asked} was {'not ' if number == 1 else ''}served ({often})"
    if any(each.state == "inconclusive" for each in run.promises):
        return "every verdict is inconclusive"
    return ""
