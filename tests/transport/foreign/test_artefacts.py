"""What a recorder, a sanitiser or a cache did to a recording convicts nobody; a provider's fault
that stands in the same file does.
"""

import base64
import gzip
import json
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import brotli
import pytest
import yaml

from harness.core.exchange import Failure, Reply
from harness.run_result import RunResult
from tests.transport.foreign.recording import (
    ASKED,
    URL,
    answer,
    convictions,
    entry,
    har,
    judged,
    outcome,
    png,
    served,
    streamed,
)

CASES = Path(__file__).parent / "cases"
BREAKS_OFF = "the recording breaks off there"
CACHED = "absent its bytes are in the browser's cache"
TEXT = json.dumps(served())
GZIP = {"content-encoding": "gzip"}


@pytest.mark.parametrize(
    ("name", "provider", "told"),
    [
        ("polly_hex_chunks.har", "sub2api", "decoded"),
        ("polly_base64_chunks.har", "sub2api", "decoded"),
        ("gzipped_cassette.yaml.gz", "sub2api", "decoded"),
        ("brotli_body.yaml", "sub2api", "decoded"),
        ("nanobanana_304_download.har", "nanobanana", CACHED),
    ],
)
def test_what_recorders_and_browsers_write_is_read(name: str, provider: str, told: str) -> None:
    result = judged(CASES / name, provider)

    assert convictions(result) == []
    assert outcome(result) == told


def test_the_last_event_of_a_stripped_stream_is_read() -> None:
    reply = answer(judged(CASES / "responses_failed.yaml"))

    assert not isinstance(reply, Failure)
    assert [event.name for event in reply.events] == ["response.failed"]


def chunks(raw: bytes, encode: Callable[[bytes], str], size: int = 99) -> str:
    return json.dumps([encode(raw[at : at + size]) for at in range(0, len(raw), size)])


def base64_of(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


PACKED = gzip.compress(TEXT.encode(), mtime=0)


@pytest.mark.parametrize(
    ("text", "headers", "content"),
    [
        (chunks(PACKED, bytes.hex), GZIP, {}),
        (chunks(PACKED, bytes.hex, 10**6), GZIP, {"_isBinary": True}),
        (chunks(PACKED, base64_of, 100), GZIP, {}),
        (chunks(PACKED, base64_of), GZIP, {"encoding": "base64", "_isBinary": True}),
        (chunks(PACKED, bytes.hex), {}, {}),
        (PACKED.hex(), GZIP, {}),
        (json.dumps(PACKED.hex().upper()), GZIP, {}),
        (base64_of(PACKED), GZIP, {}),
        (base64_of(PACKED), GZIP, {"encoding": "base64"}),
        (chunks(TEXT.encode(), bytes.hex), GZIP, {"_isBinary": True}),
        (chunks(brotli.compress(TEXT.encode()), bytes.hex), {"content-encoding": "br"}, {}),
        (chunks(zlib.compress(TEXT.encode()), base64_of), {"content-encoding": "deflate"}, {}),
        (TEXT, {"content-encoding": "**REDACTED**"}, {}),
        (TEXT, {"content-encoding": "br"}, {}),
        (base64_of(gzip.compress(PACKED, mtime=0)), {"content-encoding": "gzip, gzip"},
         {"encoding": "base64"}),
    ],
)  # fmt: skip
def test_a_packed_body_is_read_however_a_recorder_wrote_it(
    tmp_path: Path, text: str, headers: dict[str, object], content: dict[str, object]
) -> None:
    result = judged(har(tmp_path / "x", entry(text, headers=headers, content=content)))

    assert convictions(result) == []
    assert outcome(result) == "decoded"


@pytest.mark.parametrize("headers", [{}, GZIP, {"content-encoding": "br"}])
@pytest.mark.parametrize(
    "text",
    [
        json.dumps([base64_of(png(64, 64))]),
        json.dumps([base64_of(png(64, 64)), base64_of(png(32, 32))]),
        json.dumps(["1f", "8b"]),
        '["a", "b"]',
        '"06"',
    ],
)
def test_a_reply_that_is_a_list_of_texts_stays_one(
    tmp_path: Path, text: str, headers: dict[str, object]
) -> None:
    reply = answer(judged(har(tmp_path / "x", entry(text, headers=headers))))

    assert not isinstance(reply, Failure)
    assert reply.size_bytes == len(text)
    assert type(reply.document) is type(json.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        TEXT[:300],
        TEXT[:40],
        TEXT[:1],
        TEXT[:-1],
        TEXT[:-40] + "... (truncated)",
        TEXT[:300] + "[truncated]",
        TEXT[:300] + "…",
        TEXT[:300] + "... 12,345 more bytes",
        '{"created": 1, "data": [{"b64_json": "iVBORw0KGgo\\',
        '{"created": 1, "data": tr',
        "<BODY>",
        '"REDACTED"',
        "[FILTERED]",
    ],
)
def test_a_body_that_is_not_there_as_a_whole_convicts_nobody(tmp_path: Path, text: str) -> None:
    result = judged(har(tmp_path / "x", entry(text)))
    reply = answer(result)

    assert convictions(result) == []
    assert isinstance(reply, Failure)
    assert reply.kind == "not_on_tape"


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({"content-length": "9000"}, {}),
        ({}, {"size": 9000}),
        ({}, {"_truncated": True}),
        ({}, {"comment": "body truncated by the proxy"}),
    ],
)
def test_a_body_that_is_said_to_be_longer_convicts_nobody(
    tmp_path: Path, headers: dict[str, object], content: dict[str, object]
) -> None:
    text = '{"created": 1, "data": [}'
    result = judged(har(tmp_path / "x", entry(text, headers=headers, content=content)))

    assert convictions(result) == []
    assert BREAKS_OFF in outcome(result)


@pytest.mark.parametrize(
    "text", ["{'created': 1}", '{"created": 1,}', '{"data": [}]}', "<html>busy</html>"]
)
def test_what_is_no_json_before_its_end_is_the_providers_own(tmp_path: Path, text: str) -> None:
    result = judged(har(tmp_path / "x", entry(text, headers={"content-length": str(len(text))})))

    assert outcome(result).startswith("HTTP 200 without JSON")


ASKED_STREAM = ASKED | {"stream": True, "partial_images": 1}


def of_stream(tmp_path: Path, text: str, **headers: str) -> RunResult:
    said = {"content-type": "text/event-stream"}
    said |= {name.replace("_", "-"): value for name, value in headers.items()}
    return judged(har(tmp_path / "x", entry(text, headers=said, asked=ASKED_STREAM)))


STREAM = streamed()


@pytest.mark.parametrize(
    "text",
    [
        STREAM,
        STREAM.rstrip(),
        STREAM.rstrip() + "\n",
        STREAM.replace("\n", "\r\n").rstrip(),
        STREAM.replace("\n", "\r"),
        STREAM.replace("\n\n", "\r\n\n", 1),
        STREAM.replace("\n\n", "\n"),
        ": alive\n\n" + STREAM + ": alive\n",
        "\ufeff" + STREAM,
        STREAM + "data: [DONE]",
        STREAM.replace("data: ", "data:"),
    ],
)
@pytest.mark.parametrize("kind", ["text/event-stream", "**REDACTED**"])
def test_a_whole_stream_is_read_however_its_lines_end(tmp_path: Path, text: str, kind: str) -> None:
    result = of_stream(tmp_path, text, content_type=kind)

    assert convictions(result) == []
    assert outcome(result) == "decoded"


@pytest.mark.parametrize(
    "text",
    [
        STREAM[:-400],
        STREAM[:-2][:-1],
        STREAM[:200],
        STREAM[:-400] + "\n\n",
        STREAM[:200] + "…\n\n",
        streamed(partials=2)[: -len(streamed(partials=0))],
        streamed(partials=1)[: -len(streamed(partials=0))] + "event: image_gen",
        streamed(partials=1)[: -len(streamed(partials=0))] + "da",
    ],
)
def test_a_stream_that_breaks_off_convicts_nobody(tmp_path: Path, text: str) -> None:
    result = of_stream(tmp_path, text)

    assert convictions(result) == []
    assert outcome(result) == BREAKS_OFF


def test_a_stream_that_is_whole_and_lacks_its_result_is_the_providers(tmp_path: Path) -> None:
    text = streamed(partials=1)[: -len(streamed(partials=0))]
    by_length = of_stream(tmp_path, text, content_length=str(len(text)))
    by_mark = of_stream(tmp_path, text + "data: [DONE]\n\n")

    for result in (by_length, by_mark):
        assert "event image_generation.completed" in "".join(convictions(result))


def test_a_stream_whose_length_says_that_it_is_whole_is_judged_with_its_broken_event(
    tmp_path: Path,
) -> None:
    broken = STREAM[:-400] + "\n\n"
    result = of_stream(tmp_path, broken, content_length=str(len(broken)))

    assert convictions(result) != []


PICTURE = "https://cdn.example.com/1.png"
ASKED_URL = {key: ASKED[key] for key in ("model", "prompt", "size", "quality")} | {"n": 1}
NANOBANANA = "https://api.nanobananaapi.dev/v1/images/generate"
WITH_URL = json.dumps({"code": 0, "message": "ok", "data": {"url": PICTURE}})


def downloaded(tmp_path: Path, *downloads: object) -> RunResult:
    first = entry(WITH_URL, asked=ASKED_URL, url=NANOBANANA)
    return judged(har(tmp_path / "x", first, *downloads), "nanobanana")


def download(
    text: str | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, object] | None = None,
    url: str = PICTURE,
    **other: object,
) -> dict[str, Any]:
    said = {"content-type": "image/png", **(headers or {})}
    return entry(text, url=url, method="GET", status=status, headers=said) | other


def held(raw: bytes, *, url: str = PICTURE, size: int | None = None) -> dict[str, Any]:
    found = download(base64_of(raw), url=url)
    found["response"]["content"] |= {"encoding": "base64"} | ({"size": size} if size else {})
    return found


OTHER = "https://storage.example.com/2.png"


@pytest.mark.parametrize(
    "found",
    [
        download(status=304),
        download("", status=304, headers={"content-type": ""}),
        download(_fromCache="disk"),
        {
            **download(),
            "response": {**download()["response"], "content": {"size": 0, "mimeType": "image/png"}},
        },
        download(cache={"beforeRequest": {"lastAccess": "x", "eTag": "", "hitCount": 1}}),
        {**download(), "response": {**download()["response"], "_transferSize": 0}},
        {**download(), "response": {**download()["response"], "statusText": "(from disk cache)"}},
    ],
)
def test_an_image_out_of_a_cache_is_absent(tmp_path: Path, found: object) -> None:
    result = downloaded(tmp_path, found)

    assert convictions(result) == []
    assert outcome(result) == CACHED


@pytest.mark.parametrize(
    ("downloads", "told"),
    [
        ([held(png())], "decoded"),
        ([held(png()) | {"_fromCache": "memory"}], "decoded"),
        ([download(status=302, headers={"location": OTHER}),
          held(png(), url=OTHER)], "decoded"),
        ([download(status=307, headers={"location": "/2.png"}),
          download(status=301, url="https://cdn.example.com/2.png", headers={"location": OTHER}),
          held(png(), url=OTHER)], "decoded"),
        ([entry("", url=PICTURE, method="OPTIONS", status=204),
          held(png())], "decoded"),
        ([download(status=103), held(png())], "decoded"),
        ([download(status=302, headers={"location": OTHER})], "absent"),
        ([held(png()[:-30], size=len(png()))],
         f"absent {BREAKS_OFF}: {len(png()) - 30:,} of {len(png()):,} bytes"),
    ],
)  # fmt: skip
def test_a_download_is_followed_through_what_browsers_record_around_it(
    tmp_path: Path, downloads: list[object], told: str
) -> None:
    result = downloaded(tmp_path, *downloads)

    assert convictions(result) == []
    assert outcome(result).startswith(told)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 1, 3, 2), (3, 1, 2, 0), (2, 3, 0, 1)])
def test_redirects_that_cross_have_the_reply_to_what_was_sent_there(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    wide = {**ASKED, "size": "1536x1024", "prompt": "a wide paper kite"}
    reply = served(size="1536x1024", data=[{"b64_json": base64.b64encode(png(1536)).decode()}])
    moved = {"location": "https://gateway.example.com/v2/v1/images/generations"}
    there = moved["location"]
    calls = [
        entry("", status=307, headers=moved),
        entry("", status=307, headers=moved, asked=wide),
        entry(TEXT, url=there),
        entry(json.dumps(reply), url=there, asked=wide),
    ]
    result = judged(har(tmp_path / "x.har", *(calls[place] for place in order)))

    assert convictions(result) == []
    assert len(result.records) == 2


def test_redirects_in_a_circle_lose_no_exchange(tmp_path: Path) -> None:
    there = download(status=302, headers={"location": OTHER})
    back = download(status=302, url=OTHER, headers={"location": PICTURE})

    assert outcome(downloaded(tmp_path, there, back)).startswith("absent")
    assert outcome(downloaded(tmp_path, there, back, held(png()))) == "decoded"


def test_what_a_browser_shows_as_the_body_of_a_304_is_read(tmp_path: Path) -> None:
    shown = held(png())
    shown["response"]["status"] = 304

    assert outcome(downloaded(tmp_path, shown)) == "decoded"


def test_a_preflight_is_no_exchange_of_its_own(tmp_path: Path) -> None:
    preflight = entry("", url=NANOBANANA, method="OPTIONS", status=204)
    result = downloaded(tmp_path, preflight, held(png()))

    assert [note for note in result.report.header.notes if "OPTIONS" in note] == []


CUT = png()[:-30]
LENGTH = [{"name": "Content-Length", "value": str(len(CUT))}]
CODED = [*LENGTH, {"name": "Content-Encoding", "value": "utf-8"}]
CHUNKED = [{"name": "Transfer-Encoding", "value": "chunked"}]


@pytest.mark.parametrize("told", [LENGTH, CODED, CHUNKED])
def test_a_broken_image_that_is_there_as_a_whole_is_the_providers(
    tmp_path: Path, told: list[dict[str, str]]
) -> None:
    whole = held(CUT, size=len(CUT))
    whole["response"]["headers"] += told
    result = downloaded(tmp_path, whole)

    assert "1 of 1 do not decode" in "".join(convictions(result))


WEBP = png(kind="webp")


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (CUT, []),
        (WEBP[:-30], []),
        (WEBP[:30], []),
        (CUT, [{"name": "Content-Length", "value": str(len(CUT) * 2)}, CODED[1]]),
    ],
)
def test_a_recorders_own_count_of_what_it_kept_convicts_nobody(
    tmp_path: Path, raw: bytes, told: list[dict[str, str]]
) -> None:
    found = held(raw, size=len(raw))
    found["response"]["headers"] += told
    result = downloaded(tmp_path, found)

    assert convictions(result) == []


@pytest.mark.parametrize("status", [0, -1, 7])
def test_a_status_that_is_none_is_no_reply(tmp_path: Path, status: int) -> None:
    found = held(png())
    found["response"]["status"] = status
    result = downloaded(tmp_path, found)

    assert convictions(result) == []


@pytest.mark.parametrize("time_ms", [0, -1, None, 0.0])
def test_no_latency_is_made_of_what_is_no_time(tmp_path: Path, time_ms: float | None) -> None:
    result = judged(har(tmp_path / "x", entry(TEXT) | {"time": time_ms}))
    (record,) = result.records

    assert record.exchanges[0].times.end_s == 0


@pytest.mark.parametrize("value", ["**REDACTED**", "<FILTERED>", "", None, {"x": 1}, ["a"]])
def test_headers_that_a_sanitiser_replaced_do_not_disturb(tmp_path: Path, value: object) -> None:
    headers = {"content-type": value, "server": value, "content-length": value}
    found = entry(TEXT, headers=headers)
    found["request"]["headers"] = [{"name": name, "value": value} for name in headers]
    result = judged(har(tmp_path / "x", found))

    assert convictions(result) == []
    assert outcome(result) == "decoded"


@pytest.mark.parametrize(
    "hidden",
    [
        {"model": "<MODEL>"},
        {"model": "REDACTED", "prompt": "REDACTED"},
        {"size": "***"},
        {"quality": "{{quality}}"},
        {"output_format": "${FORMAT}", "prompt": "<PROMPT>"},
    ],
)
def test_a_request_is_not_judged_by_what_a_sanitiser_put_there(
    tmp_path: Path, hidden: dict[str, str]
) -> None:
    result = judged(har(tmp_path / "x", entry(TEXT, asked=ASKED | hidden)))
    (record,) = result.records

    assert convictions(result) == []
    assert record.shot.case.expect == "observe"
    assert "the recording holds a placeholder for" in record.shot.case.why


def test_a_placeholder_for_the_prompt_is_as_good_as_a_prompt(tmp_path: Path) -> None:
    honest = judged(har(tmp_path / "x", entry(TEXT, asked=ASKED | {"prompt": "<PROMPT>"})))
    other = json.dumps(served(size="512x512"))
    faulty = judged(har(tmp_path / "y", entry(other, asked=ASKED | {"prompt": "<PROMPT>"})))

    assert convictions(honest) == []
    assert convictions(faulty) != []


@pytest.mark.parametrize(
    "posted",
    [
        {"mimeType": "application/json", "text": "<BODY>"},
        {"mimeType": "application/json", "text": '"REDACTED"'},
        {"mimeType": "application/json", "text": json.dumps(ASKED)[:60]},
        {"mimeType": "**REDACTED**", "text": "[body]"},
        None,
    ],
)
def test_a_request_whose_body_is_not_there_is_named_and_not_judged(
    tmp_path: Path, posted: object
) -> None:
    hidden = entry(TEXT)
    hidden["request"] |= {"postData": posted, "bodySize": 120}
    result = judged(har(tmp_path / "x", hidden, entry(TEXT)))

    assert convictions(result) == []
    assert len(result.records) == 1
    assert any("interaction 0: " in note for note in result.report.header.notes)


@pytest.mark.parametrize(
    "hidden",
    [
        {"size": "<SIZE>"},
        {"usage": "REDACTED"},
        {"usage": {"input_tokens": 9, "output_tokens": "***", "total_tokens": "***"}},
        {"quality": "[FILTERED]", "created": "<TIME>"},
        {"model": "{{model}}", "background": "REDACTED-3f2a91c0"},
    ],
)
def test_of_a_reply_only_what_a_sanitiser_took_out_is_not_judged(
    tmp_path: Path, hidden: dict[str, object]
) -> None:
    whole = judged(har(tmp_path / "x", entry(json.dumps(served(**hidden)))))
    stream = of_stream(tmp_path, STREAM.replace('"low"', '"<QUALITY>"'))

    for result in (whole, stream):
        assert convictions(result) == []
        assert outcome(result) == "decoded"


@pytest.mark.parametrize(
    "hidden", [{"status": "<STATUS>"}, {"state": "REDACTED"}, {"code": {"value": "***"}}]
)
def test_a_reply_that_does_not_say_how_it_went_is_not_judged(
    tmp_path: Path, hidden: dict[str, object]
) -> None:
    result = judged(har(tmp_path / "x", entry(json.dumps(served(**hidden)))))

    assert convictions(result) == []
    assert outcome(result) == f"a placeholder stands for {next(iter(hidden))}"


def test_a_placeholder_beside_what_is_judged_hides_no_fault(tmp_path: Path) -> None:
    text = json.dumps(served(size="512x512", id="<ID>", user="REDACTED"))

    assert convictions(judged(har(tmp_path / "x", entry(text)))) != []


def test_a_fault_in_a_packed_body_is_found(tmp_path: Path) -> None:
    faulty = gzip.compress(json.dumps(served(size="512x512")).encode(), mtime=0)
    result = judged(har(tmp_path / "x", entry(chunks(faulty, bytes.hex), headers=GZIP)))

    assert convictions(result) != []


@pytest.mark.parametrize("coding", ["br", "deflate"])
@pytest.mark.parametrize("encode", [bytes.hex, base64_of])
def test_chunks_of_a_packed_body_that_was_cut_are_unreadable(
    tmp_path: Path, coding: str, encode: Callable[[bytes], str]
) -> None:
    whole = {"br": brotli.compress, "deflate": zlib.compress}[coding](TEXT.encode())
    headers = {"content-encoding": coding}
    half = judged(
        har(
            tmp_path / "x",
            entry(chunks(whole[: len(whole) // 2], encode), headers=headers),
            entry(TEXT),
        )
    )

    assert convictions(half) == []
    assert len(half.records) == 1
    assert any("interaction 0: " in note for note in half.report.header.notes)


@pytest.mark.parametrize("length", [8, 12, 23])
def test_the_first_bytes_of_a_packed_body_are_unreadable(tmp_path: Path, length: int) -> None:
    first = json.dumps([base64_of(zlib.compress(TEXT.encode())[:length])])
    result = judged(
        har(tmp_path / "x", entry(first, headers={"content-encoding": "deflate"}), entry(TEXT))
    )

    assert convictions(result) == []
    assert len(result.records) == 1


def test_an_empty_list_of_chunks_is_a_body_that_was_left_out(tmp_path: Path) -> None:
    headers = {**GZIP, "content-length": "151"}
    path = tmp_path / "x"
    scope: dict[str, object] = {"scope": "https://gateway.example.org", "method": "POST"}
    listed = [pair for name, value in headers.items() for pair in (name, value)]
    scope |= {"path": "/v1/images/generations", "body": ASKED, "status": 200, "response": []}
    path.write_text(json.dumps([scope | {"rawHeaders": listed}]))
    result = judged(path)

    assert convictions(result) == []
    assert outcome(result) == "a body of 151 bytes was left out of the recording"


def test_base64_under_no_media_type_is_an_image_and_words_are_none(tmp_path: Path) -> None:
    for text, wrong in ((base64_of(png()), False), ("YSBmb3gg" * 40, True)):
        found = download(text)
        found["response"]["headers"] = []
        found["response"]["content"] = {"text": text}
        result = downloaded(tmp_path, found)

        assert bool(convictions(result)) is wrong


def test_a_list_of_words_under_the_header_of_an_unpacked_body_is_what_it_was(
    tmp_path: Path,
) -> None:
    listed = judged(har(tmp_path / "x", entry(json.dumps(["Unauthorized"]), headers=GZIP)))

    found = answer(listed)
    assert isinstance(found, Reply)
    assert found.document == ["Unauthorized"]


def vcrpy(text: object) -> dict[str, object]:
    headers = {"content-type": ["application/json"]}
    request = {"method": "POST", "uri": URL, "headers": headers, "body": json.dumps(ASKED)}
    response = {"status": {"code": 200, "message": "OK"}, "headers": headers}
    return {"interactions": [{"request": request, "response": response | {"body": text}}]}


@pytest.mark.parametrize("text", [{"string": TEXT[:300]}, {"string": "<BODY>"}])
def test_other_formats_go_the_same_way(tmp_path: Path, text: object) -> None:
    path = tmp_path / "x"
    path.write_text(yaml.safe_dump(vcrpy(text)))
    result = judged(path)

    assert convictions(result) == []
    assert isinstance(answer(result), Failure)


@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream", "binary/octet-stream"])
def test_an_image_whose_base64_stands_without_a_mark_is_read(tmp_path: Path, kind: str) -> None:
    found = download(base64.b64encode(png()).decode(), headers={"content-type": kind})

    assert outcome(downloaded(tmp_path, found)) == "decoded"
