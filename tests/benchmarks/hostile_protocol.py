"""Replies that are no HTTP, or lie, or take their time, by name: see `hostile_replies`."""

from tests.benchmarks.hostile_replies import (
    ANY,
    BROKEN,
    CHUNKED,
    GZIP,
    JSON,
    OK,
    PNG,
    TO_THE_END,
    Behaviour,
    Slowly,
    events,
    fetched,
    raw,
    status,
    whole,
)

PROTOCOL_ERRORS = {
    "closed-at-once": raw(b""),
    "garbage": raw(bytes(range(256)) * 40),
    "http-0.9": raw(b"hello"),
    "http-2-preface": raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "http-9": raw(b"HTTP/9.9 200 OK\r\n\r\n{}", classes=ANY),
    "tls-on-plain": raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(400)),
    "ssh": raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "smtp": raw(b"220 mail ESMTP\r\n"),
    "status-000": raw(b"HTTP/1.1 000 Zero\r\n\r\n{}"),
    "status-999": raw(b"HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\n{}", classes=ANY),
    "status-words": raw(b"HTTP/1.1 two hundred\r\n\r\n{}"),
    "status-long": raw(b"HTTP/1.1 200 " + b"O" * 70_000 + b"\r\n\r\n{}", classes=ANY),
    "length-negative": raw(OK + b"Content-Length: -1\r\n\r\n{}"),
    "length-words": raw(OK + b"Content-Length: some\r\n\r\n{}"),
    "length-huge": raw(OK + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n{}"),
    "length-5000-digits": raw(OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}"),
    "length-two": raw(OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    "length-too-short": raw(JSON + b"Content-Length: 1\r\n\r\n{}"),
    "length-too-long": raw(JSON + b"Content-Length: 100\r\n\r\n{}"),
    "length-and-chunks": raw(
        JSON + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        classes=ANY,
    ),
    "coding-unknown": raw(JSON + b"Transfer-Encoding: gzip\r\n\r\n{}"),
    "coding-twice": raw(JSON + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    "chunk-size-bad": raw(CHUNKED + b"zz\r\n{}\r\n"),
    "chunk-size-negative": raw(CHUNKED + b"-2\r\n{}\r\n"),
    "chunk-last-missing": raw(CHUNKED + b"2\r\n{}\r\n"),
    "chunk-cut": raw(CHUNKED + b"ff\r\n{"),
    "header-nul": raw(OK + b"X-A: a\0b\r\n\r\n{}"),
    "header-folded": raw(OK + b"X-A: a\r\n b\r\nContent-Length: 2\r\n\r\n{}", classes=ANY),
    "header-without-colon": raw(OK + b"what\r\n\r\n{}"),
    "header-name-bytes": raw(OK + b"\xff\xfe: a\r\n\r\n{}"),
    "head-lf-only": raw(b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", classes=ANY),
    "head-cr-only": raw(b"HTTP/1.1 200 OK\rContent-Length: 2\r\r{}"),
    "head-cut": raw(b"HTTP/1.1 200 OK\r\nContent-Ty"),
    "upgrade": raw(b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"),
    "no-content": raw(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "not-modified": raw(b"HTTP/1.1 304 Not Modified\r\n\r\n", classes=ANY),
    "redirect-post": Behaviour(reply=status(b"307 Temporary\r\nLocation: /else"), classes=ANY),
    "redirect-nowhere": Behaviour(reply=status(b"302 Found"), classes=ANY),
    "redirect-file": Behaviour(
        reply=fetched(status(b"302 Found\r\nLocation: file:///etc/passwd")),
        provider="aimlapi",
        classes=BROKEN,
    ),
    "redirect-control": Behaviour(
        reply=fetched(status(b"302 Found\r\nLocation: http://a\x01b/")),
        provider="aimlapi",
        classes=BROKEN,
    ),
    "result-file": Behaviour(
        reply=whole(b'{"data":[{"url":"file:///etc/passwd"}]}'),
        provider="aimlapi",
        classes=ANY,
        served=True,
    ),
    "gzip-lie": raw(GZIP + b'{"data":[]}'),
    "gzip-cut": raw(GZIP + b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab"),
    "brotli": raw(JSON + b"Content-Encoding: br\r\n\r\n\x8b\x02\x80{}\x03"),
    "zstd": raw(JSON + b"Content-Encoding: zstd\r\n\r\n\x28\xb5\x2f\xfd\x04"),
    "utf-16": raw(JSON + b"\r\n" + '{"data":[]}'.encode("utf-16")),
    "charset-lie": raw(OK + b"Content-Type: application/json; charset=utf-7\r\n\r\n+AHs-+AH0-"),
    "latin-1": raw(TO_THE_END + b'{"error":{"message":"\xe9\xff"}}', classes=ANY),
    "type-lie": raw(PNG + b'{"no":"image"}', classes=ANY),
    "half-json": raw(TO_THE_END + b'{"data":[{"b64_json":"iVBOR'),
    "two-jsons": raw(TO_THE_END + b"{}{}"),
    "surrogates": raw(TO_THE_END + rb'{"error":{"message":"\ud800\udfff\ud800"}}', classes=ANY),
    "number-4000-digits": raw(
        TO_THE_END + b'{"usage":{"total_tokens":' + b"9" * 4000 + b"}}", classes=ANY
    ),
    "retry-after-huge": Behaviour(
        reply=status(b"400 Bad\r\nRetry-After: 1e999", b"{}"), classes=ANY
    ),
    "retry-after-year": Behaviour(
        reply=status(b"400 Bad\r\nRetry-After: Fri, 31 Dec 9999 23:59:59 GMT", b"{}"), classes=ANY
    ),
    "events-cut": events(b"data: {"),
    "events-garbage": events(bytes(range(256)) * 10),
    "empty-200": raw(JSON + b"Content-Length: 0\r\n\r\n"),
}

WAITS = {
    "silent": raw(3600.0, classes=frozenset(("timeout",))),
    "head-trickles": raw(OK, Slowly(b"X-A: b\r\n", 0.3), classes=frozenset(("timeout",))),
    "body-trickles": raw(TO_THE_END, Slowly(b" ", 0.2), classes=frozenset(("timeout",))),
    "chunks-trickle": raw(CHUNKED, Slowly(b"1\r\n \r\n", 0.2), classes=frozenset(("timeout",))),
    "events-alive": events(Slowly(b": alive\n\n", 0.2), classes=frozenset(("timeout",))),
    "interim-trickles": raw(
        Slowly(b"HTTP/1.1 100 Continue\r\n\r\n", 0.5), classes=frozenset(("timeout",))
    ),
    "stuck-in-the-middle": raw(
        JSON + b"Content-Length: 100\r\n\r\n{", 3600.0, classes=frozenset(("timeout",))
    ),
    "gzip-trickles": raw(
        GZIP + b"\x1f\x8b\x08\0\0\0\0\0\0\x03", 3600.0, classes=frozenset(("timeout",))
    ),
}
