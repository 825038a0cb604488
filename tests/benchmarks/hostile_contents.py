"""Replies whose JSON, jobs, addresses, events or images are odd: see `hostile_replies`."""

import base64
import io
import struct
import zlib
from collections.abc import Iterable
from dataclasses import replace
from itertools import count
from random import Random

from PIL import Image

from tests.benchmarks.hostile_lies import ONE
from tests.benchmarks.hostile_replies import (
    ANY,
    EVENTS,
    MIB,
    PNG,
    Behaviour,
    Piece,
    animated,
    chunk,
    event,
    flow,
    image,
    image_reply,
    png,
    polled,
    real_png,
    served,
    whole,
)

PATIENCE_S = 3.0
JOBS = ANY | {"not_found", "auth", "job_failed", "quota"}


def json(body: bytes, *, classes: frozenset[str] = ANY) -> Behaviour:
    """Return a reply of this JSON, served or not."""
    return Behaviour(reply=whole(body), classes=classes, served=True)


def at(address: bytes) -> Behaviour:
    """Return a result at this address."""
    return json(b'{"data":[{"url":"' + address + b'"}]}')


def accepted(body: bytes) -> Behaviour:
    """Return what accepts a job, in an odd way; its polls are answered that it is not there."""

    def sent(method: str, path: str) -> Iterable[Piece]:
        if method == "POST":
            return whole(body, b"HTTP/1.1 202 Accepted\r\n")(method, path)
        lost = b'{"error":{"message":"no such job"}}'
        return whole(lost, b"HTTP/1.1 404 Not Found\r\n")(method, path)

    return Behaviour(
        reply=sent, provider="apiframe", classes=JOBS, served=True, timeout_s=PATIENCE_S
    )


def job(*bodies: bytes, line: bytes = b"200 OK") -> Behaviour:
    """Return a job whose polls are answered with these bodies in turn, the last one for ever."""
    polls = count()

    def answer(method: str, path: str) -> Iterable[Piece]:
        body = bodies[min(next(polls), len(bodies) - 1)]
        return whole(body, b"HTTP/1.1 " + line + b"\r\n")(method, path)

    return Behaviour(
        reply=polled(answer), provider="apiframe", classes=JOBS, served=True, timeout_s=PATIENCE_S
    )


def told(*pieces: bytes) -> Behaviour:
    """Return a stream of these bytes."""
    reply = flow(EVENTS, *pieces)
    return Behaviour(reply=reply, classes=ANY, served=True)


def fetched_image(content: bytes) -> Behaviour:
    """Return a result that is fetched, and is an image of some kind or says so."""

    def sent(method: str, path: str) -> Iterable[Piece]:
        if method == "GET":
            return flow(PNG, content)(method, path)
        return whole(b'{"data":[{"url":"http://HOST/x/result"}]}')(method, path)

    return Behaviour(reply=sent, classes=ANY, served=True)


def chained(method: str, path: str) -> Iterable[Piece]:
    """Answer every request with the address of another result."""
    return whole(b'{"data":[{"url":"http://HOST/x/%d"}]}' % len(path))(method, path)


def done(image_address: bytes) -> bytes:
    """Return a job that is done and names this address."""
    return (
        b'{"jobId":"j-1","status":"COMPLETED","result":{"images":["' + image_address + b'"]},'
        b'"images":["' + image_address + b'"]}'
    )


def saved(kind: str, width: int = 64, height: int = 64, **options: object) -> bytes:
    """Return an image of noise."""
    file = io.BytesIO()
    pixels = Random(1).randbytes(3 * width * height)
    Image.frombytes("RGB", (width, height), pixels).save(file, kind, **options)
    return file.getvalue()


def svg(inside: bytes) -> bytes:
    """Return an SVG in a reply, as a data URL."""
    return b'{"data":[{"b64_json":"data:image/svg+xml;base64,%s"}]}' % base64.b64encode(inside)


LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n + 1, b"&l%d;" % n * 10) for n in range(12))

SHAPES = {
    "json-null": json(b"null"),
    "json-true": json(b"true"),
    "json-number": json(b"42"),
    "json-string": json(b'"an image"'),
    "json-byte-order-mark": json(b"\xef\xbb\xbf" + ONE),
    "json-prefixed": json(b")]}',\n" + ONE),
    "json-comments": json(b"/* a */" + ONE),
    "json-single-quotes": json(ONE.replace(b'"', b"'")),
    "json-control-signs": json(b'{"error":{"message":"a\x00\x1b[31mb"}}'),
    "data-null": json(b'{"created":1,"data":null}'),
    "data-number": json(b'{"created":1e999,"data":7}'),
    "data-twice": json(b'{"data":[],"data":' + ONE + b"}"),
    "data-of-nulls": json(b'{"data":[' + b"null," * 500 + b"null]}"),
    "image-is-a-number": json(b'{"data":[{"b64_json":12345678}]}'),
    "image-is-a-list": json(b'{"data":[{"b64_json":[[["iVBORw0KGgo="]]]}]}'),
    "image-empty": json(b'{"data":[{"b64_json":""}]}'),
    "error-beside-images": json(b'{"error":{"message":"no"},' + ONE[1:], classes=ANY),
    "error-is-a-number": json(b'{"error":-1e999}'),
    "usage-negative": json(b'{"usage":{"total_tokens":-5,"input_tokens":"NaN"},' + ONE[1:]),
}

ADDRESSES = {
    "result-relative": at(b"result"),
    "result-two-slashes": at(b"//127.0.0.1:1/result"),
    "result-data": at(b"data:image/png;base64," + base64.b64encode(image(64, 64))),
    "result-data-broken": at(b"data:image/png;base64,%%%%"),
    "result-ftp": at(b"ftp://127.0.0.1/a.png"),
    "result-script": at(b"javascript:alert(1)"),
    "result-100-kb": at(b"http://127.0.0.1:1/" + b"a" * 100_000),
    "result-line-break": at(rb"http://127.0.0.1:1/a\r\nX-A: b"),
    "result-port-0": at(b"http://127.0.0.1:0/"),
    "result-port-99999": at(b"http://127.0.0.1:99999/"),
    "result-bad-host": at(b"http://[::1/a.png"),
    "result-long-label": at(b"http://" + b"a" * 70 + b".invalid/"),
    "result-tls-on-plain": replace(at(b"https://HOST/a.png"), timeout_s=20.0),
    "result-own-api": at(b"http://HOST/x/v1/images/generations"),
    "result-of-a-result": Behaviour(reply=chained, classes=ANY, served=True),
}

IDS = {
    "job-id-null": accepted(b'{"jobId":null,"status":"QUEUED"}'),
    "job-id-number": accepted(b'{"jobId":12345678901234567890,"status":"QUEUED"}'),
    "job-id-list": accepted(b'{"jobId":["a","b"],"status":"QUEUED"}'),
    "job-id-object": accepted(b'{"jobId":{"id":1},"status":"QUEUED"}'),
    "job-id-empty": accepted(b'{"jobId":"","status":"QUEUED"}'),
    "job-id-dots": accepted(b'{"jobId":"../../admin","status":"QUEUED"}'),
    "job-id-query": accepted(b'{"jobId":"a?b#c%2f","status":"QUEUED"}'),
    "job-id-line-break": accepted(rb'{"jobId":"a\r\nX-A: b","status":"QUEUED"}'),
    "job-id-surrogate": accepted(rb'{"jobId":"\ud800","status":"QUEUED"}'),
    "job-accepted-as-text": accepted(b"accepted"),
}

STATES = {
    "job-for-ever": job(b'{"jobId":"j-1","status":"PROCESSING"}'),
    "job-state-unknown": job(b'{"jobId":"j-1","status":"DREAMING"}'),
    "job-state-number": job(b'{"jobId":"j-1","status":7}'),
    "job-state-flips": job(
        b'{"jobId":"j-1","status":"PROCESSING"}', b'{"jobId":"j-1","status":"QUEUED"}', done(b"")
    ),
    "job-of-others": job(b'{"jobId":"j-2","status":"COMPLETED","images":["http://127.0.0.1:1/"]}'),
    "job-failed-long": job(b'{"jobId":"j-1","status":"FAILED","error":"' + b"e" * MIB + b'"}'),
    "job-401": replace(  # ends its run
        job(b'{"error":{"message":"who?"}}', line=b"401 Unauthorized"), timeout_s=PATIENCE_S + 1
    ),
    "job-redirects": job(b"", line=b"302 Found\r\nLocation: /x/v2/jobs/j-1"),
    "job-no-content": job(b"", line=b"204 No Content"),
    "job-done-with-nothing": job(b'{"jobId":"j-1","status":"COMPLETED"}'),
    "job-done-relative": job(done(b"a.png")),
    "job-done-file": job(done(b"file:///etc/passwd")),
    "job-done-loop": job(done(b"http://HOST/x/v2/jobs/j-1")),
}

STREAMS = {
    "events-byte-order-mark": told(b"\xef\xbb\xbf" + event(ONE)),
    "events-mixed-ends": told(b"event: a\rdata: {}\r\n\ndata: {\n\rdata: }\r\r\n"),
    "events-odd-fields": told(b"id: a\0b\nretry: " + b"9" * 5000 + b"\ndata\nevent\n\n"),
    "events-done-only": told(b"data: [DONE]\n\n"),
    "events-error": told(event(b'{"error":{"message":"no"}}', b"error")),
    "events-partial-only": told(
        event(b'{"partial_image_index":-1,' + ONE[1:], b"image_generation.partial_image")
    ),
    "events-index-huge": told(
        event(b'{"partial_image_index":1' + b"0" * 400 + b"}", b"image_generation.partial_image")
    ),
    "events-utf-16": told(event(ONE).decode().encode("utf-16")),
    "events-after-the-end": told(event(ONE) + b"data: [DONE]\n\n" + event(ONE) * 3),
}

PICTURES = {
    "image-0-by-0": image_reply(lambda: served(png(0, 0))),
    "image-1-by-1": image_reply(lambda: served(image(1, 1))),
    "image-60000-by-1": image_reply(lambda: served(real_png(60_000, 1))),
    "image-1-by-60000": image_reply(lambda: served(real_png(1, 60_000))),
    "image-truncated": image_reply(lambda: served(saved("PNG", 512, 512)[:-3000])),
    "image-wrong-magic": image_reply(lambda: served(b"\x89PNG\r\n\x1a\n" + saved("JPEG"))),
    "image-wrong-sum": image_reply(
        lambda: served(saved("PNG").replace(b"IDAT", b"IDAT\0\0\0\0", 1))
    ),
    "image-and-5-mib": image_reply(lambda: served(saved("PNG") + bytes(5 * MIB))),
    "icc-10-mb": image_reply(
        lambda: served(
            png(16, 16, chunk(b"iCCP", b"p\0\0" + zlib.compress(Random(1).randbytes(10**7))))
        )
    ),
    "gif-still": image_reply(lambda: served(image(64, 64, "GIF"))),
    "gif-fetched-moving": fetched_image(animated("GIF", 300)),
    "gif-canvas": image_reply(
        lambda: served(b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\0;")
    ),
    "jpeg-claims-65500": image_reply(
        lambda: served(saved("JPEG").replace(struct.pack(">HH", 64, 64), b"\xff\xdc\xff\xdc", 1))
    ),
    "tiff": image_reply(lambda: served(saved("TIFF"))),
    "tiff-loop": image_reply(lambda: served(b"II*\0\x08\0\0\0\0\0\x08\0\0\0")),
    "bmp": fetched_image(saved("BMP")),
    "jpeg-2000": fetched_image(b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(4000)),
    "avif-of-zeros": fetched_image(b"\0\0\0\x1cftypavif" + bytes(4000)),
    "svg-laughs": json(svg(b"<!DOCTYPE s [<!ENTITY l0 'ha'>" + LAUGHS + b"]><svg>&l12;</svg>")),
    "svg-reads-files": json(
        svg(b"<!DOCTYPE s [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><svg>&x;</svg>")
    ),
    "pdf": fetched_image(b"%PDF-1.7\n" + b"1 0 obj<<>>endobj\n" * 1000),
    "zip": fetched_image(b"PK\x03\x04" + bytes(4000)),
    "html-page": fetched_image(b"<!doctype html><title>Blocked</title>"),
}

CONTENTS = SHAPES | ADDRESSES | IDS | STATES | STREAMS | PICTURES
