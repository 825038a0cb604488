"""Error classes that are new, and those that are gone."""

from collections.abc import Iterable, Iterator

from harness.comparing.model import Baseline, Change, ErrorShown
from harness.comparing.scope import Scope
from harness.core.outcome import ErrorClass
from harness.stats.exact import chance_of_more

SURE = 1e-3
"""A class is new where it came oftener than in the other run as rarely as this by chance: there are
fourteen classes for each provider, and a single fault is none of them."""

_SUSPECTED = 0.05


def compare_errors(scope: Scope) -> Iterator[Change]:
    """Yield a change for each class of a provider's errors that only one of the two runs met.

    One that came a few times in many requests may have come in the other run as well, by chance:
    then it is only suspected, or told (`other`) where it is no news at all. A class that both runs
    met is none of these: how often requests fail is another comparison.
    """
    for name in scope.providers:
        base, head = (_by_class(run.errors, name) for run in (scope.base, scope.head))
        sent = [_sent(run, name) for run in (scope.base, scope.head)]
        for error_class in dict.fromkeys((*head, *base)):
            met = error_class in base, error_class in head
            if met == (False, True):
                yield _change(head[error_class], sent[1], sent[0], is_new=True)
            elif met == (True, False):
                yield _change(base[error_class], sent[0], sent[1], is_new=False)


def _change(met: list[ErrorShown], sent: int, others: int, *, is_new: bool) -> Change:
    """Return the change of one class, by the counts of all operations in which it came."""
    count, first = sum(each.count for each in met), met[0]
    sent = max(sent, count)
    chance = chance_of_more(count, sent, 0, others)
    sure, suspected = chance <= SURE, chance <= _SUSPECTED
    where = ", ".join(each.operation for each in met)
    rare = "" if sure else ", which chance may explain"
    return Change(
        kind="errors",
        direction=("worse" if is_new else "better") if suspected else "other",
        standing="certain" if sure else "suspected",
        provider=first.provider,
        operation=first.operation if len(met) == 1 else "",
        sentence=(
            f"{first.provider}: errors of class {first.error_class} are "
            f"{'new' if is_new else 'gone'} at {where} ({count} of {sent} requests, none of "
            f"{others} in {'BASE' if is_new else 'HEAD'}){rare}"
        ),
        check=first.error_class,
    )


def _by_class(errors: Iterable[ErrorShown], name: str) -> dict[ErrorClass, list[ErrorShown]]:
    found: dict[ErrorClass, list[ErrorShown]] = {}
    for each in errors:
        if each.provider == name:
            found.setdefault(each.error_class, []).append(each)
    return found


def _sent(run: Baseline, name: str) -> int:
    """Return how many requests of a provider were sent."""
    return sum(n for place, n in run.requests.items() if place.partition(" ")[0] == name)
