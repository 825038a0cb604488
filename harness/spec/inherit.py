"""Operations that share most of their description: `extends`, `without` and `moved`."""

from collections.abc import Mapping
from typing import Any

from harness.spec.rules.base import toml_table


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
        own = {key: operation[key] for key in operation if key not in _KEYS}
        parent, trouble = _parent(f"operations.{name}", operation, operations)
        mistakes += trouble
        spread[name] = _merged(parent, own)
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
        f"{key}.without: there is no argument {item!r}"
        for item in dropped
        if not isinstance(item, str) or arguments.pop(item, None) is None
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
    found: set[str] = set()
    for key, item in toml_table(value).items():
        found |= {item} if key == "source" and isinstance(item, str) else _sources(item)
    return found


def _moved(value: Any, moved: Mapping[str, str]) -> Any:  # noqa: ANN401 - any part of a TOML
    if isinstance(value, list):
        return [_moved(item, moved) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key: moved.get(item, item)
        if key == "source" and isinstance(item, str)
        else _moved(item, moved)
        for key, item in value.items()
    }


def _merged(parent: Mapping[str, Any], child: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(parent)
    for key, value in child.items():
        earlier = both.get(key)
        mergeable = isinstance(earlier, Mapping) and isinstance(value, Mapping)
        both[key] = _merged(earlier, value) if mergeable else value  # type: ignore[arg-type]
    return both
