"""Which promises a moved document moves: constraints by id, replies by the check that speaks."""

from collections.abc import Iterable, Iterator, Sequence

from harness.checks.check import CHECKS
from harness.comparing.documents.tables import Moved, Path, Tables
from harness.core.jsonvalue import Json
from harness.spec.credentials import KEY_REQUIRED
from harness.spec.quotes import QUOTED_AT
from harness.spec.rules import KINDS
from harness.spec.rules.body import BODY

Place = tuple[str, str]
"""An operation and a promise of it."""

SOURCES = frozenset((*QUOTED_AT, *QUOTED_AT.values()))
"""Keys that say where a document says something, and how it words that; not what."""

_SAYS_NOTHING = SOURCES - {"failed_free"} | {
    *("note", "title", "documents", "open_questions", "statements", "endpoints", "timeouts"),
    *(
        "examples",
        "cheapest",
        "declared",
        "also",
        "kind",
        "key_shape",
        "env",
        "interval_s",
    ),
}
"""Keys that no request and no reply is judged by."""

_OF_REPLIES = {
    "size": "images_have_the_asked_dimensions",
    "aspect_ratio": "images_have_the_asked_aspect_ratio",
    "quality": "images_have_the_asked_quality",
    "output_format": "images_have_the_asked_format",
    "background": "images_have_the_asked_background",
    "n": "serves_as_many_images_as_asked",
}
"""The check of what comes for a parameter; it looks at its default, too."""

_READ = (
    "declares_what_was_asked",
    "images_match_their_declaration",
    "usage_adds_up",
    "charges_the_list_price",
    "images_have_the_asked_format",
    "images_have_the_asked_quality",
)
"""The checks of what is read in a reply beside its images."""


def promises_of(moved: Iterable[Moved], was: Tables, now: Tables) -> frozenset[Place]:
    """Return the promises that differ between two TOMLs: changed, new or gone."""
    found: set[Place] = set()
    operations = {**_table(was, "operations"), **_table(now, "operations")}
    for each in moved:
        if any(key in _SAYS_NOTHING for key in _names(each.path)):
            continue
        if each.path[0] == "operations" and len(each.path) > 1:
            name = each.path[1]
            sides = [_table(_table(side, "operations"), name) for side in (was, now)]
            found |= {(name, promise) for promise in _of_operation(each.path[2:], sides)}
        else:
            promised = [*_of_provider(each.path)]
            found |= {(name, promise) for name in operations for promise in promised}
    return frozenset(found)


def _names(path: Path) -> Iterator[str]:
    """Yield the keys of a path that are words of the vocabulary, and no names of the provider."""
    if path[0] == "operations":
        yield from path[4:] if path[2:3] == ("arguments",) else path[2:]
    else:
        yield from path


def _of_operation(path: Path, sides: Sequence[Tables]) -> Iterator[str]:
    match path:
        case ("arguments", name, kind, *_) if kind in KINDS:
            yield f"{name}.{kind}"
        case ("arguments", name, *_):
            yield from _of_argument(name, sides)
        case ("unknown_fields", *_):
            yield f"{BODY}.unknown_fields"
        case ("reply", "fields", *_):
            yield "reply_has_the_documented_fields"
        case ("reply", *_):
            yield from _READ
        case (("job" | "stream" | "webhook" | "idempotency") as part, *rest):
            yield from _promised_in("idempotency" if "idempotency" in rest else part)
            if "submitted" in rest:
                yield "reply_has_the_documented_fields"
        case _:
            yield from _everything(sides)


def _of_argument(name: str, sides: Sequence[Tables]) -> Iterator[str]:
    """Yield what is promised of a parameter: its place, its type and its default bear on it all."""
    for side in sides:
        argument = _table(_table(side, "arguments"), name)
        yield from (f"{name}.{kind}" for kind in KINDS if kind in argument)
    if name in _OF_REPLIES:
        yield _OF_REPLIES[name]


def _everything(sides: Sequence[Tables]) -> Iterator[str]:
    """Yield every promise of an operation: it is asked for elsewhere, or is new, or gone."""
    for side in sides:
        for name in _table(side, "arguments"):
            yield from _of_argument(name, sides)
    yield f"{BODY}.unknown_fields"
    yield from CHECKS


def _of_provider(path: Path) -> Iterator[str]:
    match path:
        case ("auth", *_):
            yield KEY_REQUIRED
        case ("errors", *_):
            yield from _promised_in("errors")
        case ("prices", "failed_free", *_):
            yield from _promised_in("failed_free")
        case ("prices", *_):
            yield from _promised_in("prices")
        case ("model", "tokens" | "others" | "name", *_):
            yield "images_have_the_asked_quality"
        case _:
            return


def _promised_in(part: str) -> Iterator[str]:
    yield from (name for name, entry in CHECKS.items() if entry.promised_in == part)


def _table(table: Json, key: str) -> Tables:
    found = table.get(key) if isinstance(table, dict) else None
    return found if isinstance(found, dict) else {}
