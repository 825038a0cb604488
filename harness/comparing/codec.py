"""A baseline as a file: JSON with a checksum over its bytes, by which a change by hand shows.

Each promise, each sample and each line of a document has a line of its own, so that a version
control shows what moved.
"""

import json
import os
import re
import stat
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from zlib import crc32

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from harness.comparing.documents.wording import one_line
from harness.comparing.model import Baseline
from harness.core.errors import UsageError
from harness.core.files import AT_ONCE, MEBIBYTE, too_large, wait_again
from harness.core.jsonvalue import mistake

FORMAT = 1
"""How baselines are written; it stands under the key `baseline`."""

AT_MOST_BYTES = 64 * MEBIBYTE
"""Of a baseline's file: some 250,000 requests."""

MOST = 10**9
"""Of anything that a baseline counts."""

_BASELINES = TypeAdapter(Baseline)
_SEAL = re.compile(rb'(.*),\n  "crc": "([0-9a-f]{8})"\n\}\s*', re.DOTALL)
_WRITE_ONE = "write one with: harness report RUN --baseline FILE"


def dumped_baseline(baseline: Baseline) -> bytes:
    """Return a baseline as its file holds it; equal baselines, equal bytes."""
    content: dict[str, Any] = _BASELINES.dump_python(baseline, mode="json", exclude_defaults=True)
    if "documents" in content:
        content["documents"] = {
            name: text.split("\n") for name, text in content["documents"].items()
        }
    members = [f'  "baseline": {FORMAT}', *(_member(*member) for member in content.items())]
    body = ("{\n" + ",\n".join(members)).encode()
    return body + b',\n  "crc": "%08x"\n}\n' % crc32(body)


def _member(name: str, value: Any, depth: int = 1) -> str:  # noqa: ANN401 - any member of a baseline
    """Return a member of an object: each entry of a list on a line of its own."""
    space, key = "  " * depth, json.dumps(name)
    match value:
        case [_, *_]:
            parts = (f"{space}  {json.dumps(entry, separators=(',', ':'))}" for entry in value)
            return f"{space}{key}: [\n{_joined(parts)}\n{space}]"
        case dict() if any(isinstance(entry, list) for entry in value.values()):
            parts = (_member(*entry, depth + 1) for entry in value.items())
            return f"{space}{key}: {{\n{_joined(parts)}\n{space}}}"
        case _:
            return f"{space}{key}: {json.dumps(value)}"


def _joined(parts: Iterable[str]) -> str:
    return ",\n".join(parts)


def read_baseline(path: Path) -> Baseline:
    """Read a baseline; UsageError where it is none, of a later format, or was edited by hand."""
    try:
        raw = _content(path).replace(b"\r\n", b"\n")  # a checkout may have other ends of line
    except (OSError, ValueError) as error:  # ValueError: a name that no file has
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise UsageError(f"{path} cannot be read: {why}") from None
    if not raw.strip():
        raise UsageError(f"{path} is empty: no baseline", hint=_WRITE_ONE)
    if raw.startswith(BOM_UTF8):
        raise UsageError(f"{path} was edited: a byte order mark stands before it", hint=_WRITE_ONE)
    try:
        content = from_json(raw)
    except ValueError as error:
        raise UsageError(f"{path} is no baseline: not JSON ({error})", hint=_WRITE_ONE) from None
    _refuse_other_kinds(path, content)
    _refuse_edited(path, raw)
    try:
        baseline = _BASELINES.validate_python(_with_documents(content))
    except ValidationError as error:
        raise UsageError(f"{path} is no baseline: {mistake(error)}", hint=_WRITE_ONE) from None
    for wrong in _wrong_counts(baseline):
        raise UsageError(f"{path} is no baseline: {wrong}", hint=_WRITE_ONE)
    return baseline


def _wrong_counts(baseline: Baseline) -> Iterator[str]:
    """Say which counts cannot be: a checksum is easily made again by whoever edits a file."""
    parts = [
        *(
            (f"{each.provider} {each.promise}", each.failed, each.tried)
            for each in baseline.promises
        ),
        *(
            (f"{each.provider} {each.promise} {by.check}", by.failed, by.tried)
            for each in baseline.promises
            for by in each.deviations
        ),
        *((f"{each.provider} {each.error_class}", each.count, each.of) for each in baseline.errors),
        *(
            (f"{each.provider} {each.figure}", each.count, each.of)
            for each in baseline.authenticity
        ),
    ]
    for about, count, of in parts:
        if not 0 <= count <= of <= MOST:
            yield one_line(f"{about:.200}: {count} of {of} is no count")
    for name, number in baseline.requests.items():
        if not 0 <= number <= MOST:
            yield one_line(f"requests of {name:.200}: {number} is no count")
    for sample in baseline.samples:
        if not 0 <= sample.images <= MOST:
            yield one_line(f"{sample.place:.200}: {sample.images} is no count of images")


def _with_documents(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the content with each document as one text, where it is a list of lines."""
    documents = content.get("documents")
    if not isinstance(documents, Mapping):
        return content
    joined = {
        name: "\n".join(lines) if _are_lines(lines) else lines for name, lines in documents.items()
    }
    return {**content, "documents": joined}


def _are_lines(lines: object) -> bool:
    return isinstance(lines, list) and all(isinstance(line, str) for line in lines)


def _content(path: Path) -> bytes:
    """Return a file's content; a pipe that nobody writes into is empty, and never waited for."""
    descriptor = os.open(path, os.O_RDONLY | AT_ONCE)
    with os.fdopen(descriptor, "rb") as file:
        kind = os.fstat(file.fileno()).st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISFIFO(kind)):
            raise OSError("it is neither a file nor a folder of a run")
        wait_again(file.fileno())
        content = file.read(AT_MOST_BYTES + 1)
    if len(content) > AT_MOST_BYTES:
        raise too_large(path)
    return content


def _refuse_other_kinds(path: Path, content: object) -> None:
    """Raise UsageError for JSON of another kind, and for a format that is not known yet."""
    if not isinstance(content, Mapping) or "baseline" not in content:
        raise UsageError(f"{path} is no baseline: {_kind(content)}", hint=_WRITE_ONE)
    written = content["baseline"]
    if not isinstance(written, int) or isinstance(written, bool) or written < 1:
        raise UsageError(f"{path}: baseline: {written!r:.40} is no format", hint=_WRITE_ONE)
    if written > FORMAT:
        by = one_line(str(content.get("harness", "unknown"))[:40])
        raise UsageError(
            f"{path}: format {written:.6g} is unknown to this version, which knows up to {FORMAT}",
            hint=f"read it with the harness that wrote it ({by}) or a later one",
        )


def _kind(content: object) -> str:
    """Say what a file holds instead of a baseline."""
    if not isinstance(content, Mapping):
        return "JSON, but no object"
    if "schema" in content and "verdicts" in content:
        return "a report's summary.json; give the folder of its run instead"
    if "evidence" in content and "plan_digests" in content:
        return "a run's run.json; give its folder instead"
    return 'JSON without a key "baseline"'


def _refuse_edited(path: Path, raw: bytes) -> None:
    seal = _SEAL.fullmatch(raw)
    why = "its checksum differs from its content"
    if seal is None:
        why = "it has no checksum at its end"
    elif b"%08x" % crc32(seal[1]) == seal[2]:
        return
    raise UsageError(
        f"{path} was edited: {why}",
        hint="write it again: harness report RUN --baseline FILE; what is to be accepted stands in "
        "a file of known deviations",
    )
