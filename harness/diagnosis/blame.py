"""Which promise a refused valid request breaks: the boundary that no served request stands on.

A valid request touches many constraints at once. A boundary that some served request touched too
is cleared; of those left, the one that explains most refusals is blamed first, until every refusal
is explained. Where the error itself names a parameter, only that parameter's boundaries count.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.checks.naming import blames, named_in
from harness.core.outcome import Images, Refused
from harness.core.record import Record
from harness.spec.provider import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    record: Record
    tokens: tuple[str, ...]


def blamed(
    refused: Sequence[Record], everything: Sequence[Record], operation: Operation
) -> dict[str, str | None]:
    """Return the constraint to blame for each refused valid case, by case id.

    None where every boundary it touches was served elsewhere: then only their combination failed.
    """
    cleared = {
        token
        for record in everything
        if isinstance(record.outcome, Images) and record.shot.case.expect == "accept"
        for token in record.shot.case.covers
    }
    waiting = [
        _Open(record=record, tokens=_suspects(record, cleared, operation)) for record in refused
    ]
    named = _named(refused, operation)
    verdict: dict[str, str | None] = {}
    while waiting:
        token = _commonest(waiting, named)
        explained = [item for item in waiting if token is None or token in item.tokens]
        for item in explained:
            verdict[item.record.shot.case.id] = token.partition("=")[0] if token else None
        waiting = [item for item in waiting if item not in explained]
    return verdict


def _suspects(record: Record, cleared: set[str], operation: Operation) -> tuple[str, ...]:
    covers = record.shot.case.covers
    outcome = record.outcome
    named = [
        token
        for token in covers
        if isinstance(outcome, Refused) and blames(outcome.error, token, operation)
    ]
    fresh = [token for token in covers if token not in cleared]
    both = [token for token in named if token in fresh]
    values = [token for token in fresh if "=" in token]  # a rule that is merely kept comes last
    return tuple(both or named[:1] or values or fresh)


def _named(refused: Sequence[Record], operation: Operation) -> dict[str, int]:
    """Count how often the words of the refusals name each parameter."""
    told = " ".join(
        record.outcome.error.message for record in refused if isinstance(record.outcome, Refused)
    )
    return {
        name: named_in(told, (argument.wire, name))
        for name, argument in operation.arguments.items()
    }


def _commonest(waiting: Sequence[_Open], named: dict[str, int]) -> str | None:
    """Return the suspect of most refusals; among equals the one that their words name most often.

    Of those still equal, the one that a case was made for; then a boundary says more than a rule
    that is merely kept.
    """
    count: dict[str, tuple[int, int, int, bool]] = {}
    for item in waiting:
        about = item.record.shot.case.about
        for token in item.tokens:
            explained, _, meant, _ = count.get(token, (0, 0, 0, False))
            made_for = token.partition("=")[0] == about
            said = named.get(token.partition(".")[0], 0)
            count[token] = (explained + 1, said, meant + made_for, "=" in token)
    return max(count, key=lambda token: count[token], default=None)
