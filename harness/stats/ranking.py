"""Who serves a workload fastest: places that are shared by those who are not told apart."""

from collections.abc import Mapping
from math import inf

from harness.stats.benchmark.model import Rank, Ranking
from harness.stats.comparison import MARGIN, PairwiseComparisons


def rank_providers(
    race: PairwiseComparisons, workload: str, medians: Mapping[str, float | None]
) -> Ranking:
    """Return the places of one workload; who served nothing has none.

    A place is one more than the number of providers that are decided to be faster. Within a place
    the lower median stands first, which says nothing more.
    """
    serving = race.serving(workload)
    faster = dict.fromkeys(serving, 0)
    for two in race.comparing:
        of, first, second = two
        if of != workload or not {first, second} <= {*serving}:
            continue
        word = race.word(two)
        if word in ("first", "second"):
            faster[second if word == "first" else first] += 1

    def order(name: str) -> tuple[int, float, str]:
        median = medians.get(name)
        return faster[name], inf if median is None else median, name

    places = tuple(
        Rank(place=1 + faster[name], provider=name) for name in sorted(serving, key=order)
    )
    decided, why = _why(race, workload, [rank.provider for rank in places if rank.place == 1])
    silent = [name for name in race.contenders[workload] if name not in serving]
    if silent and serving:
        why += f"; {' and '.join(silent)} served nothing that counts here"
    return Ranking(workload=workload, places=places, decided=decided, why=why)


def _why(race: PairwiseComparisons, workload: str, first: list[str]) -> tuple[bool, str]:
    """Tell whether the first place is decided, and what that rests on."""
    if not first:
        return False, "nothing was served"
    if len(race.serving(workload)) == 1:
        return True, f"only {first[0]} served it exactly"
    if len(first) == 1:
        return True, f"{first[0]} is faster at an error rate of {race.alpha:.2g} for the whole race"
    words = {
        two: race.word(two)
        for two in race.comparing
        if two[0] == workload and {*two[1:]} <= {*first}
    }
    if all(word == "equal" for word in words.values()):
        return True, f"{' and '.join(first)} are equally fast within {MARGIN - 1:.0%}"
    still = [f"{one} and {other}" for (_, one, other), word in words.items() if word == "open"]
    return False, f"not told apart: {', '.join(still)}"
