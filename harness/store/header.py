"""`run.json`: a run's header, with a checksum over its bytes as its last member."""

import re
from pathlib import Path
from zlib import crc32

from pydantic import TypeAdapter, ValidationError

from harness.core.errors import UsageError
from harness.core.jsonvalue import mistake
from harness.core.record import RunHeader
from harness.store.line import FORMAT, HEADER, SEALED_FORMAT

_HEADERS = TypeAdapter(RunHeader)
_SEAL = re.compile(rb'(.*),\n  "crc": "([0-9a-f]{8})"\n\}\n', re.DOTALL)


def dumped_header(header: RunHeader) -> bytes:
    """Return a header as `run.json` holds it."""
    body = _HEADERS.dump_json(header, indent=2).removesuffix(b"\n}")
    return body + b',\n  "crc": "%08x"\n}\n' % crc32(body)


def read_header(raw: bytes, path: Path) -> RunHeader:
    """Read a header; UsageError where it is none, of a later format, or was altered."""
    try:
        header = _HEADERS.validate_json(raw)
    except ValidationError as error:
        raise UsageError(f"{path / HEADER}: {mistake(error)}") from None
    if header.format > FORMAT:
        raise UsageError(
            f"{path / HEADER}: format {header.format} is unknown to this version, which knows "
            f"up to {FORMAT}",
            hint=f"read it with the harness that wrote it ({header.harness}) or a later one",
        )
    seal = _SEAL.fullmatch(raw)
    if seal is None and (header.format >= SEALED_FORMAT or b'"unchecked_bytes"' in raw):
        raise UsageError(f"{path / HEADER} was altered: it has no checksum at its end", hint=_HINT)
    if seal is not None and b"%08x" % crc32(seal[1]) != seal[2]:
        raise UsageError(
            f"{path / HEADER} was altered: its checksum differs from its content", hint=_HINT
        )
    return header


_HINT = "put back the file as it was written; the journal beside it is untouched"
