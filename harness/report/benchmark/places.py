"""The places of a ranking in words."""

from collections.abc import Sequence

from harness.report.benchmark.words import name, span_s
from harness.report.text import one_line
from harness.stats.benchmark.model import Comparison, Ranking, Speed


def places_text(ranking: Ranking, rows: Sequence[Speed], comparisons: Sequence[Comparison]) -> str:
    """Return who stands where: `1. sub2api (median ...); 2. buble and openai, not told apart`.

    Where nobody is told apart from anybody there are no numbers, for nobody is ranked. Who shares
    the first place is equally fast only where it is decided, and no pair of them is anything else.
    """
    groups: dict[int, list[str]] = {}
    for rank in ranking.places:
        speeds = [row for row in rows if row.provider == rank.provider]
        groups.setdefault(rank.place, []).append(_placed(rank.provider, speeds))
    first = {rank.provider for rank in ranking.places if rank.place == 1}
    unlike = any(
        pair.workload == ranking.workload
        and pair.word != "equal"
        and {pair.first, pair.second} <= first
        for pair in comparisons
    )
    alike = ranking.decided and not unlike
    return "; ".join(
        (f"{place}. " if len(groups) > 1 else "")
        + (
            who[0]
            if len(who) == 1
            else f"{', '.join(who[:-1])} and {who[-1]},"
            f" {'equally fast' if alike and place == 1 else 'not told apart'}"
        )
        for place, who in groups.items()
    )


def _placed(provider: str, rows: Sequence[Speed]) -> str:
    """Return a provider with its median; of several stages, the first's and the last's."""
    if not rows:
        return f"{one_line(provider, 40)} (no figure)"
    if len(rows) == 1:
        return f"{one_line(provider, 40)} (median {span_s(rows[0].median)})"
    ends = (rows[0], rows[-1])
    medians = "; ".join(f"{name(end.stage)}: {span_s(end.median)}" for end in ends)
    return f"{one_line(provider, 40)} (median at {medians})"
