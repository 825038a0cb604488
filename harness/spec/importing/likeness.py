"""Another provider's TOML as a start for one's own: its text, with what must change marked."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from harness.core.jsonvalue import Json
from harness.spec.importing import toml
from harness.spec.quotes import QUOTED_AT, without_quotes
from harness.spec.rules.base import toml_table

TODO = "todo"
"""The document that every source names until somebody says where it is written."""

_WORDS = {
    "documents": "Where promises are written. Name your pages here, then let the sources cite "
    'them: source = "page: Heading". Whatever still says "todo:" is the other provider\'s.',
    "auth": "How the key travels, and the variable that holds it. Edit this first.",
    "timeouts": "How long to wait for a whole reply, in seconds.",
    "prices": "What one image costs, in the provider's unit; the first row that fits counts. Where "
    'it is not known: status = "undocumented", rows = [{ amount = 1 }], and budgets count images.',
    "errors": "How an error is told from a reply, and where its message and code stand (JMESPath).",
    "operations.*": "One thing that the provider does: where it is asked, and by which protocol.",
    "operations.*.arguments.*": "A parameter: `wire` is its place in the request; each rule is a "
    "promise with a source. Take out what yours does not have.",
    "operations.*.unknown_fields": "What becomes of fields that nobody documents.",
    "operations.*.reply": "Where a reply holds its images (JMESPath), and the fields it must have.",
    "operations.*.reply.usage": "Where a reply counts tokens.",
    "operations.*.job": "A reply that is a job: where it is polled, and what its states mean.",
    "operations.*.job.idempotency": "How a repeated submission is known to be the same.",
    "operations.*.stream": "The events of a streamed reply.",
    "operations.*.upload": "Files that are sent before the request.",
    "operations.*.webhook": "What the provider sends to you when a job is over.",
}
_HEADING = re.compile(r"\s*\[([^\[\]]+)\]\s*(#.*)?", re.ASCII)
_RULE = re.compile(r"\s*# ?-{8,}")
_PAIR = rf"""(?:{"|".join(QUOTED_AT.values())})\s*=\s*(?:"(?:[^"\\]|\\.)*"|'[^']*')"""
_QUOTE = re.compile(rf"\s*{_PAIR}\s*(?:#.*)?")
_QUOTE_INSIDE = re.compile(rf",\s*{_PAIR}")
_OTHERS = re.compile(r"\s*\[\[(endpoints|statements)\]\]")


def like(text: str, name: str, *, model: str) -> str:
    """Return the TOML of a provider `name` that is as `model` is until it is edited.

    `text` is the model's TOML and valid. Its own name, title, key variable and address are
    exchanged, its sources cite `todo`; what only the model's documents say beside its operations
    is left out, and so is what they say word for word.
    """
    raw = without_quotes(tomllib.loads(text))
    wanted = _changed(raw, name)
    kept = "\n".join(_lines(text, raw, name))
    written = f"{_opening(name, model)}\n{kept.strip()}\n"
    try:
        same = tomllib.loads(written) == wanted
    except tomllib.TOMLDecodeError:
        same = False
    return written if same else f"{_opening(name, model)}\n{_emitted(wanted)}"


def _opening(name: str, model: str) -> str:
    return f"""\
# {name}: begun as a copy of {model} by `harness providers new`. Edit, in this order:
#   1. base_url, [auth]: where it is, and how the key travels;
#   2. path, wire and reply.images of each operation: what is sent, where the images are;
#   3. the rules: take out what your provider does not promise, correct the rest;
#   4. the sources: whatever says "todo:" is still the other provider's word;
#   5. [prices]: what an image costs, or that nobody knows.
"""


def title_of(name: str) -> str:
    """Return a name as a title."""
    return " ".join(word.capitalize() for word in name.split("_") if word) or name


def _head(name: str) -> dict[str, Json]:
    """Return the first lines of the new file."""
    return {
        "name": name,
        "title": title_of(name),
        "base_url": f"https://{name.replace('_', '-')}.invalid",
        "base_url_source": f"{TODO}: the address",
        "open_questions": [],
    }


def _changed(raw: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the tables of the new provider."""
    keys = tuple(toml_table(raw.get("documents")))
    left_out = ("name", "title", "base_url", "base_url_source", "open_questions")
    rest = {key: value for key, value in raw.items() if key not in left_out}
    rest = {key: value for key, value in rest.items() if key not in ("endpoints", "statements")}
    changed = {**_head(name), **_cited(rest, keys)}
    changed["documents"] = _documents(name)
    changed["auth"] = {**changed["auth"], "env": f"{name.upper()}_API_KEY"}
    return changed


def _documents(name: str) -> dict[str, Any]:
    words = f"TODO: the page of {title_of(name)} that says it"
    return {TODO: {"file": f"{name}.md", "title": words}}


def _cited(value: Any, keys: tuple[str, ...]) -> Any:  # noqa: ANN401 - any part of a TOML
    match value:
        case Mapping():
            return {_marked(key, keys): _cited(entry, keys) for key, entry in value.items()}
        case list():
            return [_cited(entry, keys) for entry in value]
        case str():
            return _marked(value, keys)
        case _:
            return value


def _marked(text: str, keys: tuple[str, ...]) -> str:
    """Return a source as one to be replaced; any other text as it is."""
    key, colon, section = text.partition(": ")
    return f"{TODO}: {section} ({key})" if colon and key in keys else text


def _lines(text: str, raw: Mapping[str, Any], name: str) -> Iterator[str]:
    """Yield the model's own lines with the changes in them, and a comment on each kind of table."""
    yield from (toml.pair(key, value) for key, value in _head(name).items())
    keys = tuple(toml_table(raw.get("documents")))
    source = re.compile(rf'"({"|".join(map(re.escape, keys)) or "$."}): ((?:[^"\\]|\\.)*)"')
    explained: set[str] = set()
    within, skipped = "", True
    for line in text.splitlines():
        heading = _HEADING.fullmatch(line)
        if heading or _OTHERS.match(line):
            within = heading[1] if heading else ""
            skipped = not heading
            if heading:
                yield from ("", *_explained(within, explained), line.strip())
            if within == "documents":
                yield from (toml.pair(key, value) for key, value in _documents(name).items())
                skipped = True
            continue
        if skipped or not line.strip() or _RULE.match(line) or _QUOTE.fullmatch(line):
            continue
        changed = source.sub(rf'"{TODO}: \2 (\1)"', _QUOTE_INSIDE.sub("", line))
        if within == "auth" and re.match(r"\s*env\s*=", line):
            changed = toml.pair("env", f"{name.upper()}_API_KEY")
        yield changed


def _explained(heading: str, explained: set[str]) -> Iterator[str]:
    """Yield what a table is for, above the first of its kind."""
    parts = heading.split(".")
    kind = ".".join("*" if place in (1, 3) else part for place, part in enumerate(parts))
    if kind in _WORDS and kind not in explained:
        explained.add(kind)
        yield toml.comment(_WORDS[kind])


def _emitted(tables: Mapping[str, Any], path: tuple[str, ...] = ()) -> str:
    """Return tables as TOML, for a model whose layout is not one key a line."""
    own = {key: value for key, value in tables.items() if not isinstance(value, Mapping)}
    inner = {key: value for key, value in tables.items() if isinstance(value, Mapping)}
    if len(path) > 1 and path[-2] == "arguments":
        own, inner = dict(tables), {}
    pairs = "\n".join(toml.pair(key, value) for key, value in own.items())
    parts = [toml.table(path, own) if path else pairs]
    parts += [_emitted(value, (*path, key)).rstrip() for key, value in inner.items()]
    return "\n\n".join(parts) + "\n"
