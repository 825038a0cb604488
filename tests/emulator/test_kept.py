"""What the ledger keeps of requests where it is told to: it can be read whatever was sent."""

import json

import pytest

from harness.emulator.kept import KEY_IN_QUERY, _content, _shown


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (b'{"n": 1}', {"json": {"n": 1}}),
        (b"null", {"json": None}),
        (b'{"half', {"text": '{"half'}),
        (b"[NaN]", {"text": "[NaN]"}),
        (b"[1e400]", {"text": "[1e400]"}),
        (b'["\\ud800"]', {"text": '["\\ud800"]'}),
        (b"\xff\xfe", {"text": "\ufffd\ufffd"}),
        (b"[" * 5000, {"text": "[" * 5000}),
    ],
)
def test_a_body_is_kept_as_what_json_can_hold(raw: bytes, kept: dict[str, object]) -> None:
    found = _content("application/json", raw)
    whole = json.dumps(found, allow_nan=False, ensure_ascii=False).encode()

    assert found == kept
    assert whole


def test_a_form_without_its_end_is_kept_as_text() -> None:
    assert _content("multipart/form-data; boundary=x", b"--x\r\n") == {"text": "--x\r\n"}


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("authorization", "Bearer secret", "Bearer ***"),
        ("authorization", "secret", "***"),
        ("x-api-key", "secret", "***"),
        ("accept", "application/json", "application/json"),
    ],
)
def test_keys_in_headers_are_not_kept(name: str, value: str, shown: str) -> None:
    assert _shown(name, value) == shown


@pytest.mark.parametrize("query", ["key=secret", "a=1&api_key=secret&b=2", "apikey=secret"])
def test_keys_in_queries_are_not_kept(query: str) -> None:
    assert "secret" not in KEY_IN_QUERY.sub(r"\1=***", query)
    assert KEY_IN_QUERY.sub("", "monkey=banana") == "monkey=banana"
