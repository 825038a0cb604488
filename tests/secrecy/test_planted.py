"""Random secrets in random places of recordings of each format: no written byte says one."""

import hashlib
import json
import random
import string
import tempfile
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from harness import api
from harness.core.outcome import Images
from harness.reference_images import reference_bytes
from tests.secrecy.checking import written

ADDRESS = "https://gateway.acme.io/v1/images/generations"


def _word(dice: random.Random, count: int = 24) -> str:
    return "".join(dice.choices(string.ascii_letters + string.digits, k=count - 2)) + "a7"


def _digits(dice: random.Random, count: int) -> str:
    return "".join(dice.choices("123456789", k=count))


KINDS: dict[str, Callable[[random.Random], tuple[str, str]]] = {
    "azure": lambda dice: _in("https://b.io/1.png?sv=2024&se=2026-09-01&sig={}", _word(dice)),
    "s3": lambda dice: _in("https://b.io/1.png?X-Amz-Date=1&X-Amz-Signature={}", _word(dice, 32)),
    "google": lambda dice: _in("https://b.io/1.png?X-Goog-Credential={}%2Fauto", _word(dice)),
    "any name": lambda dice: _in("https://b.io/1.png?w=9&zz={}&h=9", _word(dice)),
    "path": lambda dice: _in("https://b.io/s/{}/1.png", _word(dice)),
    "matrix": lambda dice: _in("https://b.io/1.png;jsessionid={}", _word(dice)),
    "fragment": lambda dice: _in("https://b.io/1.png#token={}", _word(dice)),
    "nested": lambda dice: _in("https://b.io/?u=https%3A%2F%2Fc.io%2F1%3Fsig%3D{}", _word(dice)),
    "mail": lambda dice: _in("{}@acme.io", _word(dice, 12)),
    "mail in an address": lambda dice: _in("mailto:{}%40acme.io", _word(dice, 12)),
    "organization": lambda dice: _in("organization org-{} must be verified", _word(dice)),
    "project": lambda dice: _in("project proj_{}", _word(dice)),
    "user": lambda dice: _in("user-{}", _word(dice)),
    "account": lambda dice: _in("arn:aws:iam::{}:role/images", _digits(dice, 12)),
    "customer": lambda dice: _in("cus_{}", _word(dice, 14)),
    "ip": lambda dice: _in("from 203.0.113.{}", f"{dice.randrange(20, 250)}"),
    "telephone": lambda dice: _in("call +1 415 {}", f"555 {_digits(dice, 4)}"),
    "token": lambda dice: _in("eyJhbGciOiJIUzI1NiJ9.eyJ{}.c2ln", _word(dice, 30)),
    "cookie": lambda dice: _in("Cookie: session={}", _word(dice)),
}


def _in(text: str, secret: str) -> tuple[str, str]:
    return text.format(secret), text.format(secret) if len(secret) < 4 else secret


@dataclass(slots=True, kw_only=True)
class Told:
    """An exchange before it is written as a recorder does."""

    query: str = ""
    sent: dict[str, Any] = field(default_factory=lambda: {"prompt": "a cat"})
    asked: list[tuple[str, str]] = field(default_factory=list)
    answered: list[tuple[str, str]] = field(default_factory=list)
    status: int = 400
    text: str | None = None
    document: dict[str, Any] = field(default_factory=lambda: {"error": {"message": "no"}})
    form: str | None = None

    @property
    def body(self) -> str:
        return json.dumps(self.document) if self.text is None else self.text

    @property
    def posted(self) -> str:
        return json.dumps({"model": "gpt-image-2", **self.sent})


def _message(told: Told, text: str) -> None:
    told.document["error"]["message"] = f"no: {text}"


def _deep(told: Told, text: str) -> None:
    told.document["more"] = [{"a": {"b": [text]}}]


def _json_in_json(told: Told, text: str) -> None:
    told.document["raw"] = json.dumps({"cause": json.dumps({"text": text})})


def _base64(told: Told, text: str) -> None:
    told.document["raw"] = b64encode(json.dumps({"cause": text}).encode()).decode()


def _page(told: Told, text: str) -> None:
    told.text = f"<html><body><p>{text}</p></body></html>"


def _event(told: Told, text: str) -> None:
    told.status = 200
    told.answered.append(("Content-Type", "text/event-stream"))
    data = json.dumps({"type": "error", "error": {"message": text}})
    told.text = f"event: error\ndata: {data}\n\n"


def _url(told: Told, text: str) -> None:
    told.status = 200
    told.document = {"created": 1, "data": [{"url": text, "revised_prompt": text}]}


def _prompt(told: Told, text: str) -> None:
    told.sent["prompt"] = f"a cat for {text}"


def _header(told: Told, text: str) -> None:
    told.asked.append(("X-Request-Id", text))
    told.answered.append(("Via", text))


def _dropped(told: Told, text: str) -> None:
    told.asked += [("Referer", text), ("Cookie", f"a={text}"), ("X-Forwarded-For", text)]
    told.answered += [("Location", text), ("Set-Cookie", text), ("Link", text), ("Refresh", text)]


def _query(told: Told, text: str) -> None:
    told.query = f"?from={text.replace(' ', '%20')}"


def _part(told: Told, text: str) -> None:
    told.form = text


PLACES = (
    *(_message, _deep, _json_in_json, _base64, _page, _event, _url, _prompt, _header, _dropped),
    *(_query, _part),
)


def _multipart(told: Told) -> str:
    parts = {"model": "gpt-image-2", "prompt": f"a cat {told.form}", "user": str(told.form)}
    lines = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{content}\r\n'
        for name, content in parts.items()
    ]
    return "".join((*lines, "--b--\r\n"))


def _posted(told: Told) -> tuple[str, str, str]:
    if told.form is None:
        return ADDRESS, "application/json", told.posted
    return (
        ADDRESS.replace("generations", "edits"),
        "multipart/form-data; boundary=b",
        _multipart(told),
    )


def _typed(told: Told) -> list[tuple[str, str]]:
    named = {name for name, _ in told.answered}
    kind = "text/html" if told.text else "application/json"
    return [*told.answered, *([] if "Content-Type" in named else [("Content-Type", kind)])]


def _har(told: list[Told]) -> str:
    entries = []
    for one in told:
        url, kind, body = _posted(one)
        asked = [("Content-Type", kind), *one.asked]
        request = {
            "method": "POST",
            "url": url + one.query,
            "headers": [{"name": name, "value": text} for name, text in asked],
            "queryString": [{"name": "from", "value": one.query[6:]}],
            "cookies": [
                {"name": "a", "value": text} for name, text in one.asked if name == "Cookie"
            ],
            "postData": {"mimeType": kind, "text": body},
        }
        response = {
            "status": one.status,
            "headers": [{"name": name, "value": text} for name, text in _typed(one)],
            "content": {"mimeType": dict(_typed(one))["Content-Type"], "text": one.body},
            "redirectURL": dict(one.answered).get("Location", ""),
        }
        entries.append({"request": request, "response": response, "time": 9})
    return json.dumps({"log": {"version": "1.2", "entries": entries}})


def _vcr(told: list[Told], *, ruby: bool) -> str:
    interactions = []
    for one in told:
        url, kind, body = _posted(one)
        request = {
            "method": "post" if ruby else "POST",
            "uri": url + one.query,
            "headers": {name: [text] for name, text in [("Content-Type", kind), *one.asked]},
            "body": {"encoding": "UTF-8", "string": body} if ruby else body,
        }
        response = {
            "status": {"code": one.status, "message": "x"},
            "headers": {name: [text] for name, text in _typed(one)},
            "body": {"encoding": "UTF-8", "string": one.body} if ruby else {"string": one.body},
        }
        interactions.append({"request": request, "response": response})
    name = "http_interactions" if ruby else "interactions"
    return yaml.dump({name: interactions, "version": 1}, Dumper=yaml.CSafeDumper)


FORMATS: dict[str, Callable[[list[Told]], str]] = {
    "har": _har,
    "vcrpy": lambda told: _vcr(told, ruby=False),
    "ruby": lambda told: _vcr(told, ruby=True),
}


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=5, phases=[Phase.generate])  # to shrink 19 secrets takes minutes
@given(seed=st.integers(0, 2**32), data=st.data())
def test_no_byte_of_a_judged_recording_holds_what_was_planted_in_it(
    kind: str, seed: int, data: st.DataObject
) -> None:
    dice, told, secrets = random.Random(seed), [], {}
    for name, make in KINDS.items():
        text, secret = make(dice)
        one = Told()
        place = data.draw(st.sampled_from(PLACES))
        place(one, text)
        told.append(one)
        secrets[f"{name} in {place.__name__}"] = secret

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "traffic.har" if kind == "har" else "traffic.yaml")
        file.write_text(FORMATS[kind](told), encoding="utf-8")
        result = api.judge([file], "sub2api", out=Path(folder, "out"))
        contents = written(Path(folder, "out"))

    raw = b"".join(contents.values())
    assert len(result.records) == len(KINDS)
    assert [name for name, secret in secrets.items() if secret.encode() in raw] == []
    assert [name for name, secret in secrets.items() if secret in str(result.header.notes)] == []


def test_two_images_whose_addresses_differ_in_their_signatures_alone_are_not_confused(
    tmp_path: Path,
) -> None:
    signed = [f"https://store.acme.io/1.png?w=9&se=2026-09-01&sig=NOTAREAL{at}" for at in "AB"]
    raws = [reference_bytes(name) for name in ("png-rgb-256x256-1.png", "png-rgb-320x256-1.png")]
    told = [Told(status=200, document={"data": [{"url": address}]}) for address in signed]
    entries = json.loads(_har(told))
    for address, raw in reversed([*zip(signed, raws, strict=True)]):
        content = {"mimeType": "image/png", "encoding": "base64", "text": b64encode(raw).decode()}
        headers = [{"name": "Content-Type", "value": "image/png"}]
        entries["log"]["entries"].append(
            {
                "request": {"method": "GET", "url": address, "headers": []},
                "response": {"status": 200, "headers": headers, "content": content},
            }
        )
    file = tmp_path / "traffic.har"
    file.write_text(json.dumps(entries), encoding="utf-8")

    result = api.judge([file], "sub2api", out=tmp_path / "out")

    outcomes = [record.outcome for record in result.records]
    found = [each.pictures[0].digest for each in outcomes if isinstance(each, Images)]
    assert found == [hashlib.sha256(raw).hexdigest() for raw in raws]
    kept = b"".join(written(tmp_path / "out").values())
    assert b"NOTAREAL" not in kept
    assert b"https://store.acme.io/1.png?w=9&se=REDACTED-" in kept
