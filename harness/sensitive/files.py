"""A scan of files and folders for what must not be in them; it never shows what it finds."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.sensitive.image_bytes import secret_in_image
from harness.sensitive.search import Search

PIECE = 4 * 1024 * 1024
"""Letters of a long file that are searched at once."""

OVERLAP = 64 * 1024
"""Letters that two pieces share, so that nothing is missed between them."""

_IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"GIF8")
_LEFT_OUT = frozenset((".git", ".hg", ".venv", "node_modules", "__pycache__", ".mypy_cache"))


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Leak:
    """Something that must not be written: in which file, on which line (from 1), of which kind.

    `line` is 0 for a file's name and for the bytes of an image. `kind` names a known key, or what
    kind of secret or personal data it looks like.
    """

    path: Path
    line: int
    kind: str


def files_below(path: Path) -> Iterator[Path]:
    """Yield the plain files of a folder in order, those of tools and links aside; or the file."""
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        for name in sorted(names):
            file = Path(folder, name)
            if file.is_file() and not file.is_symlink():
                yield file


def scan_file(path: Path, search: Search, *, named: Path | None = None) -> Iterator[Leak]:
    """Yield what a file holds that it must not, in order; OSError where it cannot be read.

    `named` is what the file is called in what is found: its own name by default.
    """
    named = named or path
    for _, _, kind in search.find(str(named), by_shape=False):
        yield Leak(path=Path(_hidden(named, search)), line=0, kind=f"{kind} in its name")
    with path.open("rb") as file:
        start = file.read(12)
    if start.startswith(_IMAGES):
        if secret := secret_in_image(path, search):
            yield Leak(path=named, line=0, kind=secret)
        return
    yield from _in_text(path, named, search, textual=b"\x00" not in start)


def _in_text(path: Path, named: Path, search: Search, *, textual: bool) -> Iterator[Leak]:
    found: set[tuple[int, str]] = set()
    with path.open("r", encoding="utf-8" if textual else "latin-1", errors="replace") as file:
        line, rest = 1, ""
        while more := file.read(PIECE):
            text = rest + more
            for start, _, kind in search.find(text, by_shape=textual):
                found.add((line + text.count("\n", 0, start), kind))
            rest = text[-OVERLAP:]
            line += text.count("\n", 0, len(text) - len(rest))
    for at, kind in sorted(found):
        yield Leak(path=named, line=at, kind=kind)


def _hidden(path: Path, search: Search) -> str:
    text, at = str(path), 0
    parts: list[str] = []
    for start, end, kind in search.find(text, by_shape=False):
        parts += text[at:start], kind
        at = end
    return "".join((*parts, text[at:]))
