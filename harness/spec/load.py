"""Read a provider's TOML; a file with mistakes fails with all of them at once."""

import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.core.errors import SpecError, UsageError
from harness.core.files import MEBIBYTE, read_at_most
from harness.core.jsonvalue import digest
from harness.spec import price
from harness.spec.provider import Provider
from harness.spec.rules.base import toml_table
from harness.spec.validate import disagreements


def inherited(raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Give each operation with `extends` what it does not say itself, and tell the mistakes in it.

    `without` names arguments that are not inherited. `moved` says where the document repeats what
    is inherited: a table from the parent's source to the operation's own. An operation extends one
    that stands on its own, so that a reader finds everything in two places at most.
    """
    operations = toml_table(raw.get("operations"))
    spread: dict[str, Any] = {}
    mistakes: list[str] = []
    for name, operation in operations.items():
        if not isinstance(operation, Mapping) or "extends" not in operation:
            spread[name] = operation
            continue
        overlay = {key: operation[key] for key in operation if key not in _KEYS}
        parent, parent_mistakes = _parent(f"operations.{name}", operation, operations)
        mistakes += parent_mistakes
        spread[name] = _merged(parent, overlay)
    return ({**raw, "operations": spread} if operations else dict(raw)), mistakes


_KEYS = ("extends", "without", "moved")


def _parent(
    key: str, operation: Mapping[str, Any], operations: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Return what an operation inherits, ready to be overlaid by what it says itself."""
    wanted = operation["extends"]
    parent = operations.get(wanted) if isinstance(wanted, str) else None
    if not isinstance(parent, Mapping) or parent is operation:
        return {}, [f"{key}.extends: there is no other operation {wanted!r}"]
    if "extends" in parent:
        return {}, [f"{key}.extends: {wanted!r} extends another operation itself"]
    arguments = dict(toml_table(parent.get("arguments")))
    mistakes: list[str] = []
    dropped = operation.get("without", [])
    if not isinstance(dropped, list):
        mistakes.append(f"{key}.without: write a list of arguments")
        dropped = []
    mistakes += [
        f"{key}.without: there is no argument {name!r}"
        for name in dropped
        if not isinstance(name, str) or arguments.pop(name, None) is None
    ]
    moved = operation.get("moved", {})
    if not isinstance(moved, Mapping) or not all(isinstance(to, str) for to in moved.values()):
        mistakes.append(f"{key}.moved: write a table from source to source")
        moved = {}
    taken = {**parent, "arguments": arguments}
    sources = _sources(taken)
    mistakes += [
        f"{key}.moved: nothing inherited cites {source!r}"
        for source in moved
        if source not in sources
    ]
    return _moved(taken, moved), mistakes


def _sources(value: object) -> set[str]:
    """Collect every source that is cited anywhere inside."""
    if isinstance(value, list):
        return {source for item in value for source in _sources(item)}
    sources: set[str] = set()
    for key, item in toml_table(value).items():
        sources |= {item} if key == "source" and isinstance(item, str) else _sources(item)
    return sources


def _moved(value: Any, moved: Mapping[str, str]) -> Any:  # noqa: ANN401 - any part of a TOML
    if isinstance(value, list):
        return [_moved(content, moved) for content in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key: moved.get(content, content)
        if key == "source" and isinstance(content, str)
        else _moved(content, moved)
        for key, content in value.items()
    }


def _merged(parent: Mapping[str, Any], child: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(parent)
    for key, value in child.items():
        earlier = both.get(key)
        mergeable = isinstance(earlier, Mapping) and isinstance(value, Mapping)
        both[key] = _merged(earlier, value) if mergeable else value  # type: ignore[arg-type]
    return both


FOLDER = Path(__file__).parent.parent / "providers"
_FIRST = ("buble", "sub2api", "apiframe", "nanobanana", "aimlapi", "openai")
NAMES = (*_FIRST, *sorted({path.stem for path in FOLDER.glob("*.toml")} - set(_FIRST)))
"""The providers that ship with the harness: one for each TOML in the folder."""


def load_provider_file(path: Path) -> Provider:
    """Read one TOML file.

    Raises SpecError with every mistake (file, key and reason) where the file is no valid TOML, has
    a wrong or unknown key, holds a number without a source, or contradicts itself; UsageError
    where it cannot be read.
    """
    try:
        raw = tomllib.loads(read_at_most(path, MEBIBYTE).decode("utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is one, too
        raise SpecError(path.name, (f"not valid TOML: {error}",)) from None
    parsed = parse_provider(raw)
    if isinstance(parsed, Provider):
        return parsed
    raise SpecError(path.name, parsed)


def parse_provider(raw: dict[str, Any]) -> Provider | tuple[str, ...]:
    """Return the provider that the tables describe, or every mistake in them."""
    spread, mistakes = inherited(raw)
    mistakes += disagreements(spread)
    files = {
        key: document.get("file", key)
        for key, document in toml_table(spread.get("documents")).items()
        if isinstance(document, Mapping)
    }
    try:
        provider = Provider.model_validate(spread, context={"documents": files})
    except ValidationError as error:
        mistakes += [_sentence(problem) for problem in error.errors()]
    else:
        mistakes += [] if mistakes else _wrong_examples(provider)
        if not mistakes:
            return provider
    return tuple(dict.fromkeys(mistakes))


@cache
def shipped_provider(name: str) -> Provider:
    """Return one of the providers that ship with the harness; UsageError for an unknown name."""
    return load_provider_file(FOLDER / f"{checked_name(name)}.toml")


def checked_name(name: str) -> str:
    """Return the name of a provider that ships with the harness.

    Raises UsageError for any other, with the nearest of them.
    """
    if name not in NAMES:
        near = get_close_matches(name, NAMES, n=1)
        guess = f"did you mean {near[0]}? " if near else ""
        raise UsageError(f"unknown provider {name!r}", hint=f"{guess}one of {', '.join(NAMES)}")
    return name


def checked_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return these providers in their fixed order, each once; all of them where none is named.

    Raises UsageError for an unknown name.
    """
    for name in names:
        checked_name(name)
    return tuple(name for name in NAMES if not names or name in names)


@cache
def spec_digest(name: str) -> str:
    """Return the SHA-256 over a shipped provider's TOML as parsed: layout does not change it."""
    raw = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return digest(raw)


def _wrong_examples(provider: Provider) -> list[str]:
    """Work the document's own price examples again."""
    operation = next(iter(provider.operations.values()))
    wrong = []
    for place, example in enumerate(provider.prices.examples):
        amount = price.price_of(provider, operation, example.arguments).amount
        if amount != example.amount:
            wrong.append(
                f"prices.examples.{place}: the document says {example.amount}, "
                f"the rows come to {amount}"
            )
    return wrong


def _sentence(error: Any) -> str:  # noqa: ANN401 - pydantic's own error details
    key = ".".join(str(part) for part in error["loc"]) or "(the file as a whole)"
    reason = error["msg"].removeprefix("Value error, ")
    given = error["input"]
    if error["type"] == "extra_forbidden":
        reason = "unknown key"
    elif error["type"] == "missing":
        reason = "missing"
    elif isinstance(given, bool | int | float | str) and repr(given) not in reason:
        reason += f", got {given!r}"
    return f"{key}: {reason}"
