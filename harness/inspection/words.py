"""What image files show, as lines for a terminal and as JSON."""

from collections.abc import Iterator, Sequence

from harness.core.inspection import Inspection, Manifest
from harness.core.jsonvalue import Json
from harness.inspection.answer import contradiction_text
from harness.inspection.model import FilesInspected, InspectedFile, QualityTokens
from harness.report.authenticity.money import usd_text
from harness.report.authenticity.suspected import suspicion_text
from harness.report.jsontext import json_safe
from harness.report.text import one_line
from harness.stats.authenticity.signing import ANCHORS, name

_LONGEST = 900
_LONGEST_NAME = 80
_MOST_NAMED = 4
_INDENT = "  "


def lines(found: FilesInspected) -> Iterator[str]:
    """Yield the lines of the whole inspection: the answer first, then each file."""
    yield found.answer
    sole = len(found.files) == 1
    for each in found.contradictions:
        yield f"contradicts ({each.label}): {contradiction_text(each, sole=sole)}"
    for suspicion in found.suspicions:
        if suspicion.shown:
            yield f"suspicion: {suspicion_text(suspicion)}: {_files(suspicion.cases)}"
    for file in found.files:
        yield ""
        yield from _file(file)


def _files(names: Sequence[str]) -> str:
    """Name the first files that show something, and count the others."""
    more = len(names) - _MOST_NAMED
    named = ", ".join(one_line(name, _LONGEST_NAME) for name in names[:_MOST_NAMED])
    return f"{named} and {more:,} more" if more > 0 else named


def _file(file: InspectedFile) -> Iterator[str]:
    yield file.name
    picture = file.picture
    pixels = f"{picture.width_px}x{picture.height_px} pixels" if picture.width_px else "no pixels"
    facts = [picture.format, pixels, picture.mode, f"{picture.size_bytes:,} bytes"]
    yield _row("image", ", ".join(filter(None, facts)))
    if picture.why:
        yield _row("", picture.why)
    yield _row("sha-256", picture.digest or "-")
    told = [*_manifest(file.inspection), *(f"an image {note}" for note in file.notes)]
    for at, text in enumerate(told):
        yield _row("" if at else "manifest", text)
    if file.tokens:
        of = f"of {file.model}: " if file.model else ""
        each = (_tokens(row) for row in file.tokens)
        yield _row("tokens", f"{of}{', '.join(each)}")
    if signs := _signs(file):
        yield _row("signs", signs)


def _tokens(row: QualityTokens) -> str:
    price = "" if row.usd is None else f" ({usd_text(row.usd)})"
    return f"{row.quality} {row.tokens:,}{price}"


def _row(name: str, text: str) -> str:
    return f"{_INDENT}{name:<9} {one_line(text, _LONGEST)}"


def _manifest(inspection: Inspection) -> Iterator[str]:
    manifest = inspection.manifest
    if inspection.state == "not_read":
        yield f"not read: {inspection.why}"
    elif manifest is None:
        yield "none; this says nothing"
    else:
        yield from _of(manifest)


def _of(manifest: Manifest) -> Iterator[str]:
    """Yield who signed, what, when, and which programs it names."""
    signature = "a valid signature" if manifest.signature_valid else "a broken signature"
    common = manifest.common_name
    beside = f" ({common})" if common and common != manifest.signer else ""
    yield f"{signature} of {name(manifest)}{beside}; {_CHAIN[manifest.chain]}"
    yield _BYTES[manifest.bytes]
    if manifest.signed_at:
        yield f"signed at {manifest.signed_at}; {_TIME[manifest.time]}"
    if manifest.agents:
        yield f"drawn by {', '.join(manifest.agents)}, by what it says"
    if manifest.actions:
        yield f"actions: {', '.join(manifest.actions)}"
    if manifest.failures:
        yield f"the reader found: {', '.join(manifest.failures)}"


_CHAIN = {
    "trusted": "its certificate leads to one on the trust list",
    "untrusted": "its certificate leads to none on the trust list: anybody can make one",
    "unchecked": f"chain not checked ({ANCHORS})",
}
_BYTES = {
    "unaltered": "the bytes are those that were signed",
    "altered": "the bytes are not those that were signed: altered, or the manifest of another",
    "unknown": "whether these bytes were signed, no hash tells",
}
_TIME = {
    "trusted": "its authority is on the trust list",
    "untrusted": "its authority is not on the trust list: no proof",
    "unchecked": "its authority was not checked: no proof",
    "none": "by no time stamp: no proof",
}


def _signs(file: InspectedFile) -> str:
    """Return how the file was encoded, as far as it shows."""
    signs = file.inspection.signs
    if signs is None:
        return ""
    parts = [f"layout {signs.layout}" if signs.layout else ""]
    if signs.data_chunks is not None:
        parts.append(f"{signs.data_chunks:,} IDAT")
    if signs.jpeg_quality is not None:
        exact = "" if signs.jpeg_exact else "about "
        parts.append(f"JPEG tables of quality {exact}{signs.jpeg_quality}")
    if signs.webp_quantiser is not None:
        parts.append(f"WebP quantiser {signs.webp_quantiser}")
    return ", ".join(filter(None, parts))


def document(found: FilesInspected) -> dict[str, Json]:
    """Return the inspection as JSON; what is not known is null."""
    return {
        "answer": found.answer,
        "exit_code": found.exit_code,
        "model": found.model or None,
        "asked": json_safe(found.asked),
        "usage": found.usage,
        "drawn": json_safe(found.drawn),
        "drew": found.drew or None,
        "contradictions": json_safe(found.contradictions),
        "suspicions": json_safe(found.suspicions),
        "files": [_document(file) for file in found.files],
        "not_inspected": json_safe(found.others),
    }


def _document(file: InspectedFile) -> dict[str, Json]:
    picture, inspection = file.picture, file.inspection
    return {
        "file": file.name,
        "format": picture.format,
        "width_px": picture.width_px,
        "height_px": picture.height_px,
        "mode": picture.mode or None,
        "size_bytes": picture.size_bytes,
        "sha256": picture.digest,
        "whole": picture.state == "decoded",
        "why": picture.why or None,
        "manifest": {
            "state": inspection.state,
            "why": inspection.why or None,
            "genuine": inspection.manifest.genuine if inspection.manifest else None,
            "signed_by_the_maker": file.genuine if inspection.manifest else None,
            "told": json_safe(inspection.manifest),
        },
        "notes": list(file.notes),
        "model": file.model or None,
        "tokens": json_safe(file.tokens),
        "signs": json_safe(inspection.signs),
    }
