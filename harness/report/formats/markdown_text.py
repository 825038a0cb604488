"""Foreign text, ids and tables as GitHub's Markdown."""

import re
from collections.abc import Iterable, Sequence

from harness.report.text import one_line

_LINKED = re.compile(r"@(?=\w)|(?<=\w)@|://|#(?=\d)|(?<=GH)-(?=\d)|\bwww(?=\.)", re.IGNORECASE)
"""The marks by which GitHub makes a mention or a link of plain text."""


def escaped(text: str, longest: int = 300) -> str:
    """Return foreign text as one line that Markdown shows as it is, in a table's cell, too."""
    line = one_line(text, longest)
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = re.sub(r"([\\`*_\[\]~|])|^([#+-])", r"\\\1\2", line)
    return _LINKED.sub(lambda match: f"&#{ord(match[0][0])};{match[0][1:]}", line)


def code(text: str) -> str:
    """Return an id of ours as code; foreign characters that would end it are dropped."""
    return "`" + re.sub(r"[`|\s]", "", one_line(text, 120)) + "`"


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
