"""The blocks of the documentation's pages, as a reader meets them.

The convention, which `docs/README.md` tells authors:

* `sh` is typed, line by line, in one empty directory for each page, with an empty HOME. A
  line is to end with 0, or with the code that its comment `# ends with 1` names.
* `text` behind it is output: its lines are there, in this order; `...` stands for anything.
* `python` runs in one namespace for the page, in its place between the commands.
* a block with a caption is saved under that name.
* the classes `live` (needs a key) and `install` (needs a network, docker) are not run, nor is
  `examples` (tests/examples runs it): their commands are parsed.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS / "_extensions"))

from excerpts import expanded  # type: ignore[import-not-found]  # noqa: E402 - the pages' own, in docs/

Kind = Literal["commands", "output", "python", "file", "elsewhere", "shown"]
FENCE = re.compile(
    r"^(?P<indent> *)(?P<marks>`{3,}|~{3,})(?P<info>[^\n`]*)\n"
    r"(?P<body>.*?)^(?P=indent)(?P=marks) *$",
    re.MULTILINE | re.DOTALL,
)
OPTION = re.compile(r"^:(?P<name>[\w-]+):(?P<value>.*)$")
ELSEWHERE = {"live", "install", "examples"}
SHELLS = {"sh", "console", "bash", "shell"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block: what it is for, its text, and the name that it is saved under."""

    kind: Kind
    language: str
    text: str
    caption: str
    classes: frozenset[str]


def pages() -> list[Path]:
    """Return all pages that are built."""
    apart = {"_build", "shared"}
    return [
        path
        for path in sorted(DOCS.rglob("*.md"))
        if apart.isdisjoint(path.parts) and path.name != "README.md"
    ]


def text_of(page: Path) -> str:
    """Return a page with the texts that it shows of other files."""
    text: str = expanded(page.read_text(encoding="utf-8"), page)[0]
    return text


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, those of its excerpts among them."""
    return list(_blocks(text_of(page)))


def _blocks(text: str) -> Iterator[Block]:
    for found in FENCE.finditer(text):
        indent = len(found["indent"])
        lines = [line[indent:] for line in found["body"].splitlines()]
        options: dict[str, str] = {}
        while lines and (option := OPTION.match(lines[0])):
            options[option["name"]] = option["value"].strip()
            del lines[0]
        language = _language(found["info"].strip())
        if language is None:
            continue
        classes = frozenset(options.get("class", "").split())
        yield Block(
            kind=_kind(language, options.get("caption", ""), classes),
            language=language,
            text="\n".join(lines).strip("\n") + "\n",
            caption=options.get("caption", ""),
            classes=classes,
        )


def _language(info: str) -> str | None:
    """Return the language of a fence; None where it is a directive of another kind."""
    if info.startswith("{"):
        name, _, rest = info.partition("}")
        return rest.strip() if name == "{code-block" else None
    return info


def _kind(language: str, caption: str, classes: frozenset[str]) -> Kind:
    if classes & ELSEWHERE:
        return "elsewhere"
    if caption:
        return "file"
    if language in SHELLS:
        return "commands"
    return {"python": "python", "text": "output"}.get(language, "shown")  # type: ignore[return-value]  # literals
