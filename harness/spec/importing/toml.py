"""Tables of a TOML as a person writes them: a key a line, with comments."""

import re
from collections.abc import Iterable, Mapping

from harness.core.tomltext import key, readable, value

_WIDE = 100
_SENTENCE = 160

COMMENT = "#"
"""The key of a table's comment: no key of a TOML."""


def pair(name: str, content: object) -> str:
    """Return `key = value`; a list of tables that is too wide for a line has one on each."""
    line = f"{key(name)} = {value(content, string=readable)}"
    tables = isinstance(content, list | tuple) and all(isinstance(one, Mapping) for one in content)
    if tables and isinstance(content, list | tuple) and content and len(line) > _WIDE:
        entries = "".join(f"  {value(one, string=readable)},\n" for one in content)
        return f"{key(name)} = [\n{entries}]"
    return line


def table(path: Iterable[str], content: Mapping[str, object]) -> str:
    """Return a table under its heading, the keys of `path`, and under its comment."""
    heading = f"[{'.'.join(map(key, path))}]"
    pairs = [pair(name, entry) for name, entry in content.items() if name != COMMENT]
    words = content.get(COMMENT)
    above = [comment(words)] if isinstance(words, str) else []
    return "\n".join([*above, heading, *pairs])


def without_comments(content: object) -> object:
    """Return the same value with no comment in any table."""
    match content:
        case Mapping():
            kept = ((name, entry) for name, entry in content.items() if name != COMMENT)
            return {name: without_comments(entry) for name, entry in kept}
        case list() | tuple():
            return [without_comments(entry) for entry in content]
        case _:
            return content


def first_sentence(words: str) -> str:
    """Return the first sentence of a description on one line, cut where it is long."""
    line = " ".join(words.split())
    end = re.search(r"[.!?](?= [A-Z`])", line)
    sentence = line[: end.end()] if end else line
    return sentence if len(sentence) <= _SENTENCE else f"{sentence[:_SENTENCE]}..."


def comment(words: str, *, width: int = 96) -> str:
    """Return words as comment lines, whatever characters they hold."""
    clean = " ".join("".join(one if one.isprintable() else " " for one in words).split())
    lines: list[str] = []
    for word in clean.split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(f"# {line}".rstrip() for line in lines)


def listed(sentences: Iterable[str], *, width: int = 96) -> str:
    """Return sentences as a list in comments, each with a dash."""
    items = []
    for sentence in sentences:
        first, *rest = comment(sentence, width=width - 2).split("\n")
        items += [f"# - {first.removeprefix('# ')}", *(f"#   {line[2:]}" for line in rest)]
    return "\n".join(items)
