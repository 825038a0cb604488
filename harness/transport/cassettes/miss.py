"""Why a request is not on a tape: the most similar recorded one, and where the two differ."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from harness.core.exchange import Exchange, Part, Request
from harness.core.jsonvalue import Json, canonical

CANDIDATES_AT_MOST = 300
"""Compared for one missing request; the hint may miss a better one in a longer tape."""

_NAMED_AT_MOST = 5
_SHOWN_AT_MOST = 60

Leaves = dict[str, str]
"""Every value of a body, by its path of keys joined by dots; values as canonical JSON."""


def leaf_values(request: Request) -> Leaves:
    """Return what a request's body or form says, value by value."""
    if request.form is not None:
        found: Leaves = {}
        for place, part in enumerate(request.form):
            name = part.name if part.name not in found else f"{part.name}#{place}"
            found[name] = _told(part)
        return found
    return dict(_walked(request.body, ""))


def most_similar(asked: Request, candidates: Sequence[Exchange]) -> Exchange | None:
    """Return the candidate with the most values in common, the earliest of equals."""
    wanted = set(leaf_values(asked).items())
    few = candidates[:CANDIDATES_AT_MOST]
    return min(few, key=lambda exchange: len(wanted ^ set(leaf_values(exchange.request).items())), default=None)


def close_target(asked: Request, targets: Iterable[str]) -> str | None:
    """Return the recorded target that reads most like the one asked for."""
    few = list(targets)[:CANDIDATES_AT_MOST]
    found = get_close_matches(asked.target, few, n=1, cutoff=0.2)
    return found[0] if found else None


def differences(*, recorded: Request, asked: Request) -> str:
    """Name the values that differ, with both sides shortened; empty when all are equal."""
    before, now = leaf_values(recorded), leaf_values(asked)
    names = [name for name in {**now, **before} if before.get(name) != now.get(name)]
    told = [
        f"{name or 'body'}: recorded {_side(before.get(name))}, asked {_side(now.get(name))}"
        for name in names[:_NAMED_AT_MOST]
    ]
    if len(names) > _NAMED_AT_MOST:
        told.append(f"and {len(names) - _NAMED_AT_MOST} more")
    return "; ".join(told)


def shortened_value(text: str) -> str:
    """Return `text` at a length that fits into a line."""
    return text if len(text) <= _SHOWN_AT_MOST else f"{text[:_SHOWN_AT_MOST]}… ({len(text):,} long)"


def _side(value: str | None) -> str:
    return "nothing" if value is None else shortened_value(value)


def _walked(value: Json, path: str) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _walked(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for place, item in enumerate(value):
            yield from _walked(item, f"{path}[{place}]")
    elif path or value is not None:
        yield path, canonical(value)


def _told(part: Part) -> str:
    if part.value is not None:
        return canonical(part.value)
    return f"file {part.media_type}, {part.size_bytes} bytes, {part.width_px}x{part.height_px}"
