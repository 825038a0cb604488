"""The ledger tells requests that ask the same apart from those that do not, and counts the paid."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from harness.emulator.ledger import Digests, Ledger, LedgerEntry, Note
from tests.emulator.bodies import ADDRESS, picture

if TYPE_CHECKING:
    from tests.emulator.conftest import Emulator

JSON_TYPE = {"content-type": "application/json"}


def _entries(emulator: Emulator, provider: str = "sub2api") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = emulator.ledger(provider)["entries"]
    return found


def _edit(emulator: Emulator, boundary: str, prompt: str = "a", data: bytes = b"") -> None:
    """Send an edit whose form is divided by `boundary`; its file is named after that, too."""
    parts = [
        ('name="model"', b"", b"gpt-image-2"),
        ('name="prompt"', b"", prompt.encode()),
        (f'name="image[]"; filename="{boundary}"', b"image/png", data or picture()),
    ]
    raw = b"".join(
        b"--%b\r\ncontent-disposition: form-data; %b\r\n%b\r\n%b\r\n"
        % (
            boundary.encode(),
            named.encode(),
            b"content-type: %b\r\n" % kind if kind else b"",
            content,
        )
        for named, kind, content in parts
    )
    kind = {"content-type": f"multipart/form-data; boundary={boundary}"}
    url = f"{emulator.urls['sub2api']}/v1/images/edits"
    reply = emulator.client.post(url, content=raw + f"--{boundary}--\r\n".encode(), headers=kind)
    assert reply.status_code == 200


def test_bodies_that_differ_in_writing_only_ask_the_same(emulator: Emulator) -> None:
    asked = emulator.body("sub2api", n=2)
    url = f"{emulator.urls['sub2api']}/v1/images/generations"
    turned = dict(reversed(asked.items()))
    emulator.client.post(url, content=json.dumps(asked), headers=JSON_TYPE)
    emulator.client.post(url, content=json.dumps(turned, indent=1), headers=JSON_TYPE)
    emulator.client.post(url, json=asked | {"n": 1})
    first, second, third = _entries(emulator)

    assert first["request_sha256"] == second["request_sha256"] != third["request_sha256"]
    assert first["body_sha256"] != second["body_sha256"]
    assert emulator.ledger("sub2api")["duplicates"] == [
        {
            "request_sha256": first["request_sha256"],
            "operation": "generate",
            "count": 2,
            "entries": [0, 1],
        }
    ]


def test_a_form_is_known_by_its_parts_and_not_by_its_boundary(emulator: Emulator) -> None:
    _edit(emulator, "one")
    _edit(emulator, "two")
    _edit(emulator, "one", prompt="b")
    _edit(emulator, "one", data=picture() + b"\0")
    same, again, other_text, other_file = (one["request_sha256"] for one in _entries(emulator))

    assert same == again
    assert len({same, other_text, other_file}) == 3
    (found,) = emulator.ledger("sub2api")["duplicates"]
    assert (found["operation"], found["count"]) == ("edit", 2)


def test_the_same_body_on_another_path_asks_something_else(emulator: Emulator) -> None:
    asked = emulator.body("nanobanana", image=ADDRESS)
    for path in ("/v1/images/generate", "/v1/images/edit"):
        emulator.client.post(emulator.urls["nanobanana"] + path, json=asked)
    first, second = _entries(emulator, "nanobanana")

    assert first["request_sha256"] != second["request_sha256"]
    assert first["body_sha256"] == second["body_sha256"]
    assert [first["operation"], second["operation"]] == ["generate", "edit"]


def test_only_paid_requests_are_duplicates(emulator: Emulator) -> None:
    for _ in range(2):
        emulator.submit("sub2api", emulator.body("sub2api", n=99))
        emulator.client.get(f"{emulator.urls['sub2api']}/v1/models")
    job = emulator.job("buble")
    emulator.poll("buble", job["id"])

    assert emulator.ledger("sub2api")["duplicates"] == []
    assert emulator.ledger("buble")["duplicates"] == []
    assert {one["paid"] for one in _entries(emulator)} == {False}
    submitted, *rest = _entries(emulator, "buble")
    assert (submitted["operation"], submitted["images"], submitted["paid"]) == ("generate", 1, True)
    assert {(one["operation"], one["paid"]) for one in rest} == {(None, False)}


def test_a_job_shown_again_under_its_key_is_paid_once(emulator: Emulator) -> None:
    asked = emulator.body("apiframe")
    for _ in range(2):
        emulator.submit("apiframe", asked, **{"Idempotency-Key": "k"})
    emulator.switch("apiframe", "idempotency_ignored")
    before = emulator.ledger("apiframe")
    emulator.submit("apiframe", asked, **{"Idempotency-Key": "k"})
    after = emulator.ledger("apiframe")

    assert before["duplicates"] == before["repeats"] == after["duplicates"] == []
    (found,) = after["repeats"]
    assert found["entries"] == [0, 2]


def test_the_same_body_under_another_key_or_none_is_a_duplicate(emulator: Emulator) -> None:
    asked = emulator.body("apiframe")
    for headers in ({"Idempotency-Key": "k"}, {"Idempotency-Key": "other"}, {}, {}):
        emulator.submit("apiframe", asked, **headers)
    books = emulator.ledger("apiframe")

    (found,) = books["duplicates"]
    assert found["entries"] == [0, 1, 2, 3]
    assert books["repeats"] == []


@pytest.mark.parametrize(
    ("provider", "changes"),
    [
        ("buble", {"mode": "image_to_image", "image_urls": [ADDRESS]}),
        ("apiframe", {"gptImage2Params": {"input_images": [ADDRESS]}}),
    ],
)
def test_an_edit_on_the_path_of_generations_is_booked_as_an_edit(
    emulator: Emulator, provider: str, changes: dict[str, Any]
) -> None:
    emulator.submit(provider, emulator.body(provider) | changes)

    assert _entries(emulator, provider)[0]["operation"] == "edit"


def _entry(digest: str, amount: float, images: int) -> LedgerEntry:
    note = Note(outcome="accepted", operation="edit", images=images, amount=amount)
    return LedgerEntry(
        time_s=0.0, provider="buble", method="POST", path="/", status=200,
        digests=Digests(body="b", request=digest), note=note, unit="credit",
    )  # fmt: skip


def test_paid_is_what_made_images_or_cost_anything() -> None:
    ledger = Ledger("credit")
    ledger.entries += [_entry("a", 0.0, 0), _entry("a", 1.0, 0), _entry("a", 0.0, 1)]

    assert [entry.paid for entry in ledger.entries] == [False, True, True]
    assert [found["entries"] for found in ledger.duplicates()] == [[1, 2]]
