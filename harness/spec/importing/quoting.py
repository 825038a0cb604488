"""What the imported document says at each source, in its own spelling, for readers of reports."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.core.jsonvalue import Json
from harness.spec.importing.document import Node, OpenApi
from harness.spec.importing.names import DOCUMENT, Table
from harness.spec.quotes import LONGEST, QUOTED_AT, folded, holds

_TOLD = ("description", "summary", "title", "type")
"""What says most of a schema, the most telling first."""

_CITED = f"{DOCUMENT}: "

MOST_CHARACTERS = 8 * 1024 * 1024
"""Of a longer document nothing is quoted: each quote is looked for in all of it."""


@dataclass(slots=True)
class Quoting:
    """Quotes one document: a keyword or a short schema as JSON, else what is said of it in words.

    A quote is a part of the document's text but for white space, so that whoever has the document
    finds it; what is written there in another way is not quoted.
    """

    document: OpenApi
    _text: str = field(init=False)
    _colon: str = field(init=False)
    _known: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        text = self.document.text
        self._text = folded(text) if len(text) <= MOST_CHARACTERS else ""
        self._colon = ":" if '"openapi":"' in self._text else ": "

    def table(self, content: Any) -> Any:  # noqa: ANN401 - any part of a TOML
        """Return a table with a quote behind each source in it that the document has words for."""
        if isinstance(content, list):
            return [self.table(entry) for entry in content]
        if not isinstance(content, Mapping):
            return content
        quoted: Table = {}
        for key, value in content.items():
            quoted[key] = self.table(value)
            name = QUOTED_AT.get(key)
            if name and name not in content and isinstance(value, str):
                words = self._words(value)
                quoted |= {name: words} if words else {}
        return quoted

    def _words(self, source: str) -> str:
        if not self._text or not source.startswith(_CITED):
            return ""
        if source not in self._known:
            node = self.document.at(source.removeprefix(_CITED))
            spellings = () if node is None else self._spellings(node)
            found = (words for words in map(_short, spellings) if holds(self._text, words))
            self._known[source] = next(found, "")
        return self._known[source]

    def _spellings(self, node: Node) -> Iterator[str]:
        """Yield how the document may say what stands at a place, the most telling first."""
        if isinstance(node.value, dict):
            yield from (whole for whole in self._spelt(node.value) if len(whole) <= LONGEST)
            for key in _TOLD:
                if key in node:
                    yield from self._pair(key, node[key].value)
            return
        holder, _, key = node.at.rpartition("/")
        if key.isdigit() and (listed := self.document.at(holder)):  # as in `required`
            node, key = listed, holder.rpartition("/")[2]
        yield from self._pair(key, node.value)

    def _pair(self, key: str, value: Json) -> Iterator[str]:
        for spelt in self._spelt(value):
            yield f"{json.dumps(key)}{self._colon}{spelt}"

    def _spelt(self, value: Json) -> Iterator[str]:
        """Yield a value as JSON: on one line and over several, or without any space."""
        for only_ascii in (True,) if self.document.text.isascii() else (False, True):
            if self._colon == ":":
                yield json.dumps(value, ensure_ascii=only_ascii, separators=(",", ":"))
            else:
                yield json.dumps(value, ensure_ascii=only_ascii)
                yield json.dumps(value, ensure_ascii=only_ascii, indent=2)


def _short(words: str) -> str:
    """Return as many whole words as a quote may have."""
    whole = " ".join(words.split())
    return whole if len(whole) <= LONGEST else whole[:LONGEST].rpartition(" ")[0]
