"""Read a provider's TOML; a file with mistakes fails with all of them at once."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.core import tomltext
from harness.core.errors import Mistake, SpecError, UsageError
from harness.core.files import MEBIBYTE, read_at_most
from harness.spec import price
from harness.spec.provider import Provider
from harness.spec.rules.base import toml_table
from harness.spec.toml.located import located, no_text, no_toml
from harness.spec.toml.mistakes import of_schema
from harness.spec.toml.plausibility import slips
from harness.spec.toml.schema import all_keys
from harness.spec.toml.validate import disagreements


def inherited(raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[Mistake | str]]:
    """Give each operation with `extends` what it does not say itself, and tell the mistakes in it.

    `without` names arguments that are not inherited. `moved` says where the document repeats what
    is inherited: a table from the parent's source to the operation's own. An operation extends one
    that stands on its own, so that a reader finds everything in two places at most.
    """
    operations = toml_table(raw.get("operations"))
    spread: dict[str, Any] = {}
    mistakes: list[Mistake | str] = []
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
) -> tuple[dict[str, Any], list[Mistake | str]]:
    """Return what an operation inherits, ready to be overlaid by what it says itself."""
    wanted = operation["extends"]
    parent = operations.get(wanted) if isinstance(wanted, str) else None
    if not isinstance(parent, Mapping) or parent is operation:
        others = [name for name, other in operations.items() if other is not operation]
        reason = f"there is no other operation {wanted!r}"
        return {}, [Mistake.none_of(f"{key}.extends", reason, wanted, others)]
    if "extends" in parent:
        return {}, [f"{key}.extends: {wanted!r} extends another operation itself"]
    arguments = dict(toml_table(parent.get("arguments")))
    mistakes: list[Mistake | str] = []
    dropped = operation.get("without", [])
    if not isinstance(dropped, list):
        mistakes.append(f"{key}.without: write a list of arguments")
        dropped = []
    mistakes += [
        Mistake.none_of(f"{key}.without", f"there is no argument {name!r}", name, arguments)
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
        Mistake.none_of(f"{key}.moved", f"nothing inherited cites {source!r}", source, sources)
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


def load_provider_file(path: Path) -> Provider:
    """Read one TOML file.

    Raises SpecError with every mistake (line, key, reason, what to write instead) where the file is
    no valid TOML, has a wrong or unknown key, holds a number without a source, or contradicts
    itself; UsageError where it cannot be read.
    """
    text = toml_text(path)
    return provider_in(tables_of(text, path.name), text, path.name)


def toml_text(path: Path) -> str:
    """Return what a TOML file holds; UsageError where it cannot be read, SpecError for no text."""
    try:
        raw = read_at_most(path, MEBIBYTE)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        raise SpecError(path.name, (str(error),)) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpecError(path.name, (no_text(error, raw),)) from None


def provider_in(tables: dict[str, Any], text: str, file: str) -> Provider:
    """Return the provider that a TOML's tables describe.

    Raises SpecError with every mistake, each on its line of the `text` and under the name of its
    `file`.
    """
    parsed = parse_provider(tables)
    if isinstance(parsed, Provider):
        return parsed
    raise SpecError(file, located(parsed, text, tables))


def tables_of(text: str, file: str) -> dict[str, Any]:
    """Return the tables of a TOML's text; SpecError where it is no TOML."""
    try:
        return tomltext.loaded(text)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is one, too
        raise SpecError(file, (no_toml(error, text, known=all_keys()),)) from None


def parse_provider(raw: dict[str, Any]) -> Provider | tuple[Mistake, ...]:
    """Return the provider that the tables describe, or every mistake in them."""
    spread, inheriting = inherited(raw)
    files = {
        key: document.get("file", key)
        for key, document in toml_table(spread.get("documents")).items()
        if isinstance(document, Mapping)
    }
    told = [*inheriting, *disagreements(spread)]
    mistakes = [each if isinstance(each, Mistake) else Mistake.of(each) for each in told]
    mistakes = _joined(mistakes, slips(spread))
    try:
        provider = Provider.model_validate(spread, context={"documents": files})
    except ValidationError as error:
        mistakes = _joined(list(of_schema(error, spread)), mistakes)
    else:
        mistakes += [] if mistakes else map(Mistake.of, _wrong_examples(provider))
        if not mistakes:
            return provider
    return tuple(dict.fromkeys(mistakes))


def _joined(better: list[Mistake], more: Iterable[Mistake]) -> list[Mistake]:
    """Add mistakes at keys of which nothing is told yet: what follows from one needs no line."""
    keys = {mistake.key for mistake in better}
    return [*(mistake for mistake in more if mistake.key not in keys), *better]


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
