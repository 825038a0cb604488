"""What a provider's documents say otherwise than before, as a changelog would: one sentence each.

What is compared is what the harness reads in two TOMLs, so that layout, comments and quotes, which
promise nothing, make no sentence. Where they read the same and are written otherwise, the TOMLs
themselves are compared: no change goes without words.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from harness.comparing.documents.promised import SOURCES, Place, promises_of
from harness.comparing.documents.tables import Moved, Path, Tables, moves, plain
from harness.comparing.documents.wording import both_said, names, one_line, said
from harness.core.jsonvalue import Json, digest
from harness.spec.load import inherited, parse_provider, tables_of
from harness.spec.provider import Provider
from harness.spec.quotes import without_quotes
from harness.spec.rules import KINDS, Rule
from harness.spec.rules.body import UnknownFields

_SHOWN = 3
"""How many places of one source are named."""

_WORDS = {
    "path": "endpoint (path)",
    "wire": "place in the request (wire)",
    "interval_s": "seconds between polls (interval_s)",
}
"""What the keys of a TOML are called in a changelog, where their own names do not say it."""

_ARTICLES = {
    "image": " an image",
    "request": " a request",
    "megapixel": " a megapixel",
    "second": " a second",
}

_ROW = 3
"""How many keys lead to a row of the price list, and to a kind of its tokens."""

_RULE = 5
"""How many keys lead to a rule: operations, its operation, arguments, its argument, its kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A sentence about the documents, and the promises that move by it.

    `promise` is the id of the constraint that the sentence is about; empty where it is about more,
    or about nothing that can be broken.
    """

    sentence: str
    operation: str = ""
    promise: str = ""
    promises: frozenset[Place] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Changelog:
    """What moved between two TOMLs, and which promises by that.

    `promises` are pairs of an operation and a constraint's id, or the name of a check where the
    promise is about a reply as a whole.
    """

    told: tuple[Told, ...]
    promises: frozenset[Place]


NOTHING = Changelog(told=(), promises=frozenset())


@lru_cache(maxsize=32)
def changelog(was: str, now: str) -> Changelog:
    """Compare two TOMLs' texts; nothing where they say the same. SpecError where one is no TOML."""
    if was == now:
        return NOTHING
    first, second = tables_of(was, "the earlier TOML"), tables_of(now, "the later TOML")
    if digest(without_quotes(first)) == digest(without_quotes(second)):
        return NOTHING
    old, new = _read_alike(first, second)
    moved = [*moves(old, new)]
    if not moved:  # they read the same: only how it is written differs
        old, new = without_quotes(first), without_quotes(second)
        moved = [*moves(old, new)]
        told = tuple(replace(each, promises=frozenset()) for each in _lines(moved, old, new))
        return Changelog(told=told, promises=frozenset())
    told = tuple(_lines(moved, old, new))
    return Changelog(told=told, promises=frozenset().union(*(each.promises for each in told)))


def _read_alike(first: dict[str, Any], second: dict[str, Any]) -> tuple[Tables, Tables]:
    """Return two TOMLs as the harness reads them; as written where it cannot read both."""
    providers = [parse_provider(tables) for tables in (first, second)]
    if all(isinstance(each, Provider) for each in providers):
        old, new = (_dumped(each) for each in providers if isinstance(each, Provider))
        return old, new
    old, new = (without_quotes(inherited(tables)[0]) for tables in (first, second))
    return old, new


def _dumped(provider: Provider) -> Tables:
    dumped = provider.model_dump(mode="json", by_alias=True, exclude_none=True)
    dumped["documents"] = [*dumped["documents"].values()]  # their keys are the TOML's own words
    tables: Tables = without_quotes(dumped)
    return tables


# ------------------------------------------------------------------------------ in sentences
def _lines(moved: Sequence[Moved], was: Tables, now: Tables) -> Iterator[Told]:
    """Yield the sentences, each on one line: keys are foreign where a TOML could not be read."""
    for each in _told(moved, was, now):
        yield replace(each, sentence=one_line(each.sentence))


def _told(moved: Sequence[Moved], was: Tables, now: Tables) -> Iterator[Told]:
    """Yield sentences: rules by what they ask, sources together, all else by its key."""
    sources: defaultdict[tuple[str, str], list[Path]] = defaultdict(list)
    rules: defaultdict[Path, list[Moved]] = defaultdict(list)
    others: list[Moved] = []
    for each in moved:
        rule = _rule_path(each.path)
        if each.path[-1] in SOURCES and each.was is not None and each.now is not None:
            sources[both_said(each.was, each.now)].append(each.path)
        elif rule and len(each.path) > len(rule):
            rules[rule].append(each)
        else:
            others.append(each)
    for path, leaves in rules.items():
        promises = promises_of(leaves, was, now)
        yield from (replace(told, promises=promises) for told in _of_rule(path, leaves, was, now))
    for each in others:
        operation, promise = _about(each.path)
        yield Told(
            sentence=_sentence(each, was, now),
            operation=operation,
            promise=promise,
            promises=promises_of([each], was, now),
        )
    for (before, after), paths in sources.items():
        operation, promise = _about(paths[0]) if len(paths) == 1 else ("", "")
        places = ", ".join(place(path[:-1]) or "the provider" for path in paths[:_SHOWN])
        more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
        sentence = f"{paths[0][-1]} of {places}{more}: {after}, was {before}"
        yield Told(sentence=sentence, operation=operation, promise=promise)


def _rule_path(path: Path) -> Path:
    """Return the path of the rule that a key is of; an empty one where it is of none."""
    if path[0] != "operations" or len(path) < _RULE - 2:
        return ()
    if path[2] == "unknown_fields":
        return path[:3]
    is_rule = len(path) >= _RULE and path[2] == "arguments" and path[4] in KINDS
    return path[:_RULE] if is_rule else ()


def _about(path: Path) -> Place:
    """Return the operation and the constraint that a key is of; empty where it is of none."""
    operation = path[1] if path[0] == "operations" and len(path) > 1 else ""
    rule = _rule_path(path)
    if not rule:
        return operation, ""
    return operation, "body.unknown_fields" if len(rule) < _RULE else f"{rule[3]}.{rule[4]}"


def place(path: Path) -> str:
    """Return a key's place in words: `max_length of prompt of generate`, `auth header`."""
    words = [_WORDS.get(key, one_line(key)) for key in path]
    if path[:1] != ("operations",) or len(path) == 1:
        return " ".join(filter(None, words))
    inner = path[2:]
    if inner[:1] == ("arguments",) and len(inner) > 1:
        own = f"{' '.join(words[4:])} of {inner[1]}" if len(inner) > 2 else inner[1]  # noqa: PLR2004
        return f"{own} of {path[1]}"
    return f"{' '.join(filter(None, words[2:]))} of {path[1]}" if inner else f"operation {path[1]}"


def _of_rule(path: Path, leaves: Sequence[Moved], was: Tables, now: Tables) -> Iterator[Told]:
    """Yield what a rule asks otherwise; then what of it that sentence does not show."""
    operation, promise = _about(path)
    subject = f"{path[3] if len(path) == _RULE else 'the body'} of {operation}"
    before, after = (_described(path[-1], _at(tables, path)) for tables in (was, now))
    sentence = ""
    plain_leaves = [each for each in leaves if each.kind == "value"]
    if before and after and before != after and plain_leaves:
        sentence = f"{subject}: {after}, was {_less(before, after)}"
        yield Told(sentence=sentence, operation=operation, promise=promise)
    for each in leaves:
        if each.kind == "value" and sentence and _shows(sentence, each):
            continue
        words = _sentence(each, was, now)
        if each.kind == "member":
            words = _of_member(subject, ".".join(each.path[len(path) - 1 :]), each)
            words += f" ({after})" if after else ""
        elif each.path[-1] == "status" and after:
            judged = "judged" if each.now == "documented" else "only observed"
            words += f" ({path[3] if len(path) == _RULE else 'the body'} {after}: {judged} now)"
        yield Told(sentence=one_line(words), operation=operation, promise=promise)


def _of_member(subject: str, key: str, moved: Moved) -> str:
    before, after = both_said(moved.was, moved.now)
    if moved.now is None:
        return f"{subject}: {before} is removed{key and f' from {key}'}"
    if moved.was is None:
        return f"{subject}: {after} is added{key and f' to {key}'}"
    return f"{subject}: {after} is in place of {before}{key and f', in {key}'}"


def _shows(sentence: str, moved: Moved) -> bool:
    return all(each is None or names(sentence, each) for each in (moved.was, moved.now))


def _less(before: str, after: str) -> str:
    """Return what a rule asked before; only its figure where nothing else of it moved."""
    first, second = before.split(), after.split()
    less = before if first[0] != second[0] else " ".join(first[1:])
    if len(first) != len(second):
        return less
    other = [old for old, new in zip(first, second, strict=True) if old != new]
    figures = [word for word in first if any(char.isdigit() for char in word)]
    return other[0] if len(other) == 1 and other == figures else less


def _described(kind: str, table: Json) -> str:
    """Return what a rule asks, in its own words; nothing where this version does not know it."""
    rule_type: type[Rule] | None = UnknownFields if kind == "unknown_fields" else KINDS.get(kind)
    if rule_type is None or not isinstance(table, dict):
        return ""
    unsourced = {key: each for key, each in table.items() if key not in SOURCES}
    cited: dict[str, Any] = {"source": {"document": "-", "section": "-"}}
    try:
        return one_line(rule_type.model_validate(unsourced | cited).describe())
    except ValidationError:
        return ""


def _at(tables: Tables, path: Path) -> Json:
    found: Json = tables
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


# ------------------------------------------------------------------------------ by its key
def _sentence(moved: Moved, was: Tables, now: Tables) -> str:
    """Return a sentence about one key: what is there now, and what was."""
    path, (before, after) = moved.path, both_said(moved.was, moved.now)
    where = place(path)
    if moved.kind == "order":
        return f"{where}: in another order, {after}, was {before}"
    if moved.kind == "member":
        return _of_member(where, "", moved)
    if path[0] == "prices" and len(path) > 1:
        found = _price(moved, was, now)
        if found:
            return found
    rule = len(_rule_path(path)) == len(path)
    if rule and (moved.was is None or moved.now is None):
        return _of_whole_rule(path, moved)
    if moved.now is None:
        return f"{where} is gone, was {_summed(path, moved.was)}"
    if moved.was is None:
        return f"{where} is new: {_summed(path, moved.now)}"
    return f"{where}: {after}, was {before}"


def _of_whole_rule(path: Path, moved: Moved) -> str:
    """Return a sentence about a rule that came or went."""
    subject = f"{path[3] if len(path) == _RULE else 'the body'} of {path[1]}"
    if moved.now is None:
        return f"{subject}: {path[-1]} is gone, it said: {_summed(path, moved.was)}"
    return f"{subject}: {_summed(path, moved.now)} ({path[-1]} is new)"


def _price(moved: Moved, was: Tables, now: Tables) -> str:
    """Return a sentence about an amount of the price list; nothing for what is none."""
    path = moved.path
    rows, depth = path[1] in ("rows", "at_most"), len(path)
    of_row = rows and (depth == _ROW or path[-1] == "amount")
    if not of_row and not (path[1] == "tokens" and depth == _ROW):
        return ""
    before, after = (
        _amount(value, path, tables) for value, tables in ((moved.was, was), (moved.now, now))
    )
    kind = "the most for" if path[1] == "at_most" else "price of"
    what = f"{path[2]} tokens" if path[1] == "tokens" else one_line(path[2]) or "any request"
    if moved.was is None:
        return f"{kind} {what} is new: {after}"
    if moved.now is None:
        return f"{kind} {what} is gone, was {before}"
    unit = plain(_at(was, ("prices", "unit")))
    return f"{kind} {what}: {after}, was {_same_unit(before, after, unit)}"


def _same_unit(before: str, after: str, unit: str) -> str:
    """Return an amount without its unit, where that stands beside it already."""
    amount, _, rest = before.partition(" ")
    return amount if rest == unit and after.endswith(f" {unit}") else before


def _amount(value: Json, path: Path, tables: Tables) -> str:
    """Return an amount with its unit and what it is for: `24 credit an image`."""
    row: Mapping[str, Json] = value if isinstance(value, dict) else {}
    amount = plain(row.get("amount") if row else value)
    unit = plain(_at(tables, ("prices", "unit")))
    if path[1] == "tokens":
        if path[2] == "per":
            return said(value)
        per = _at(tables, ("prices", "tokens", "per")) or 1_000_000
        return f"{amount} {unit} for {said(per)}"
    per = plain(row.get("per") or "")
    more = "".join(
        f", {key} {plain(each)}"
        for key, each in row.items()
        if key in ("status", "round_up", "note") and each not in ("documented", False, "")
    )
    return one_line(f"{amount} {unit}{_ARTICLES.get(per, '')}{more}")


def _summed(path: Path, value: Json) -> str:
    """Return what stands at a key in few words: an operation, a parameter or a rule by its own."""
    asks = _described(path[-1], value) if len(_rule_path(path)) == len(path) else ""
    if asks:
        table = value if isinstance(value, dict) else {}
        status = plain(table.get("status") or "documented")
        return asks if status == "documented" else f"{asks} ({status})"
    depth = len(path) if path[0] == "operations" and isinstance(value, dict) else 0
    if depth == 2:  # noqa: PLR2004 - operations, the operation
        return one_line(_of_operation(value))
    if depth == _RULE - 1 and path[2] == "arguments":
        return one_line(_of_argument(value))
    return said(value)


def _of_operation(value: Json) -> str:
    table = value if isinstance(value, dict) else {}
    arguments = table.get("arguments")
    named = ", ".join(arguments) if isinstance(arguments, dict) else ""
    words = (table.get("method") or "POST", table.get("path") or "", f"with {named}")
    return " ".join(map(plain, words))


def _of_argument(value: Json) -> str:
    table = value if isinstance(value, dict) else {}
    asked = [_described(kind, table.get(kind)) for kind in KINDS if kind in table]
    words = [f"{plain(table.get('type') or '')} in {plain(table.get('wire') or '')}", *asked]
    return ", ".join(filter(None, words))
