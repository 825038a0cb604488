"""What a benchmark decided, and what it left open: a rank only where pair tests separate."""

from collections.abc import Iterable, Iterator, Sequence

from harness.report.benchmark.answers import Benchmarked
from harness.report.benchmark.words import name
from harness.report.overview.model import Decision, Place
from harness.report.text import one_line
from harness.stats.benchmark.model import Comparison, Ranking


def decisions(benchmark: Benchmarked) -> tuple[Decision, ...]:
    """Return what was decided at each workload, in the order of the design."""
    return tuple(
        _decision(workload.name, ranking, benchmark)
        for workload in benchmark.design.workloads
        for ranking in _rankings(benchmark, workload.name)
    )


def _rankings(benchmark: Benchmarked, workload: str) -> tuple[Ranking | None, ...]:
    rankings = [row for row in benchmark.measured.rankings if row.workload == workload]
    return tuple(rankings) or (None,)


def _decision(workload: str, ranking: Ranking | None, benchmark: Benchmarked) -> Decision:
    ranked = [rank.provider for rank in ranking.places] if ranking else []
    among = {*ranked}
    pairs = [
        pair
        for pair in benchmark.measured.comparisons
        if pair.workload == workload and {pair.first, pair.second} <= among
    ]
    undecided = [pair for pair in pairs if pair.word == "open"]
    places = separated(ranking) if ranking else ()
    return Decision(
        workload=name(workload),
        places=places,
        sentence=_sentence(places, ranked, ranking, pairs),
        undecided=tuple(f"{_name(pair.first)} and {_name(pair.second)}" for pair in undecided),
        unranked=tuple(_unranked(workload, ranked, benchmark)),
        decided=ranking is not None and ranking.decided,
    )


def separated(ranking: Ranking) -> tuple[Place, ...]:
    """Return the places of a ranking; none where all share one, for then nobody is ranked.

    A place of one who was measured alone is none either.
    """
    groups: dict[int, list[str]] = {}
    for rank in ranking.places:
        groups.setdefault(rank.place, []).append(rank.provider)
    if len(groups) < 2:  # noqa: PLR2004 - one place separates nobody
        return ()
    return tuple(
        Place(place=place, providers=tuple(_name(each) for each in who))
        for place, who in groups.items()
    )


def _sentence(
    places: Sequence[Place],
    ranked: Sequence[str],
    ranking: Ranking | None,
    pairs: Sequence[Comparison],
) -> str:
    if ranking is None or not ranked:
        return "Not decided: nobody served it exactly."
    if len(ranked) == 1:
        return f"Nothing to decide: only {_name(ranked[0])} served it exactly."
    if not places:
        who = _listed(sorted(map(_name, ranked)))
        if ranking.decided:
            return f"Decided: {one_line(ranking.why, 300)}."
        known = [pair for pair in pairs if pair.word in ("first", "second")]
        but = f" Only this is certain: {'; '.join(map(_faster, known))}." if known else ""
        return f"Not decided: {who} are not told apart.{but}"
    first = places[0].providers
    if len(first) == 1:
        return f"Decided: {first[0]} is the fastest."
    equal = ranking.decided and not any(
        pair.word == "open" and {_name(pair.first), _name(pair.second)} <= {*first}
        for pair in pairs
    )
    if equal:
        return f"Decided: {_listed(first)} are the fastest, and equally fast."
    return f"Not decided who is the fastest: {_listed(first)} are not told apart."


def _faster(pair: Comparison) -> str:
    faster, slower = (
        (pair.first, pair.second) if pair.word == "first" else (pair.second, pair.first)
    )
    return f"{_name(faster)} is faster than {_name(slower)}"


def _unranked(workload: str, ranked: Sequence[str], benchmark: Benchmarked) -> Iterator[str]:
    for fit in benchmark.design.fits:
        if fit.workload != workload or fit.provider in ranked:
            continue
        why = {
            "nearest": "nearest only",
            "unsupported": "cannot be asked for it",
            "exact": "nothing that counts",
        }[fit.kind]
        yield f"{_name(fit.provider)} ({why})"


def _name(provider: str) -> str:
    return one_line(provider, 40)


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
