"""A time-stamping authority on loopback (RFC 3161), which stamps the time that its path names.

A service draws, signs and then sends: its images are signed near the end of a request. Here they
are signed when the request begins, and the stamp tells the time at which a service would sign.
"""

from __future__ import annotations

import hashlib
import os
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from .der import (
    CONTEXT_0,
    CONTEXT_0_OCTETS,
    INTEGER,
    OCTETS,
    SEQUENCE,
    SET,
    TIME,
    element,
    elements,
    identifier,
    integer,
)

if TYPE_CHECKING:
    from .certificates import Identity

SHA256 = element(SEQUENCE, identifier("2.16.840.1.101.3.4.2.1"))
ECDSA_SHA256 = element(SEQUENCE, identifier("1.2.840.10045.4.3.2"))
SIGNED_DATA = identifier("1.2.840.113549.1.7.2")
STAMP_INFO = identifier("1.2.840.113549.1.9.16.1.4")
CONTENT_TYPE = identifier("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = identifier("1.2.840.113549.1.9.4")
SIGNING_CERTIFICATE = identifier("1.2.840.113549.1.9.16.2.47")
POLICY = identifier("1.3.6.1.4.1.99999.1")  # nobody's
ONE_MILLISECOND = element(SEQUENCE, element(CONTEXT_0_OCTETS, b"\1"))
MOST_BYTES = 65_536


def stamped(request: bytes, at_ms: int, signer: Identity) -> bytes:
    """Return the reply to a request for a time stamp: granted, at that Unix time.

    Raises StopIteration or IndexError for bytes that are no such request.
    """
    _, body, _ = next(elements(request))
    (_, _, _), (_, _, imprint), *rest = elements(body)
    nonce = b"".join(whole for tag, _, whole in rest if tag == INTEGER)
    info = element(
        SEQUENCE,
        integer(1),
        POLICY,
        imprint,
        integer(at_ms),
        element(TIME, _generalized(at_ms).encode("ascii")),
        ONE_MILLISECOND,
        nonce,
    )
    token = element(SEQUENCE, SIGNED_DATA, element(CONTEXT_0, _signed(info, signer)))
    granted = element(SEQUENCE, integer(0))
    return element(SEQUENCE, granted, token)


def _signed(info: bytes, signer: Identity) -> bytes:
    """Return the content as signed data with the signer's certificate (RFC 5652)."""
    attributes = sorted(
        [
            _attribute(CONTENT_TYPE, STAMP_INFO),
            _attribute(MESSAGE_DIGEST, element(OCTETS, hashlib.sha256(info).digest())),
            _attribute(SIGNING_CERTIFICATE, _digest_of_certificate(signer)),
        ]
    )
    signature = signer.key.sign(element(SET, *attributes), ec.ECDSA(hashes.SHA256()))
    certificate = signer.certificate
    named = element(SEQUENCE, certificate.issuer.public_bytes(), integer(certificate.serial_number))
    signer_info = element(
        SEQUENCE,
        integer(1),
        named,
        SHA256,
        element(CONTEXT_0, *attributes),
        ECDSA_SHA256,
        element(OCTETS, signature),
    )
    content = element(SEQUENCE, STAMP_INFO, element(CONTEXT_0, element(OCTETS, info)))
    return element(
        SEQUENCE,
        integer(3),
        element(SET, SHA256),
        content,
        element(CONTEXT_0, signer.der),
        element(SET, signer_info),
    )


def _attribute(kind: bytes, value: bytes) -> bytes:
    return element(SEQUENCE, kind, element(SET, value))


def _digest_of_certificate(signer: Identity) -> bytes:
    """Return the attribute that binds the stamp to its certificate (RFC 5035)."""
    digest = element(OCTETS, hashlib.sha256(signer.der).digest())
    return element(SEQUENCE, element(SEQUENCE, element(SEQUENCE, digest)))


def _generalized(at_ms: int) -> str:
    """Return a Unix time as GeneralizedTime: DER leaves out zeros at the end of a fraction."""
    whole = datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y%m%d%H%M%S")
    fraction = f".{at_ms % 1000:03d}".rstrip("0").rstrip(".")
    return f"{whole}{fraction}Z"


class TimeAuthority:
    """The authority's server, in threads of its own; `address(at_s)` is where it stamps a time.

    The process asks no proxy for loopback from then on: the library that signs has no other way.
    """

    def __init__(self, identity: Identity) -> None:
        for name in ("NO_PROXY", "no_proxy"):
            os.environ[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1")))

        class Handler(_Handler):
            signer = identity

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def address(self, at_s: float) -> str:
        """Return the address whose stamps tell a Unix time, in seconds, to the millisecond."""
        port = self._server.server_address[1]
        return f"http://127.0.0.1:{port}/{round(at_s * 1000)}"

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    signer: Identity

    def do_POST(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        reply = stamped(self.rfile.read(min(size, MOST_BYTES)), int(self.path[1:]), self.signer)
        self.send_response(200)
        self.send_header("content-type", "application/timestamp-reply")
        self.send_header("content-length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""
