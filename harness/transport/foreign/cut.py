"""Whether a recorded body is there as a whole."""

import json
import re

from harness.transport.bodies.body import Body
from harness.transport.bodies.decode import looks_like_image

BREAKS_OFF = "the recording breaks off there"

_MARK = re.compile(
    r"(?:\.{3}|…|[\[(<]\s*(?:\.{3}|…)?\s*(?:body |content |response |output )?"
    r"(?:truncated|omitted|cut|shortened|elided)[^\])>]{0,60}[\])>]"
    r"|\btruncated\b[^\n]{0,40}|\.{3}\s*\(?[\d,]+ (?:more )?(?:bytes|characters|chars)[^\n]{0,20})"
    r"[\s\"'}\])]*$",
    re.IGNORECASE,
)
"""How recorders end what they did not keep: `...`, `[truncated]`, `… (1,234 more bytes)`."""

_TAIL_CHARACTERS = 200
_HALF_A_VALUE = re.compile(r"-?[\w.+-]{0,40}\s*")
_CUT_ESCAPE = re.compile(r"\\u?[0-9A-Fa-f]{0,3}\"?\s*")


def breaks_off(plain: bytes, body: Body, *, declared: int, cut: str) -> str:
    """Say why a body is not the whole one; empty where it is, or where it is broken otherwise.

    `declared` is the length that its headers name (0: none), `cut` what its recorder says.
    """
    if not plain and not cut:
        return _left_out(declared)
    if _is_whole(plain, body):
        return ""
    if cut:
        return f"{BREAKS_OFF}: {cut}"
    if declared > len(plain):
        return f"{BREAKS_OFF}: {len(plain):,} of {declared:,} bytes"
    if looks_like_image(plain):  # of which nothing says that this was all
        return "" if declared else BREAKS_OFF if _ends_early(plain, body) else ""
    return BREAKS_OFF if _ends_within_json(plain) else ""


def _left_out(declared: int) -> str:
    return f"a body of {declared:,} bytes was left out of the recording" if declared else ""


def _is_whole(plain: bytes, body: Body) -> bool:
    if body.text is None:
        return all(picture.state != "undecodable" for picture in body.pictures.values()) or (
            not looks_like_image(plain)
        )
    return not plain.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")) and not _marked(plain)


def _ends_early(plain: bytes, body: Body) -> bool:
    """Tell whether an image's file goes on, by its decoder or by a WebP's own length.

    Behind `RIFF` stands how many bytes follow (RFC 9649, 2.4).
    """
    if plain.startswith(b"RIFF") and int.from_bytes(plain[4:8], "little") + 8 > len(plain):
        return True
    return any("truncated" in picture.why.lower() for picture in body.pictures.values())


def _marked(plain: bytes) -> bool:
    return _MARK.search(plain[-_TAIL_CHARACTERS:].decode("utf-8", "replace")) is not None


def _ends_within_json(plain: bytes) -> bool:
    """Tell whether a text is JSON up to its end, or to a mark of its recorder, and goes no further.

    JSON that is wrong before its end is the provider's own.
    """
    text = plain.decode("utf-8-sig", "replace").strip()
    if text[:1] not in ("{", "["):
        return False
    if _marked(plain):
        return True
    try:
        json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        rest = text[error.pos :]
        within_text = error.msg.startswith("Unterminated string")
        return within_text or not rest or _at_end(rest)
    except (ValueError, RecursionError):
        return False
    return False


def _at_end(rest: str) -> bool:
    return bool(_HALF_A_VALUE.fullmatch(rest) or _CUT_ESCAPE.fullmatch(rest))
