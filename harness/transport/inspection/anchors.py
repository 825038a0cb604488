"""The user's copy of a trust list: PEM certificates of signers and of time-stamp authorities."""

import hashlib
import re
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.core.errors import UsageError
from harness.core.files import MEBIBYTE, read_at_most

FLAG = "--trust-anchors"
FILE_AT_MOST_BYTES = 8 * MEBIBYTE
"""The public list has 38 kB."""

_CERTIFICATE = re.compile(
    r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]{1,100000}?-----END CERTIFICATE-----"
)
_BEGIN = "-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """Certificates that a chain may lead to. `digest` is the SHA-256 of them; empty without any."""

    pem: str = ""
    digest: str = ""


NO_ANCHORS = Anchors()


def read_anchors(files: Sequence[Path | str]) -> Anchors:
    """Read trust lists: PEM files of certificates, with or without words between them.

    Raises UsageError for a file that cannot be read, holds no certificate, or one that is damaged.
    """
    pems: dict[bytes, str] = {}
    for file in files:
        for der in _certificates(Path(file)):
            pems[der] = ssl.DER_cert_to_PEM_cert(der)
    if not pems:
        return NO_ANCHORS
    return Anchors(pem="".join(pems.values()), digest=hashlib.sha256(b"".join(pems)).hexdigest())


def _certificates(file: Path) -> Iterator[bytes]:
    try:
        text = read_at_most(file, FILE_AT_MOST_BYTES).decode("utf-8", "replace")
    except OSError as error:
        raise UsageError(
            f"{FLAG} {file}: {error.strerror or error}", hint="name a trust list, a PEM file"
        ) from None
    found = _CERTIFICATE.findall(text)
    if not found and _BEGIN not in text:
        raise UsageError(
            f"{FLAG} {file}: it holds no certificate",
            hint="a trust list is a PEM file: -----BEGIN CERTIFICATE----- and so on",
        )
    if len(found) != text.count(_BEGIN):
        raise UsageError(f"{FLAG} {file}: a certificate in it is cut off", hint="fetch it anew")
    for number, pem in enumerate(found, 1):
        try:
            der = ssl.PEM_cert_to_DER_cert(pem)
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=der)
        except (ValueError, ssl.SSLError):
            raise UsageError(
                f"{FLAG} {file}: certificate {number} in it is damaged", hint="fetch it anew"
            ) from None
        yield der
