"""A key of no known shape that a recording holds under a header's name, and echoes elsewhere."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from harness.sensitive.recorded import keys_in
from harness.transport.bodies.images import ImageCollector
from harness.transport.foreign.read import read_recording
from tests.transport.foreign.recorded_table import RECORDED
from tests.transport.foreign.test_stubs import AROUND, ENTRIES

KEY = "Zq7opaque42value"
BEARER = f"Bearer {KEY}"
ECHO = json.dumps({"created": 1, "note": f"you are {KEY}"})


def with_key(kind: str) -> object:
    entry: Any = copy.deepcopy(ENTRIES[kind])
    match kind:
        case "nock":
            entry |= {"reqheaders": {"authorization": BEARER}, "response": ECHO}
        case "wiremock":
            entry["request"]["headers"] = {"Authorization": {"equalTo": BEARER}}
            entry["response"]["body"] = ECHO
        case "wiremock-journal" | "request-response":
            entry["request"]["headers"] = {"Authorization": BEARER}
            entry["response"]["body"] = ECHO
        case "hoverfly":
            entry["request"]["headers"] = {"X-Api-Key": [{"matcher": "exact", "value": KEY}]}
            entry["response"]["body"] = ECHO
        case "azure-test-proxy":
            entry["RequestHeaders"]["Authorization"] = BEARER
            entry["ResponseBody"] = ECHO
        case _:
            entry["request"]["header"]["headers"] = [{"name": "Authorization", "value": BEARER}]
            entry["response"]["body"]["text"] = ECHO
    return AROUND[kind](entry)


def read(path: Path) -> str:
    recording = read_recording(path, ImageCollector(lambda _name, _raw: None))

    assert len(recording.exchanges) > 0
    return repr(recording)


@pytest.mark.parametrize("kind", AROUND)
def test_a_key_is_cut_out_of_what_echoes_it(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "seen.json"
    path.write_text(json.dumps(with_key(kind)))

    said = read(path)

    assert "you are " in said
    assert KEY not in said


def test_a_flat_list_of_headers_is_searched(tmp_path: Path) -> None:
    entry = {**ENTRIES["nock"], "response": ECHO, "rawHeaders": ["X-Account-Token", KEY]}
    path = tmp_path / "seen.json"
    path.write_text(json.dumps([entry]))

    assert KEY not in read(path)


def test_the_key_of_a_flow_is_cut_out_of_what_echoes_it(tmp_path: Path) -> None:
    raw = (RECORDED / "mitmproxy.flow").read_bytes()
    path = tmp_path / "seen.flow"
    # The same length, and the id of Buble's job becomes an echo of the key.
    assert raw.count(b"key-of-nobody") > 1
    path.write_bytes(
        raw.replace(b"key-of-nobody", b"Zq7opaque4213").replace(b"openai/gpt-im", b"Zq7opaque4213")
    )

    assert "Zq7opaque4213" not in read(path)


def test_the_key_of_a_folder_is_cut_out_of_what_echoes_it(tmp_path: Path) -> None:
    asked = f"POST https://api.example.test/v1 HTTP/1.1\nAuthorization: {BEARER}\n\n{{}}"
    (tmp_path / "1.req").write_text(asked)
    (tmp_path / "1.res").write_text(f"HTTP/1.1 200 OK\n\n{ECHO}")

    assert KEY not in read(tmp_path)


@pytest.mark.parametrize(
    "listed",
    [
        [f"https://cdn.test/{name}.png?sig={name * 9}" for name in ("first", "second")],
        ["the secret of the token", "A watercolour painting of 1 lighthouse"],
    ],
)
def test_of_texts_in_a_list_none_is_the_name_of_the_next(listed: list[str]) -> None:
    assert not {*keys_in({"result": listed}).values()} & {*listed}


def test_a_header_in_a_list_of_names_and_values_is_a_key() -> None:
    assert keys_in(["X-Api-Key", "abcdefgh12345678"]) == {"x-api-key": "abcdefgh12345678"}
