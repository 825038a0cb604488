"""Planted secrets, live, recorded and judged; `tests/benchmarks/planted_secrets.py` plants more."""

import base64
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import StoreError
from harness.core.exchange import Reply, Request
from harness.core.jsonvalue import Json
from harness.runner.recording import refuse_secrets
from harness.runner.scanning import search_for
from harness.sensitive.headers import kept_headers
from harness.sensitive.image_bytes import PIECE_BYTES, secret_in_image
from harness.sensitive.unpacking import unpacked
from harness.transport.bodies.images import ImageCollector
from harness.transport.redaction import Redactor
from tests.secrecy.checking import leaks
from tests.secrecy.living import judged, live
from tests.secrecy.planting import (
    DATA_SPELLINGS,
    PERSONAL,
    SIGNED,
    SPELLINGS,
    images,
    key,
    png,
    secret_values,
)
from tests.shipped import SHIPPED

NAME = "SUB2API_API_KEY"
AROUND = ("{}", "the key {} is wrong", "https://h.io/x?a={}&b=1", '{{"k": "{}"}}')


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_known_key_is_cut_out_of_every_spelling(spelling: str) -> None:
    for seed, around in enumerate(AROUND):
        secret = key(random.Random(seed))
        text = around.format(SPELLINGS[spelling](secret))

        clean = Redactor({NAME: secret}).known(text)

        assert leaks({"text": text.encode()}, [secret]), "the reader cannot read this spelling"
        assert leaks({"clean": clean.encode("utf-8", "replace")}, [secret]) == []
        assert f"<{NAME}>" in clean


@pytest.mark.parametrize("spelling", DATA_SPELLINGS)
@pytest.mark.parametrize("name", PERSONAL)
def test_personal_data_is_cut_out_by_its_shape(name: str, spelling: str) -> None:
    secret = PERSONAL[name](random.Random(len(spelling)))
    text = f"see {SPELLINGS[spelling](secret)} there"

    clean = Redactor({}).known(text)

    assert leaks({"text": text.encode()}, [secret]), "the reader cannot read this spelling"
    assert leaks({"clean": clean.encode()}, [secret]) == []
    assert clean.startswith("see ")
    assert clean.endswith(" there")


@pytest.mark.parametrize("name", SIGNED)
def test_a_signed_address_is_recorded_without_its_signature_and_still_works(name: str) -> None:
    query = SIGNED[name](random.Random(3))
    address = f"https://files.example.io/a/b.png?w=1024&{query}"
    redactor = Redactor({})

    clean = redactor.known(address)

    assert clean.startswith("https://files.example.io/a/b.png?w=1024&")
    assert leaks({"clean": clean.encode()}, secret_values(query)) == []
    assert redactor.real(clean) == address
    assert redactor.known(clean) == clean
    assert Redactor({}).lost(clean), "another process has no such address any more"
    assert not redactor.lost(clean)


def test_a_live_run_and_its_recording_hold_no_planted_secret(tmp_path: Path) -> None:
    outcome = live(tmp_path, seed=1, images=9)

    assert outcome.leaks == []
    assert outcome.planted > 500
    assert outcome.echo.fetched == len(outcome.echo.addresses) > 0, outcome.output
    assert outcome.code in (1, 4), outcome.output
    assert "Traceback" not in outcome.output
    assert "recorded sub2api" in outcome.output


@pytest.mark.parametrize("kind", ["har", "vcrpy", "ruby"])
def test_a_judged_recording_leaves_no_secret(tmp_path: Path, kind: str) -> None:
    outcome = judged(tmp_path / "run", seed=2, kind=kind, count=4)

    assert outcome.leaks == []
    assert outcome.planted > 200
    assert outcome.code in (0, 1), outcome.output
    assert "4 exchanges of sub2api" in outcome.output


PIECES = (
    *"abcdef0123456789xXuU%\\&#;=+/-_ \n\r\t\"',:|.@<>[]{}?",
    *("\0", "\u0130", "\ufeff", "é", "猫", "\ud800", "\u200b", "\uff53"),
    *("&#x", "\\u", "\\x", "0x", "%25", "data:", "=\n", "H4sI", "eJ", "Bearer ", "://", "?key="),
)


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=9)).map("".join))
def test_any_text_is_cleaned_without_an_error_and_only_once(text: str) -> None:
    redactor = Redactor({NAME: "sk-proj-0123456789abcdefghij"})

    clean = redactor.known(text)

    assert redactor.known(clean) == clean or "=" in text or "&" in text
    assert Redactor({}).known(text) is not None


def test_a_withheld_image_is_judged_and_no_file_holds_it(tmp_path: Path) -> None:
    secret = key(random.Random(4))
    redactor = Redactor({NAME: secret})
    kept: dict[str, bytes] = {}
    pictures = ImageCollector(
        kept.__setitem__, inspect=lambda image: secret_in_image(image, redactor.search)
    )

    for place, raw in images(secret, random.Random(5)).items():
        file = tmp_path / "image"
        file.write_bytes(raw)

        picture = pictures.from_bytes(raw)

        assert (picture.state, picture.width_px, picture.height_px) == ("decoded", 1024, 1024)
        assert f"<{NAME}> in " in picture.withheld, place
        assert secret_in_image(file, redactor.search) == picture.withheld
    clean = pictures.from_bytes(png(random.Random(6)))

    assert [*kept] == [f"{clean.digest}.png"]
    assert len(pictures.withheld) == len(images(secret, random.Random(5)))


@pytest.mark.parametrize("at", [0, PIECE_BYTES - 7, 2 * PIECE_BYTES - 1, 2 * PIECE_BYTES])
def test_a_key_across_two_pieces_of_an_image_file_is_found(at: int, tmp_path: Path) -> None:
    secret = key(random.Random(5))
    file = tmp_path / "image"
    file.write_bytes(bytes(at) + secret.encode() + bytes(PIECE_BYTES))

    assert NAME in secret_in_image(file, Redactor({NAME: secret}).search)


def test_a_recording_with_a_secret_is_refused_and_nothing_is_put_in_place(tmp_path: Path) -> None:
    written, folder = tmp_path / "new", tmp_path / "cassettes"
    written.mkdir()
    (written / "generate.yaml").write_text("a: 1\nmail: someone@company.io\n")

    with pytest.raises(StoreError) as caught:
        refuse_secrets(written, folder, search_for({}, SHIPPED))

    assert caught.value.exit_code == 3
    assert f"{folder / 'generate.yaml'}:2: e-mail" in str(caught.value)
    assert "someone" not in str(caught.value)


HEADERS = (("Content-Type", "text/html"), ("Retry-After", "1"), ("X-Request-Id", "req_1"))


def test_headers_are_kept_by_a_list() -> None:
    others = (
        ("Authorization", "Bearer x"),
        ("OpenAI-Organization", "org-1"),
        ("X-User", "me"),
        ("Set-Cookie", "a=b"),
        ("X-Anything-New", "1"),
        ("Location", "/"),
    )

    assert kept_headers((*HEADERS, *others)) == HEADERS


def test_fields_by_name_and_texts_in_pieces_are_cut_out() -> None:
    secret = key(random.Random(7))
    document: Json = {
        "email": "me at home",
        "account_id": 123456789,
        "usage": {"input_tokens": 99},
        "words": [secret[at : at + 3] for at in range(0, len(secret), 3)],
        "bytes": [*secret.encode()],
        "user_id": "u-1-2-3",
    }

    clean = Redactor({NAME: secret}).reply(Reply(status=200, document=document)).document

    assert isinstance(clean, dict)
    assert (clean["email"], clean["account_id"], clean["user_id"]) == (
        "<email>",
        "<account-id>",
        "<user-id>",
    )
    assert clean["usage"] == {"input_tokens": 99}
    assert "".join(map(str, clean["words"] or [])) == f"<{NAME}>"  # type: ignore[arg-type]  # a list
    assert clean["bytes"] == [f"<{NAME}>"]


def test_a_request_of_others_keeps_its_length() -> None:
    prompt = "draw someone@company.io " + "x" * 32_000
    request = Request(method="POST", target="https://h.io/v1", body={"prompt": prompt, "n": 2})

    body = Redactor({}).request(request).body

    assert isinstance(body, dict)
    assert len(str(body["prompt"])) == len(prompt)
    assert "company" not in str(body)
    assert body["n"] == 2


NEIGHBOURS = (
    "d42fddbb-7a86-f7a2-43c7-1b9abd87a865",
    "2026-11-28T23:07:56Z",
    "deadbeef",
    "56065284",
    "12, 200, 7",
    "e0a75c9233c2a7f9e0ac59",
)


@pytest.mark.parametrize("separator", [" ", ", ", " | ", ": ", "\n"])
@pytest.mark.parametrize("before", NEIGHBOURS)
def test_what_stands_beside_a_secret_does_not_hide_it(before: str, separator: str) -> None:
    for at, (spelling, spell) in enumerate(SPELLINGS.items()):
        secret = key(random.Random(at))
        foreign = PERSONAL["aws key"](random.Random(at))
        for each in (secret, foreign) if spelling in DATA_SPELLINGS else (secret,):
            text = separator.join((before, spell(each), before))

            clean = Redactor({NAME: secret}).known(text)

            assert leaks({"clean": clean.encode("utf-8", "replace")}, [each]) == [], spelling


def test_a_github_token_of_the_new_kind_is_known_by_its_shape() -> None:
    token = "github_pat_" + "11ABCDEFG0abcdefghijkl"

    assert Redactor({}).known(f"use {token} now") == "use <key> now"


@given(st.binary(min_size=12, max_size=60), st.integers(0, 7))
def test_every_stretch_of_ascii_in_base64_is_found(raw: bytes, by: int) -> None:
    text = "A" * by + base64.b64encode(raw).decode()
    wanted = re.findall(rb"[ -~]{12,}", base64.b64decode(text[by % 4 :].rstrip("=") + "==="))

    found = "\n".join(view.text for view, _ in unpacked(text, shortest=0))

    assert all(piece.decode() in found for piece in wanted)
