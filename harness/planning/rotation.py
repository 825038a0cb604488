"""Which rows of a canary come next: those whose values were not asked for longest."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.core.case import Case

OTHER = 0.1
"""What a rule counts beside a single value of a list, a range or a class of sizes."""

LONGEST = 60
"""How many canaries a turn is looked at for."""


def tokens_of(case: Case) -> set[str]:
    """Return what a case tries: rules and values of its operation, `OPERATION RULE[=VALUE]`."""
    return {f"{case.operation} {each}" for each in case.covers}


def in_turn(
    rows: Iterable[Case], asked: Mapping[str, int], price: Mapping[str, int], today: Sequence[Case]
) -> Iterator[Case]:
    """Yield rows in the order in which a canary wants them, beside what leaves it `today`.

    `asked` says at which place in time a case was asked last, from 1 on; `price` how many images
    one takes. The first is the one with what was missing for longest; in doubt, with more of it.
    """
    left = list(rows)
    now = max(asked.values(), default=0) + 1
    last: dict[str, int] = {}
    for case in (*left, *today):
        for token in tokens_of(case):
            last[token] = max(last.get(token, 0), asked.get(case.id, 0))
    done = {token for case in today for token in tokens_of(case)}

    def worth(case: Case) -> tuple[int, float, int]:
        missed = {token: now - last[token] for token in tokens_of(case) - done}
        values = [age for token, age in missed.items() if "=" in token]
        whole = sum(values) + OTHER * (sum(missed.values()) - sum(values))
        oldest = max(missed.values(), default=0)
        return oldest, whole / max(price[case.id], 1), -asked.get(case.id, 0)

    while left:
        best = max(left, key=worth)
        yield best
        done |= tokens_of(best)
        left.remove(best)
