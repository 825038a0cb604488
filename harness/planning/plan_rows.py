"""A saved plan that is too large to be read at once: its requests one by one, by their lines.

A plan is saved with one bracket a line, so that each request begins and ends with a line of its
own; no text of JSON holds the end of a line.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from harness.core.files import MEBIBYTE, opened_at_once
from harness.core.jsonvalue import Json

ROW_AT_MOST_BYTES = 16 * MEBIBYTE
"""Of one request, and of all that a plan says beside its requests."""

_BEGIN, _END = b' "cases": [\n', (b" ],\n", b" ]\n")
_ROW_END = (b"  }\n", b"  },\n")


class PlanRows:
    """The requests of a saved plan as JSON, in order; each pass reads the file again.

    ValueError where it is not laid out as a saved plan, OSError as the system raises it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with opened_at_once(path) as file:
            head = b"".join(_until(file, (_BEGIN,)))
            for _ in _rows(file):
                pass
            tail = file.read(ROW_AT_MOST_BYTES)
        self.rest: Json = json.loads((head + b' "cases": []' + _after(tail)).decode("utf-8-sig"))
        """All that the plan says beside its requests, whose list is empty."""

    def __iter__(self) -> Iterator[Json]:
        """Yield the requests."""
        with opened_at_once(self._path) as file:
            for _ in _until(file, (_BEGIN,)):
                pass
            for row in _rows(file):
                yield json.loads(row)


def _after(tail: bytes) -> bytes:
    return b"," + tail if tail.strip() != b"}" else tail


def _rows(file: IO[bytes]) -> Iterator[bytes]:
    """Yield each request's text up to the end of their list."""
    lines: list[bytes] = []
    size = 0
    for line in _until(file, _END):
        lines.append(line)
        size += len(line)
        if size > ROW_AT_MOST_BYTES:
            raise ValueError("a request of it is too long")
        if line in _ROW_END:
            yield b"".join(lines).rstrip(b",\n")
            lines, size = [], 0
    if lines:
        raise ValueError("its last request is cut off")


def _until(file: IO[bytes], ends: tuple[bytes, ...]) -> Iterator[bytes]:
    """Yield the lines before one of these, which is read; ValueError where there is none."""
    size = 0
    while line := file.readline(ROW_AT_MOST_BYTES):
        if line in ends:
            return
        size += len(line) if ends == (_BEGIN,) else 0
        if size > ROW_AT_MOST_BYTES:
            break
        yield line
    raise ValueError("not laid out as a plan is saved")
