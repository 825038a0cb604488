"""Bombs and other replies that would fill a memory, by name: see `hostile_replies`."""

import base64
import zlib

from tests.benchmarks.hostile_replies import (
    ANY,
    BROKEN,
    CHUNKED,
    EVENTS,
    GZIP,
    HUGE,
    JSON,
    LARGE,
    MIB,
    OK,
    PNG,
    START,
    TO_THE_END,
    Behaviour,
    Bomb,
    Lazy,
    Numbered,
    Repeated,
    animated,
    chunk,
    download,
    event,
    events,
    fetched,
    flow,
    icon,
    image,
    image_reply,
    noise,
    of,
    packed,
    plain_png,
    png,
    polled,
    raw,
    real_png,
    served,
    status,
    text,
)

LATE = frozenset(("protocol", "timeout"))

BOMBS = {
    "gzip-zeros": Behaviour(reply=flow(GZIP, Bomb())),
    "gzip-spaces-first": Behaviour(reply=flow(GZIP, Bomb(b'{"a":"'))),
    "gzip-image": Behaviour(reply=flow(GZIP, Bomb(b'{"data":[{"b64_json":"' + START))),
    "gzip-not-json": Behaviour(reply=flow(GZIP, Bomb(b"<html>"))),
    "gzip-twice": Behaviour(reply=flow(JSON + b"Content-Encoding: gzip, gzip\r\n\r\n", Bomb())),
    "gzip-two-headers": Behaviour(
        reply=flow(JSON + b"Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n", Bomb())
    ),
    "deflate-bare": Behaviour(
        reply=flow(JSON + b"Content-Encoding: deflate\r\n\r\n", Bomb(wrapper=b""))
    ),
    "deflate-zlib": Behaviour(
        reply=flow(JSON + b"Content-Encoding: deflate\r\n\r\n", Bomb(wrapper=b"\x78\x9c"))
    ),
    "gzip-events": Behaviour(
        reply=flow(EVENTS[:-2] + b"Content-Encoding: gzip\r\n\r\n", Bomb(b"data: "))
    ),
    "gzip-result": Behaviour(
        reply=fetched(
            flow(PNG[:-2] + b"Content-Encoding: gzip\r\n\r\n", Bomb(b"\x89PNG\r\n\x1a\n"))
        ),
        provider="aimlapi",
    ),
    "result-1-gib": download(b"\x89PNG\r\n\x1a\n", of(bytes(1024))),
    "result-1-gib-announced": download(
        b"\x89PNG\r\n\x1a\n",
        of(bytes(1024)),
        head=PNG[:-2] + b"Content-Length: %d\r\n\r\n" % (1024 * MIB),
    ),
    "result-no-image": download(of(b"what? ", LARGE), ok=True),
    "result-json-bomb": download(b"[", of(b"[],", LARGE), head=TO_THE_END),
    "base64-1-gib": text(b'{"data":[{"b64_json":"' + START, of(b"A" * 1024), b'"}]}'),
    "base64-700-mb": text(
        b'{"data":[{"b64_json":"' + START, of(b"A" * 1024, 700 * MIB), b'"}]}', classes=ANY
    ),
    "base64-noise": text(
        b'{"data":[{"b64_json":"' + START, of(noise(3072), LARGE), b'"}]}', classes=ANY
    ),
    "gzip-json": Behaviour(
        reply=packed(b'{"a":"' + b"x" * LARGE + b'"}'), classes=ANY, served=True
    ),
    "base64-no-image": text(
        b'{"data":[{"b64_json":"', of(noise(3072), LARGE), b'"}]}', classes=ANY
    ),
    "base64-equals": text(b'{"data":[{"b64_json":"' + START, of(b"=", LARGE), b'"}]}', classes=ANY),
    "data-url-without-comma": text(b'{"a":"data:image/png;', of(b"x", LARGE), b'"}', classes=ANY),
    "data-url-escaped": text(b'{"a":"data:image/png;', of(rb"\u0061", LARGE), b'"}', classes=ANY),
    "endless": text(b"{", of(b" " * 1024)),
    "nonsense-json": text(b'{"a":[', of(b'{"b":[1,2,{"c":null}]},', LARGE), b"0]}"),
    "ten-million-keys": text(b"{", Numbered(b'"a%d":1,', 10_000_000), b'"z":1}'),
    "one-string": text(b'{"a":"', of(b"x", LARGE), b'"}', classes=ANY),
    "one-string-escaped": text(b'{"a":"', of(rb"\n", LARGE), b'"}', classes=ANY),
    "one-string-nul": text(b'{"a":"', of(rb"\u0000", LARGE), b'"}', classes=ANY),
    "one-string-unclosed": text(b'{"a":"', of(b'\\"', LARGE)),
    "one-key": text(b'{"', of(b"k", LARGE), b'":1}', classes=ANY),
    "digits": text(of(b"7", LARGE)),
    "digits-in-a-list": text(b"[", of(b"7" * 4000 + b",", LARGE), b"1]"),
    "nested-lists": text(of(b"[", 10 * MIB)),
    "nested-objects": text(of(b'{"a":', 50 * MIB)),
    "empty-lists": text(b"[", of(b"[],", LARGE), b"[]]"),
    "empty-strings": text(b"[", of(b'"",', LARGE), b'""]'),
    "zeros-list": text(b"[", of(b"0,", LARGE), b"0]"),
    "floats": text(b"[", of(b"1e999,", 30 * MIB), b"0]"),
    "nan": text(b"[", of(b"NaN,", 30 * MIB), b"0]"),
    "same-key": text(b"{", of(b'"a":1,', LARGE), b'"a":1}'),
    "nuls": text(of(bytes(1024), LARGE)),
    "spaces-then-json": text(of(b" " * 1024, LARGE), b"{}", classes=ANY),
    "astral-strings": text(b"[", of(b'"' + "😀".encode() * 20_000 + b'",', LARGE), b"0]"),
    "just-below": text(b"[", of(b'"' + b"x" * 500_000 + b'",', 7 * MIB), b"0]", classes=ANY),
    "commas-in-strings": text(b'{"a":"', of(b"[,{", 5 * MIB), b'"}', classes=ANY),
    "xml": text(b"<?xml version='1.0'?>", of(b"<a>", LARGE)),
    "multipart": raw(
        OK + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n", of(b"--b\r\n\r\nx\r\n", LARGE)
    ),
    "error-message": Behaviour(
        reply=status(b"400 Bad Request", b'{"error":{"message":"', of(b"m", LARGE), b'"}}'),
        classes=ANY | {"validation"},
        served=True,
    ),
    "error-page": Behaviour(
        reply=status(b"502 Bad Gateway", b"<html>", of(b"<p>", LARGE), kind=b"text/html"),
        classes=ANY,
    ),
    "error-bomb": Behaviour(
        reply=status(b"500 Oops", b"[", of(b'{"error":[]},', LARGE), b"0]"), classes=ANY
    ),
    "error-1-mb": Behaviour(
        reply=status(b"500 Oops", b'{"error":{"message":"', of(b"m", MIB), b'"}}'),
        classes=ANY,
    ),
    "events-many": events(of(b"data: {}\n\n", 14 * MIB)),
    "events-large-one": events(b"data: ", of(b"x" * 1024)),
    "events-many-lines": events(of(b"data: x\n", LARGE)),
    "events-comments": events(of(b":\n", LARGE)),
    "events-long-comment": events(b":", of(b"c" * 1024, LARGE)),
    "events-blank-lines": events(of(b"\n", LARGE)),
    "events-carriage-returns": events(of(b"\r", LARGE)),
    "events-long-name": events(b"event: ", of(b"n" * 1024, LARGE)),
    "events-long-field": events(b"whatever", of(b"w" * 1024, LARGE), b"\n\n"),
    "events-60-kb": events(of(event(b'{"t":"' + b"t" * 60_000 + b'"}'), 240 * MIB)),
    "events-of-values": events(Repeated(event(b"[" + b"0," * 4000 + b"0]"), 4000)),
    "events-images": events(
        Lazy(lambda: event(b'{"b64_json":"%s"}' % base64.b64encode(image(64, 64))) * 4000)
    ),
    "chunks-of-1": raw(CHUNKED, of(b"1\r\n7\r\n", 60 * MIB)),
    "chunks-of-0-padding": raw(CHUNKED, of(b"0000000000001\r\n7\r\n", 60 * MIB)),
    "chunk-extension": raw(CHUNKED, b"1;", of(b"x" * 1024, LARGE)),
    "chunk-size-digits": raw(CHUNKED, of(b"f" * 1024, LARGE)),
    "chunk-trailers": raw(CHUNKED, b"1\r\n7\r\n0\r\n", of(b"X-A: b\r\n", LARGE)),
    "chunk-huge": raw(CHUNKED, b"7fffffffffffffff\r\n", of(bytes(1024), HUGE)),
    "header-10-mb": raw(OK, b"X-A: ", of(b"a" * 1024, 10 * MIB), b"\r\n\r\n{}"),
    "headers-3000": raw(OK, Numbered(b"X-%d: a\r\n", 3000), b"\r\n{}"),
    "headers-endless": raw(OK, of(b"X-A: b\r\n", LARGE)),
    "cookies": raw(
        OK, Numbered(b"Set-Cookie: a%d=" + b"c" * 300 + b"\r\n", 250), b"\r\n{}", classes=ANY
    ),
    "interim-endless": raw(of(b"HTTP/1.1 100 Continue\r\n\r\n", LARGE), classes=LATE),
    "interim-early-hints": raw(
        of(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", LARGE), classes=LATE
    ),
    "images-5000": image_reply(lambda: served(*[image(1, 1)] * 5000), classes=BROKEN),
    "images-200": image_reply(lambda: served(*[image(1, 1)] * 200)),
    "pixels-claimed": image_reply(lambda: served(png(60_000, 60_000))),
    "pixels-225-million": image_reply(lambda: served(real_png(15_000, 15_000))),
    "pixels-20-times-24-million": image_reply(lambda: served(*[real_png(4_899, 4_890)] * 20)),
    "pixels-24-million-webp": image_reply(lambda: served(image(4_899, 4_890, "WEBP", "RGBA"))),
    "pixels-wide": image_reply(lambda: served(real_png(2_000_000, 10))),
    "icc-bomb": image_reply(
        lambda: served(png(16, 16, chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(200 * MIB)))))
    ),
    "text-bombs": image_reply(
        lambda: served(png(16, 16, *[chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(MIB)))] * 200))
    ),
    "text-100-mb": download(
        Lazy(lambda: png(16, 16, chunk(b"tEXt", b"k\0" + b"t" * LARGE))), ok=True
    ),
    "exif-many": download(
        Lazy(
            lambda: (
                image(64, 64, "JPEG")[:2]
                + (b"\xff\xe1\xff\xff" + bytes(65_533)) * 1000
                + image(64, 64, "JPEG")[2:]
            )
        ),
        ok=True,
    ),
    "frames-webp": image_reply(lambda: served(animated("WEBP", 2000))),
    "frames-gif": image_reply(lambda: served(animated("GIF", 2000))),
    "frames-png": image_reply(lambda: served(animated("PNG", 2000))),
    "icon-with-a-bomb": image_reply(
        lambda: (
            b'{"data":[{"b64_json":"data:image/x-icon;base64,%s"}]}'
            % base64.b64encode(icon(12_000, 12_000))
        )
    ),
    "postscript": image_reply(
        lambda: (
            b'{"data":[{"b64_json":"data:image/eps;base64,%s"}]}'
            % base64.b64encode(
                b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9000 9000\n%%EndComments\n{} loop"
            )
        )
    ),
    "redirect-body": Behaviour(
        reply=fetched(
            flow(
                b"HTTP/1.1 302 Found\r\nLocation: result\r\nConnection: close\r\n\r\n",
                of(bytes(1024)),
            )
        ),
        provider="aimlapi",
        classes=BROKEN,
    ),
    "redirect-loop": Behaviour(
        reply=fetched(flow(b"HTTP/1.1 302 Found\r\nLocation: result\r\nConnection: close\r\n\r\n")),
        provider="aimlapi",
    ),
    "poll-bomb": Behaviour(
        reply=polled(flow(TO_THE_END, b"[", of(b"[],", LARGE), b"0]")),
        provider="apiframe",
        classes=BROKEN,
    ),
    "poll-string": Behaviour(
        reply=polled(flow(TO_THE_END, b'{"status":"', of(b"x", LARGE), b'"}')),
        provider="apiframe",
        classes=ANY,
        served=True,
    ),
    "job-id-100-mb": Behaviour(
        reply=flow(TO_THE_END, b'{"jobId":"', of(b"j", LARGE), b'"}'),
        provider="apiframe",
        classes=ANY | {"not_found"},
        served=True,
    ),
    "job-id-200-kb": Behaviour(
        reply=flow(TO_THE_END, b'{"jobId":"', of(b"j", 200_000), b'"}'),
        provider="apiframe",
        classes=ANY | {"not_found"},
        served=True,
    ),
    "packed-small": Behaviour(reply=packed(b'{"data":[]}'), served=True, classes=ANY),
    "largest-png-uncompressed": image_reply(lambda: served(*[plain_png(3840, 2160)] * 10)),
    "largest-noise-events": events(
        Lazy(
            lambda: (
                event(
                    b'{"b64_json":"%s"}' % base64.b64encode(plain_png(3840, 2160)),
                    b"image_generation.partial_image",
                )
                * 3
            )
        ),
        classes=ANY,
    ),
}
