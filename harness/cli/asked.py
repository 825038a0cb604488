"""What is typed for `harness explain`: a file of JSON, odd values, images."""

import json
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from harness.core.errors import UsageError
from harness.core.jsonvalue import Json
from harness.spec.provider import PARAMETERS

LARGEST = 64 * 1024 * 1024
"""Bytes of a request file: more than any provider takes."""

_DIGITS = 40
_ADDRESSES = ("http://", "https://", "data:")


def body_of(file: str) -> dict[str, Json]:
    """Read a JSON object from a file, or from stdin for `-`; UsageError where it holds none."""
    where = "stdin" if file == "-" else file
    try:
        if file == "-":
            raw = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with Path(file).open("rb") as stream:
                raw = stream.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"--request {where}: {error.strerror or error}") from None
    if len(raw) > LARGEST:
        raise UsageError(f"--request {where}: larger than {LARGEST:,} bytes")
    try:
        found = parsed(raw.decode("utf-8-sig"))
    except ValueError as error:
        raise UsageError(f"--request {where}: not JSON: {error}") from None
    if not isinstance(found, dict):
        kind = "a list" if isinstance(found, list) else "no object"
        raise UsageError(
            f"--request {where}: holds {kind}", hint='write an object: {"size": "1024x1024"}'
        )
    return found


def parsed(text: str) -> Json:
    """Read JSON; ValueError for what is none, is nested too deep, or holds an endless number."""
    try:
        found: Json = json.loads(
            text, parse_int=_integer, parse_float=_decimal, parse_constant=_decimal
        )
    except RecursionError:
        raise ValueError("nested too deep") from None
    return found


def _integer(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _decimal(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise ValueError(f"{text[:_DIGITS]} is not a finite number")
    return number


def odd_values(given: Sequence[str]) -> dict[str, Json]:
    """Read `NAME=JSON` pairs; UsageError for a bad one, with the nearest known name."""
    found: dict[str, Json] = {}
    for pair in given:
        name, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(f"--set {pair}: write NAME=JSON")
        if name not in PARAMETERS:
            near = get_close_matches(name, PARAMETERS, n=1)
            guess = f"did you mean {near[0]}?" if near else f"one of {', '.join(PARAMETERS)}"
            raise UsageError(f"--set {pair[:60]}: unknown parameter {name!r}", hint=guess)
        try:
            found[name] = parsed(text)
        except ValueError as error:
            raise UsageError(
                f"--set {pair[:60]}: not JSON: {error}", hint=f"a text needs quotes: '{name}=\"a\"'"
            ) from None
    return found


def image(given: str) -> Json:
    """Return an image as arguments hold it: an address, or the description of a local file."""
    if given.startswith(_ADDRESSES):
        return given
    path = Path(given)
    # Pillow takes as long to import as all else, and few questions are about files.
    from harness.reference_images import describe_file  # noqa: PLC0415

    try:
        if not path.is_file():
            reason = "is not a file" if path.exists() else "No such file or directory"
            raise UsageError(f"{given}: {reason}", hint="give a local file or an http(s) address")
        return describe_file(path).as_json()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"{given}: {reason}") from None
