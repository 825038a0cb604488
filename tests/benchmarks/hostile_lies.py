"""Replies whose framing, headers, statuses or addresses lie, by name: see `hostile_replies`."""

import gzip
import zlib
from collections.abc import Iterable

from tests.benchmarks.hostile_replies import (
    ANY,
    BROKEN,
    CHUNKED,
    GZIP,
    JSON,
    OK,
    PROTOCOL,
    RESET,
    Behaviour,
    Piece,
    Reply,
    image,
    raw,
    served,
    status,
    whole,
)

NETWORK = frozenset(("network",))
LIMITED = frozenset(("rate_limit",))
SERVER = frozenset(("server",))
UNKNOWN = frozenset(("unknown", "protocol"))
ONE = served(image(64, 64))
"""The JSON of a reply with one image."""

HEAD = b"Content-Length: %d\r\n" % len(ONE)


def framed(lines: bytes, body: bytes = ONE, *, classes: frozenset[str] = ANY) -> Behaviour:
    """Return a served reply with these header lines beside those that fit."""
    head = JSON + b"Content-Length: %d\r\n" % len(body) + lines
    return raw(head + b"\r\n" + body, classes=classes)


def coded(name: bytes, body: bytes, *, classes: frozenset[str] = ANY) -> Behaviour:
    """Return a body that is said to be packed so."""
    return framed(b"Content-Encoding: " + name + b"\r\n", body, classes=classes)


def typed(kind: bytes, body: bytes = ONE) -> Behaviour:
    """Return a body of a type that it may not have."""
    return Behaviour(
        reply=whole(body, OK + b"Content-Type: " + kind + b"\r\n"), classes=ANY, served=True
    )


def led(location: bytes, line: bytes = b"302 Found") -> Behaviour:
    """Return a result whose address answers with a redirect."""
    reply = status(line + b"\r\nConnection: close\r\nContent-Length: 0\r\nLocation: " + location)
    return Behaviour(reply=result(reply), classes=BROKEN)


def result(answer: Reply) -> Reply:
    """Return a result that lies at another path, where every request is answered so."""

    def sent(method: str, path: str) -> Iterable[Piece]:
        if method == "GET":
            return answer(method, path)
        return whole(b'{"data":[{"url":"http://HOST/x/result"}]}')(method, path)

    return sent


def ping_pong(method: str, path: str) -> Iterable[Piece]:
    """Redirect from one path to the other and back."""
    if method == "POST":
        return whole(b'{"data":[{"url":"http://HOST/x/ping"}]}')(method, path)
    there = b"ping" if path.endswith("pong") else b"pong"
    return status(b"302 Found\r\nConnection: close\r\nLocation: /x/" + there)(method, path)


def limited(retry_after: bytes, line: bytes = b"429 Too Many Requests") -> Behaviour:
    """Return a refusal for now, with this Retry-After."""
    body = b'{"error":{"message":"later"}}'
    lines = b"\r\nContent-Length: %d\r\nRetry-After: " % len(body) + retry_after
    return Behaviour(reply=status(line + lines, body), classes=LIMITED | {"timeout"})


LENGTHS = {
    "length-plus": raw(JSON + b"Content-Length: +2\r\n\r\n{}"),
    "length-hex": raw(JSON + b"Content-Length: 0x2\r\n\r\n{}"),
    "length-underscore": raw(JSON + b"Content-Length: 1_0\r\n\r\n" + b"{}" * 5),
    "length-fraction": raw(JSON + b"Content-Length: 2.0\r\n\r\n{}"),
    "length-list": raw(JSON + b"Content-Length: 2, 2\r\n\r\n{}", classes=ANY),
    "length-empty": raw(JSON + b"Content-Length:\r\n\r\n{}", classes=ANY),
    "length-arabic": raw(JSON + "Content-Length: ٢\r\n\r\n{}".encode()),
    "length-2-to-64": raw(JSON + b"Content-Length: 18446744073709551617\r\n\r\n{}"),
    "chunk-size-underscore": raw(CHUNKED + b"1_0\r\n" + b" " * 16 + b"\r\n0\r\n\r\n"),
    "chunk-size-plus": raw(CHUNKED + b"+2\r\n{}\r\n0\r\n\r\n"),
    "chunk-size-hex": raw(CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n"),
    "chunk-without-end": raw(CHUNKED + b"2\r\n{}0\r\n\r\n"),
    "chunk-feeds-only": raw(CHUNKED + b"2\n{}\n0\n\n", classes=ANY),
    "chunks-in-1.0": raw(
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", classes=ANY
    ),
    "coding-identity": raw(JSON + b"Transfer-Encoding: identity\r\n\r\n{}"),
    "coding-vertical-tab": raw(JSON + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    "reply-twice": raw(JSON + HEAD + b"\r\n" + ONE + JSON + HEAD + b"\r\n" + ONE, classes=ANY),
    "reset-at-once": raw(RESET, classes=NETWORK),
    "reset-in-the-head": raw(OK + b"Content-Ty", 0.1, RESET, classes=NETWORK),
    "reset-in-the-body": raw(JSON + HEAD + b"\r\n" + ONE[:50], 0.1, RESET, classes=NETWORK),
    "reset-in-a-chunk": raw(CHUNKED + b"ff\r\n{", 0.1, RESET, classes=NETWORK),
}

STATUSES = {
    "status-100-only": raw(b"HTTP/1.1 100 Continue\r\n\r\n", classes=NETWORK),
    "status-103-then-200": raw(
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + JSON + HEAD + b"\r\n" + ONE, classes=ANY
    ),
    "status-199-only": raw(b"HTTP/1.1 199 Odd\r\n\r\n"),
    "status-205": raw(b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n"),
    "status-206": raw(
        b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/900\r\n\r\n{}", classes=ANY
    ),
    "no-content-with-a-body": raw(b"HTTP/1.1 204 No Content\r\n" + HEAD + b"\r\n" + ONE),
    "not-modified-with-a-body": raw(
        b"HTTP/1.1 304 Not Modified\r\n" + HEAD + b"\r\n" + ONE, classes=UNKNOWN
    ),
    "status-300": Behaviour(reply=status(b"300 Multiple Choices", b"{}"), classes=UNKNOWN),
    "status-599": Behaviour(reply=status(b"599 Odd", b"{}"), classes=SERVER),
    "status-2000": raw(b"HTTP/1.1 2000 OK\r\n\r\n{}"),
    "status-minus": raw(b"HTTP/1.1 -200 OK\r\n\r\n{}"),
    "status-without-reason": raw(b"HTTP/1.1 200\r\n" + HEAD + b"\r\n" + ONE, classes=ANY),
    "status-arabic": raw("HTTP/1.1 ٢٠٠ OK\r\n\r\n{}".encode()),
    "status-500-with-images": Behaviour(reply=status(b"500 Oops", ONE), classes=SERVER),
}

HEADERS = {
    "type-twice": framed(b"Content-Type: image/png\r\n"),
    "type-empty": typed(b""),
    "type-60-kb": typed(b"application/json; a=" + b"x" * 60_000),
    "type-html": typed(b"text/html"),
    "type-events-on-json": typed(b"text/event-stream"),
    "type-form-data": typed(b"multipart/form-data; boundary=b"),
    "charset-unknown": typed(b"application/json; charset=klingon"),
    "charset-base64": typed(b"application/json; charset=base64", b"e30="),
    "charset-utf-32": typed(b"application/json; charset=utf-32", ONE.decode().encode("utf-32")),
    "charset-bom": typed(b"application/json; charset=utf-16", b"\xef\xbb\xbf" + ONE),
    "overlong-utf-8": typed(b"application/json", b'{"error":{"message":"\xc0\xaf\xf8\x88"}}'),
    "header-name-60-kb": framed(b"X" * 60_000 + b": a\r\n"),
    "header-name-empty": framed(b": a\r\n", classes=BROKEN),
    "header-space-before-colon": framed(b"X-A : a\r\n", classes=BROKEN),
    "header-bare-return": framed(b"X-A: a\rX-B: b\r\n"),
    "header-utf-8": framed("X-A: \u202egnp.exe\r\n".encode()),
    "header-escapes": framed(b"X-Request-Id: \x1b[2J\x1b]0;owned\x07\r\n"),
    "cookies-100": framed(b"".join(b"Set-Cookie: c%d=v; Path=/\r\n" % n for n in range(100))),
    "cookie-of-others": framed(b"Set-Cookie: a=b; Domain=example.com; Secure\r\n"),
    "date-absurd": framed(b"Date: Fri, 99 Foo 99999 99:99:99 XYZ\r\n"),
    "connection-lies": framed(b"Connection: keep-alive, upgrade\r\nKeep-Alive: timeout=-1\r\n"),
}

CODINGS = {
    "gzip-and-garbage": coded(b"gzip", gzip.compress(ONE) + b"garbage" * 1000),
    "gzip-members": coded(b"gzip", gzip.compress(ONE[:90]) + gzip.compress(ONE[90:])),
    "gzip-in-gzip": coded(b"gzip", gzip.compress(gzip.compress(ONE))),
    "gzip-truncated": coded(b"gzip", gzip.compress(ONE)[:-12], classes=BROKEN),
    "gzip-wrong-sum": coded(b"gzip", gzip.compress(ONE)[:-8] + bytes(8), classes=BROKEN),
    "gzip-empty": coded(b"gzip", b""),
    "gzip-shouted": coded(b"GZIP", gzip.compress(ONE)),
    "gzip-long-name": raw(
        GZIP + b"\x1f\x8b\x08\x08\0\0\0\0\0\x03" + b"n" * 1_000_000, classes=BROKEN
    ),
    "deflate-raw": coded(b"deflate", zlib.compress(ONE)[2:-4]),
    "deflate-is-gzip": coded(b"deflate", gzip.compress(ONE), classes=BROKEN),
    "coding-identity-content": coded(b"identity", ONE),
    "coding-compress": coded(b"compress", b"\x1f\x9d\x90" + ONE, classes=BROKEN),
    "coding-5000-times": coded(b"gzip" + b", gzip" * 5000, gzip.compress(ONE), classes=PROTOCOL),
}

REDIRECTS = {
    "redirect-308-to-itself": Behaviour(
        reply=status(b"308 Permanent Redirect\r\nLocation: /x/v1/images/generations"),
        classes=UNKNOWN,
    ),
    "redirect-303": Behaviour(reply=status(b"303 See Other\r\nLocation: /x"), classes=UNKNOWN),
    "redirect-ping-pong": Behaviour(reply=ping_pong, classes=BROKEN),
    "redirect-to-tls": led(b"https://127.0.0.1:1/result"),
    "redirect-data": led(b"data:image/png;base64,iVBORw0KGgo="),
    "redirect-script": led(b"javascript:alert(1)"),
    "redirect-1-mb": led(b"/x/" + b"a" * 1_000_000),
    "redirect-empty": led(b""),
    "redirect-bad-port": led(b"http://127.0.0.1:99999/"),
    "redirect-bad-host": led(b"http://[::1/"),
    "redirect-with-a-password": led(b"http://user:password@127.0.0.1:1/"),
    "redirect-two-places": led(b"/x/a\r\nLocation: http://127.0.0.1:1/"),
}

RETRIES = {
    "retry-after-negative": limited(b"-5"),
    "retry-after-zero": limited(b"0"),
    "retry-after-words": limited(b"soon"),
    "retry-after-past": limited(b"Mon, 01 Jan 1990 00:00:00 GMT"),
    "retry-after-20-digits": limited(b"9" * 20),
    "retry-after-twice": limited(b"0\r\nRetry-After: 86400"),
    "retry-after-503": Behaviour(
        reply=status(b"503 Unavailable\r\nRetry-After: 0", b"<html>busy</html>"), classes=SERVER
    ),
}

LIES = LENGTHS | STATUSES | HEADERS | CODINGS | REDIRECTS | RETRIES
