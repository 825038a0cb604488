"""Read a provider's TOML; a file with mistakes fails with all of them at once."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.core.errors import SpecError, UsageError
from harness.core.jsontype import digest
from harness.spec.provider import Provider

FOLDER = Path(__file__).parent.parent / "providers"
_FIRST = ("buble", "sub2api", "apiframe", "nanobanana", "aimlapi")
NAMES = (*_FIRST, *sorted({path.stem for path in FOLDER.glob("*.toml")} - set(_FIRST)))
"""The providers that ship with the harness: one for each TOML in the folder."""


def load(path: Path) -> Provider:
    """Read one TOML file.

    Raises SpecError with every mistake (file, key and reason) where the file is no valid TOML, has
    a wrong or unknown key, or holds a number without a source.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(path.name, (f"not valid TOML: {error}",)) from None
    mistakes = _inherit(raw)
    files = {
        key: value.get("file", key)
        for key, value in _table(raw.get("documents")).items()
        if isinstance(value, Mapping)
    }
    try:
        provider = Provider.model_validate(raw, context={"documents": files})
    except ValidationError as error:
        mistakes += [_sentence(item) for item in error.errors()]
        raise SpecError(path.name, tuple(mistakes)) from None
    if mistakes:
        raise SpecError(path.name, tuple(mistakes))
    return provider


@cache
def provider(name: str) -> Provider:
    """Return one of the providers that ship with the harness; UsageError for an unknown name."""
    if name not in NAMES:
        raise UsageError(f"unknown provider {name!r}", hint=f"one of {', '.join(NAMES)}")
    return load(FOLDER / f"{name}.toml")


@cache
def spec_digest(name: str) -> str:
    """Return the SHA-256 over a shipped provider's TOML as parsed: layout does not change it."""
    raw = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return digest(raw)


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _inherit(raw: dict[str, Any]) -> list[str]:
    """Give an operation with `extends` what it does not say itself; `without` names exceptions."""
    mistakes = []
    operations = _table(raw.get("operations"))
    for name, operation in operations.items():
        if not isinstance(operation, dict) or "extends" not in operation:
            continue
        parent_name = operation.pop("extends")
        without = operation.pop("without", [])
        parent = operations.get(parent_name)
        if not isinstance(parent, dict) or parent is operation:
            mistakes.append(f"operations.{name}.extends: there is no operation {parent_name!r}")
            continue
        inherited = dict(_table(parent.get("arguments")))
        mistakes += [
            f"operations.{name}.without: there is no argument {dropped!r}"
            for dropped in without
            if inherited.pop(dropped, None) is None
        ]
        operation.update(_merged({**parent, "arguments": inherited}, operation))
    return mistakes


def _merged(parent: Mapping[str, Any], child: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(parent)
    for key, value in child.items():
        inherited = both.get(key)
        mergeable = isinstance(inherited, Mapping) and isinstance(value, Mapping)
        both[key] = _merged(inherited, value) if mergeable else value  # type: ignore[arg-type]
    return both


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
