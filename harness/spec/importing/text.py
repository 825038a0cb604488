"""An imported provider as the text of a TOML, with comments for whoever goes on from it."""

from collections.abc import Iterator, Mapping

from harness.spec.importing import toml
from harness.spec.importing.imported import Imported
from harness.spec.importing.names import Table

_SAID = "What the document says and this file does not (JSON pointers into it):"
_NEEDED = "What this file needs and the document does not say; look it up, then say it here:"
_TABLES = ("documents", "auth", "timeouts", "prices", "errors")
_INNER = ("unknown_fields", "idempotency", "arguments", "reply", "stream", "job")


def text_of(imported: Imported) -> str:
    """Return the whole TOML."""
    parts = [_opening(imported)]
    scalars = {key: value for key, value in imported.head.items() if key not in _TABLES}
    parts.append("\n".join(toml.pair(key, value) for key, value in scalars.items()))
    parts += [toml.table((key,), _inner(imported.head[key])) for key in _TABLES]
    for name, operation in imported.operations.items():
        rule = f"# {'-' * (97 - len(name))} {name}"
        first, *others = _operation(name, operation)
        parts += [f"{rule}\n{first}", *others]
    return "\n\n".join(parts) + "\n"


def _opening(imported: Imported) -> str:
    file, title = imported.document.file, str(imported.head["title"])
    words = (
        f"{title}: made from {file} by `harness providers import`. Every source is a JSON pointer "
        "into it."
    )
    blocks = [toml.comment(words)]
    for heading, sentences in ((_NEEDED, imported.notes.missing), (_SAID, imported.notes.unsaid)):
        if sentences:
            blocks.append(f"#\n{toml.comment(heading)}\n{toml.listed(sentences)}")
    return "\n".join(blocks)


def _operation(name: str, operation: Table) -> Iterator[str]:
    path = ("operations", name)
    own = {key: value for key, value in operation.items() if key not in _INNER}
    yield toml.table(path, own)
    for key in _INNER:
        if key not in operation:
            continue
        inner = _inner(operation[key])
        if key == "arguments" and inner:
            for argument, table in inner.items():
                yield toml.table((*path, key, argument), _inner(table))
        else:
            yield toml.table((*path, key), inner)


def _inner(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
