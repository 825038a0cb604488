"""Secrets that nobody gave us, of gateways, clouds and people: no file of ours may hold them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.core.exchange import Exchange, Reply
from harness.core.jsonvalue import Json
from harness.runner.scanning import search_for
from harness.sensitive.files import scan_file
from harness.transport.cassettes.cassette import Tape
from harness.transport.redaction import Redactor
from tests.shipped import NAMES, SHIPPED

CASSETTES = Path(__file__).parents[2] / "cassettes"
GUID = "3f1c9f0a-6b1d-4f52-9b7e-0c2a51d4e871"
RANDOM = "k4Jd9sLq2Wm8Zp3Xv7Bn1Tc6"
HEX = "9f86d081884c7d659a2feaa0c55ad015"
B62 = "Zk3v9QpR7xW2mN8bT4cY6hF1jL5sD0gA"

ADDRESSES = {
    "azure": (
        f"https://a.blob.io/1.png?sv=2024-11-04&sr=b&sp=r&st=2026-09-01&skoid={GUID}&sig=ab%2Bcd",
        (GUID, "ab%2Bcd", "2026-09-01"),
        "https://a.blob.io/1.png?sv=",
    ),
    "cloudfront": (
        "https://h.io/1.png?Expires=1767225600&Signature=Abc~dEf-_&Key-Pair-Id=K2JCJMDE&Policy=eyJT",
        ("1767225600", "Abc~dEf", "K2JCJMDE", "eyJT"),
        "https://h.io/1.png?Expires=",
    ),
    "tencent": (
        f"https://b.cos.io/1.png?q-ak=AKIDabc123&q-sign-time=1767;1768&q-signature={HEX}",
        ("AKIDabc123", HEX),
        "https://b.cos.io/1.png?q-ak=",
    ),
    "aliyun": (
        f"https://b.oss.io/1.png?OSSAccessKeyId=LTAIabcd&Expires=1767225600&auth_key=1767-0-0-{HEX}",
        ("LTAIabcd", "1767225600", HEX),
        "https://b.oss.io/1.png?OSSAccessKeyId=",
    ),
    "x-oss": (
        f"https://b.oss.io/1.png?x-oss-credential=LTAIabcd%2Fcn&x-oss-signature={HEX}&w=9",
        ("LTAIabcd", HEX),
        "&w=9",
    ),
    "nginx": (
        f"https://h.io/1.png?st={RANDOM}&e=1767225600&w=1024",
        (RANDOM, "1767225600"),
        "w=1024",
    ),
    "short hash": ("https://h.io/1.png?h=9f86d081&w=1024", ("9f86d081",), "w=1024"),
    "cloudflare": (
        "https://h.io/1.png?verify=1767225600-aB3%2Fx",
        ("aB3%2Fx",),
        "https://h.io/1.png?",
    ),
    "any name": (f"https://h.io/1.png?w=1024&zz={RANDOM}", (RANDOM,), "1.png?w=1024&zz="),
    "array": (f"https://h.io/1.png?opts[token]={RANDOM}", (RANDOM,), "opts[token]="),
    "path": (f"https://h.io/s/{B62}/cat.png?w=9", (B62,), "/cat.png?w=9"),
    "path, no telling name": (f"https://h.io/acme/{B62}/cat.png", (B62,), "https://h.io/acme/"),
    "akamai": (f"https://h.io/exp=1767~acl=*~hmac={HEX}/cat.png", (HEX,), "/cat.png"),
    "cloudinary": ("https://h.io/image/s--Ab3_x9Kq--/v1/cat.png", ("Ab3_x9Kq",), "/v1/cat.png"),
    "matrix": (f"https://h.io/cat.png;jsessionid={HEX.upper()}?w=9", (HEX.upper(),), "?w=9"),
    "fragment": (f"https://h.io/cat.png#access_token={RANDOM}", (RANDOM,), "cat.png#access_token="),
    "userinfo": ("https://jane:pass1word@h.io/cat.png", ("jane", "pass1word"), "@h.io/cat.png"),
    "nested": (
        f"https://h.io/get?u=https%3A%2F%2Fs3.io%2Fcat.png%3Fsig%3D{RANDOM}%26w%3D9",
        (RANDOM,),
        "s3.io%2Fcat.png%3Fsig%3D",
    ),
    "nested twice": (
        f"https://h.io/get?u=https%253A%252F%252Fs3.io%252Fcat.png%253Fsig%253D{RANDOM}",
        (RANDOM,),
        "s3.io%252Fcat.png",
    ),
    "account": ("https://h.io/user-Ab12Cd34Ef/cat.png", ("user-Ab12",), "/cat.png"),
    "mail": ("https://h.io/cat.png?u=jane.doe%40acme.io&w=9", ("jane", "acme"), "&w=9"),
}
"""An address, what of it nobody may read, and what still can be read."""


def _markdown(address: str) -> str:
    return f"Here it is: ![cat]({address}). Enjoy!"


def _json_in_json(address: str) -> str:
    return json.dumps({"m": json.dumps({"url": address})})


def _page(address: str) -> str:
    escaped = address.replace("&", "&amp;")
    return f"<html><img src=\"{escaped}\"><a href='{address}'>x</a></html>"


AROUND: dict[str, Callable[[str], str]] = {
    "alone": str,
    "markdown": _markdown,
    "json in json": _json_in_json,
    "page": _page,
    "error": lambda address: f"403 Client Error: Forbidden for url: {address}",
    "refresh": lambda address: f"Refresh: 0; url={address}",
    "link": lambda address: f'<{address}>; rel="next"',
}


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("kind", ADDRESSES)
def test_an_address_is_written_without_what_lets_everybody_in(kind: str, around: str) -> None:
    address, secret, rest = ADDRESSES[kind]

    clean = Redactor({}).known(AROUND[around](address))

    assert [part for part in secret if part in clean] == []
    assert (rest if around != "page" else rest.replace("&", "&amp;")) in clean
    assert Redactor({}).known(clean) == clean


@pytest.mark.parametrize("kind", ADDRESSES)
def test_a_cut_address_is_fetched_whole_and_differs_where_the_whole_one_does(kind: str) -> None:
    address, secret, _ = ADDRESSES[kind]
    other = address.replace(secret[-1], secret[-1][:-1] + ("b" if secret[-1][-1] != "b" else "c"))
    redactor = Redactor({})

    clean, another = redactor.known(address), redactor.known(other)

    assert clean != another
    assert (redactor.real(clean), redactor.real(another)) == (address, other)
    assert redactor.known(address) == clean, "an address that comes again matches the first"
    assert Redactor({}).known(address) != clean, "no file of another run can be matched with this"
    base, path = clean.split("/", 3)[:3], clean.split("/", 3)[3]
    assert redactor.real("/" + path) == "/" + address.split("/", 3)[3], base


TEXTS = {
    "The account jane.doe@acme.io is suspended": "jane",
    "The account jane.doe@example.com is suspended": "jane",
    "mailto:jane.doe%40acme.io": "jane",
    "ask Jane Doe <jd@acme.io> about it": "Jane",
    "schreib an jürgen@müller-söhne.de": "jürgen",
    "organization org-abc is not verified": "org-abc",
    'Your organization "org_Ab12Cd34Ef" must be verified': "Ab12",
    "Project `proj_abc` has no access to gpt-image-2": "proj_abc",
    "user-Ab12Cd34Ef has no quota": "Ab12",
    "acct_1032D82eZvKYlo2C: unpaid": "1032D82",
    "cus_NffrFeUfNV2Hib: unpaid": "NffrFe",
    "User: arn:aws:iam::123456789012:user/jane is not authorized": "123456789012:user/jane",
    "AWS account 123456789012 is closed": "123456789012",
    f"/subscriptions/{GUID}/resourceGroups/images": GUID,
    f"https://login.microsoftonline.com/{GUID}/oauth2": GUID,
    f"tenant '{GUID}' not found": GUID,
    "x-forwarded-for: 203.0.113.7, 10.0.0.1": "203.0.113.7",
    "client_ip=10.1.2.3": "10.1.2.3",
    "Your IP 93.184.216.34 is blocked": "93.184",
    "blocked: 2001:db8:85a3::8a2e:370:7334": "8a2e",
    "call +1 (415) 555-2671": "2671",
    "openai-organization: org-abc123": "org-abc123",
    '{"user": {"id": 12, "name": "Jane Doe"}}': "Jane",
    '{"email":"not a mail address of jane"}': "jane",
    '{\\"account_id\\":\\"a-77\\"}': "a-77",
    "account_id=77123456": "77123456",
    "Set-Cookie: sid=abc; Path=/; HttpOnly": "sid=abc",
    f"Cookie: __cf_bm={RANDOM}": RANDOM,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-123_x": "eyJzdWIi",
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_written_without_who_somebody_is(text: str, tmp_path: Path) -> None:
    secret = TEXTS[text]
    file = tmp_path / "reply.json"
    file.write_text(json.dumps({"error": {"message": text}}), encoding="utf-8")

    clean = Redactor({}).known(text)

    assert secret not in clean
    assert Redactor({}).known(clean) == clean
    assert "example.com" in text or [*scan_file(file, search_for({}, SHIPPED))], "no scan finds it"


def test_fields_that_say_who_somebody_is_are_cut_and_others_are_not() -> None:
    document: Json = {
        "user": {"id": 7, "name": "Jane Doe", "plan": "team"},
        "owner": [{"display_name": "J. Doe"}],
        "headers": [
            {"name": "X-Forwarded-For", "value": "10.1.2.3"},
            {"name": "A", "value": "b12"},
        ],
        "client_ip": "10.1.2.3",
        "tenant": "t-0012345678",
        "team": "red",
        "model": {"name": "gpt-image-2", "owned_by": "system"},
        "username": "jdoe",
    }

    clean = Redactor({}).reply(Reply(status=200, document=document), cleaned=False).document

    assert clean == {
        "user": {"id": 7, "name": "<name>", "plan": "team"},
        "owner": [{"display_name": "<display-name>"}],
        "headers": [
            {"name": "X-Forwarded-For", "value": "<x-forwarded-for>"},
            {"name": "A", "value": "b12"},
        ],
        "client_ip": "<client-ip>",
        "tenant": "<tenant>",
        "team": "red",
        "model": {"name": "gpt-image-2", "owned_by": "system"},
        "username": "<username>",
    }


INNOCENT = (
    "gpt-image-2-2026-04-21-preview costs more at 1536x1024",
    "image:sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "req_011CSHoEeqs5C35K2UUqR7Fy",
    "task 3f1c9f0a-6b1d-4f52-9b7e-0c2a51d4e871 is processing",
    "https://api.io/v1/jobs/9f86d081884c7d659a2feaa0c55ad015/result",
    f"https://api.io/v1/predictions/{B62}/cancel",
    f"https://api.io/v1/tasks?task_id={B62}&page=2",
    f"https://cdn.io/files/{HEX}.png?w=1024&h=768&format=webp",
    f"https://cdn.io/{GUID}/out-0.png?v=20261128T230756Z",
    "https://api.io/v1/models?size=1024x1024&quality=high&model=gpt-image-2-2026-04-21",
    "https://api.io/v1/search?prompt=a%20cat%20with%202%20hats%20and%20a%20coat&n=4",
    "2026-11-28T23:07:56.123456Z, +00:00, 20261128T230756Z, 1795000000",
    "your organization must be verified; the user is over its quota; account: suspended",
    "organization: please verify; user-defined sizes; org-wide limits; project-based keys",
    "image generation user error: moderation_blocked; client_error; team plan; account tier 5",
    '"usage":{"input_tokens":1234567,"output_tokens":7024,"total_tokens":1241591}',
    '{"role":"user","type":"organization","param":"user","code":"account_deactivated"}',
    "nginx/1.25.3, libpng version 1.6.37.1, Chrome/120.0.6099.109, 127.0.0.1:8000, 10.0.0.1",
    "http://93.184.216.34:8000/v1/images",
    'headers = {"Authorization": "Bearer " + KEY, "Accept": "application/json"}',
    "12:34:56, 16:9, ratio 3:2, [1:2:3], 00:1A",
)


@pytest.mark.parametrize("text", INNOCENT)
def test_what_is_ordinary_in_a_reply_stays(text: str) -> None:
    assert Redactor({}).known(text) == text


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_of_ours_is_read_again_as_it_was_written(name: str) -> None:
    exchanges = Tape.load(CASSETTES / name / "generate.yaml").exchanges
    redactor = Redactor({})

    changed = [one for one in exchanges if _cleaned(redactor, one) != one]

    assert exchanges
    assert changed == []


def _cleaned(redactor: Redactor, exchange: Exchange) -> Exchange:
    names = frozenset(name.lower() for name, _ in exchange.request.headers)
    return redactor.exchange(exchange, cleaned=False, headers=names)
