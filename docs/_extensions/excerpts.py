"""Texts of the repository's other documents, shown here and written there.

A page says `<!-- excerpt: README.md # Benchmarks -->` where a section is to stand, without its
heading, or `<!-- excerpt: SECURITY.md -->` for a whole file. `<!-- code: action.yml -->` shows a
file as it is, and `<!-- page: ../data -->` is an entry of a toctree; both show nothing where the
file is not there. A link in it that leads to another
text which some page shows leads to that page; any other file of the repository is a download.
"""

import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
MARK = re.compile(r"^<!-- excerpt: (?P<file>\S+)(?: # (?P<heading>.+?))? -->$", re.MULTILINE)
CODE = re.compile(r"^<!-- code: (?P<file>\S+) -->$", re.MULTILINE)
ENTRY = re.compile(r"^<!-- page: (?P<page>\S+) -->\n", re.MULTILINE)
LANGUAGES = {".yml": "yaml", ".yaml": "yaml", ".toml": "toml", ".py": "python", ".ini": "ini"}
LINK = re.compile(r"(?P<before>!?\[[^\]]*\]\()(?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^(?P<level>#+) (?P<text>.+)$")
FENCE = re.compile(r"^ {0,3}(```|~~~)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text is shown: a page, and an anchor of it ("" for its top)."""

    page: Path
    anchor: str = ""


def slug(heading: str) -> str:
    """Return the anchor that GitHub and MyST give a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def section(text: str, heading: str) -> str:
    """Return what stands below a heading, up to the next of its level or above."""
    lines = text.splitlines()
    found = [i for i, line in enumerate(lines) if _heading(line) == heading]
    if len(found) != 1:
        raise ValueError(f"{len(found)} headings {heading!r}")
    level = len(lines[found[0]]) - len(lines[found[0]].lstrip("#"))
    taken: list[str] = []
    for line in lines[found[0] + 1 :]:
        match = HEADING.match(line)
        if match and len(match["level"]) <= level:
            break
        taken.append(line)
    return "\n".join(taken).strip("\n")


def _heading(line: str) -> str | None:
    match = HEADING.match(line)
    return match["text"].strip() if match else None


@cache
def places() -> dict[tuple[str, str], Place]:
    """Return where each text is shown, by file and heading ("" for a whole file)."""
    found: dict[tuple[str, str], Place] = {}
    for page in sorted(DOCS.rglob("*.md")):
        if "_build" in page.parts:
            continue
        for mark in MARK.finditer(page.read_text(encoding="utf-8")):
            heading = mark["heading"] or ""
            found[mark["file"], slug(heading)] = Place(page)
            for anchor in _below(mark["file"], heading):
                found.setdefault((mark["file"], anchor), Place(page, anchor))
    return found


def _below(file: str, heading: str) -> list[str]:
    text = (ROOT / file).read_text(encoding="utf-8")
    shown = section(text, heading) if heading else text
    return [slug(match[2]) for match in re.finditer(r"^(##+) (.+)$", shown, re.MULTILINE)]


def _retarget(target: str, source: str, page: Path) -> str:
    """Return where a link of a text leads when the text stands on a page."""
    if re.match(r"[a-z]+:", target):
        return target
    path, _, anchor = target.partition("#")
    file = os.path.normpath(Path(source).parent / path) if path else source
    place = places().get((file, anchor)) or places().get((file, ""))
    if place is not None:
        lands = place.anchor or ("" if (file, anchor) in places() else anchor)
        where = os.path.relpath(place.page, page.parent)
        return f"{where}#{lands}" if lands else where
    return os.path.relpath(ROOT / file, page.parent)


def _led(link: re.Match[str], source: str, page: Path) -> str:
    """Return a link; one that is called by its file's name is called by its page's title."""
    target = _retarget(link["target"], source, page)
    called = link["before"] == f"[{link['target']}](" and ".md" in target
    return f"[]({target})" if called else f"{link['before']}{target})"


def expanded(text: str, page: Path) -> tuple[str, list[str]]:
    """Return a page with its excerpts, and the files that they are of."""
    files: list[str] = []

    def put(mark: re.Match[str]) -> str:
        file, heading = mark["file"], mark["heading"]
        files.append(file)
        whole = (ROOT / file).read_text(encoding="utf-8")
        shown = section(whole, heading) if heading else whole
        return LINK.sub(lambda link: _led(link, file, page), shown)

    def code(mark: re.Match[str]) -> str:
        file = ROOT / mark["file"]
        if not file.is_file():
            return ""
        files.append(mark["file"])
        language = LANGUAGES.get(file.suffix, "none")
        return f"`{mark['file']}`:\n\n````{language}\n{file.read_text(encoding='utf-8')}````"

    def entry(mark: re.Match[str]) -> str:
        there = (page.parent / f"{mark['page']}.md").is_file()
        return f"{mark['page']}\n" if there else ""

    return ENTRY.sub(entry, CODE.sub(code, MARK.sub(put, text))), files


def _read(app: Sphinx, name: str, content: list[str]) -> None:
    text, files = expanded(content[0], Path(app.env.doc2path(name)))
    content[0] = text
    for file in files:
        app.env.note_dependency(str(ROOT / file))


def setup(app: Sphinx) -> dict[str, Any]:
    """Put the excerpts in as a page is read."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True}
