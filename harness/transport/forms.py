"""Forms on their way out: parts in their order, files made when they are needed."""

import io
from collections.abc import Sequence
from typing import IO

from harness.core.exchange import Part
from harness.reference_images import file_of

Sent = tuple[None, bytes] | tuple[str, IO[bytes], str | None]
"""A part as httpx takes it: a value, or a file with its name and type."""


def sent_parts(form: Sequence[Part]) -> list[tuple[str, Sent]]:
    """Return a form as httpx's `files`; UsageError where a file is none that was planned.

    Makes every file, so it is no work for an event loop. Plain values stand among the files, for
    httpx would send its `data` first and lose the order.
    """
    return [(part.name, _sent(part)) for part in form]


def _sent(part: Part) -> Sent:
    if part.value is not None:
        return None, part.value.encode("utf-8", "surrogatepass")
    # Read from memory in pieces: a socket that is written 50 MB at once copies what it cannot take.
    return part.filename or "", io.BytesIO(file_of(part)), part.media_type
