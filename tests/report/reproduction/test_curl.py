import json
import subprocess
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.exchange import Credential, Part, Request
from harness.core.record import Provenance
from harness.report.reproduction.curl import curl_line
from harness.spec.credentials import key_headers
from tests.loopback import HUNG_S
from tests.report import builders as b
from tests.shipped import NAMES, shipped_provider

PRINTS = """
BUBLE_BASE_URL=http://set SUB2API_BASE_URL=http://set
BUBLE_API_KEY=key SUB2API_API_KEY=key APIFRAME_API_KEY=key
curl() {
  for word in "$@"; do printf '%s\\0' "$word"; done
  case "$*" in *@-) cat;; esac
}
"""

HOSTILE = st.text(
    st.one_of(
        st.sampled_from(
            list("'\"\\$`!*?~#&;|<>(){}[]%\n\r\t\0\x7f\u202e\u2028 \u200b\ud800@=é狐🦊")
        ),
        st.characters(),
    )
)


def words(command: str) -> list[str]:
    """Run the line in a POSIX shell whose `curl` prints its words; return them."""
    done = subprocess.run(
        ["/bin/sh"],
        input=(PRINTS + command).encode(),
        capture_output=True,
        check=True,
        timeout=HUNG_S,
    )
    assert done.stderr == b""
    return done.stdout.decode("utf-8").split("\0")


def post(body: object, name: str = "sub2api", evidence: Provenance | None = None) -> str:
    request = Request(
        method="POST",
        target="/v1/images/generations",
        headers=(("Content-Type", "application/json"),),
        body=body,  # type: ignore[arg-type]  # any JSON
    )
    return curl_line(request, provider=shipped_provider(name), evidence=evidence)


@settings(deadline=None, max_examples=60)  # each example starts a shell
@given(HOSTILE, HOSTILE)
def test_the_shell_hands_curl_the_very_body(prompt: str, key: str) -> None:
    body = {"prompt": prompt, "nested": {key: [prompt, 1, None, True]}}
    command = post(body)
    sent = words(command)

    assert json.loads(sent[sent.index("--data-raw") + 1]) == body
    assert "\n" not in command


@settings(deadline=None, max_examples=60)  # each example starts a shell
@given(HOSTILE, HOSTILE)
def test_the_shell_hands_curl_the_very_text_of_a_form(name: str, value: str) -> None:
    request = Request(method="POST", target="/e", form=(Part(name=name, value=value),))
    sent = words(curl_line(request, provider=shipped_provider("sub2api"), evidence=None))
    kept = "".join("�" if char == "\0" else char for char in f"{name}={value}")

    assert sent[sent.index("--form-string") + 1] == "".join(
        "�" if 0xD800 <= ord(char) <= 0xDFFF else char for char in kept
    )


def test_a_body_too_long_for_an_argument_is_piped_in_whole() -> None:
    body = {"prompt": "狐" * 60_000}
    sent = words(post(body))

    assert "@-" in sent
    assert json.loads(sent[-1]) == body


def test_the_key_is_only_ever_a_variable() -> None:
    request = Request(
        method="POST",
        target="/x",
        headers=(("authorization", "Bearer sk-secret"), ("Cookie", "sk-secret"), ("Accept", "*/*")),
        body={},
    )
    command = curl_line(request, provider=shipped_provider("sub2api"), evidence=b.LIVE)

    assert "sk-secret" not in command
    assert '-H "Authorization: Bearer $SUB2API_API_KEY"' in command
    assert "-H 'Accept: */*'" in command
    assert "Authorization: Bearer key" in words(command)


def test_a_key_without_prefix_stands_alone_in_its_header() -> None:
    assert '-H "X-API-Key: $APIFRAME_API_KEY"' in post({}, "apiframe")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("credential", [one for one in get_args(Credential) if one != "own"])
def test_a_request_that_lacks_the_key_names_none_and_spells_what_it_sent(
    name: str, credential: Credential
) -> None:
    provider = shipped_provider(name)
    request = Request(method="POST", target="/x", body={}, credential=credential)
    command = curl_line(request, provider=provider, evidence=b.LIVE)
    headers = [word for word in words(command) if word.startswith(("Authorization", "X-API-Key"))]

    assert provider.auth.env not in command
    # a header that ends with its colon is one that curl leaves out; a semicolon sends it empty
    pairs = key_headers(provider.auth, credential, "")
    assert headers == [f"{key}: {text}" if text else f"{key};" for key, text in pairs]


def test_an_absolute_target_goes_without_the_key() -> None:
    request = Request(method="GET", target="https://cdn.example.org/a b.png?x='1'&y=$(id)")
    sent = words(curl_line(request, provider=shipped_provider("sub2api"), evidence=b.LIVE))

    assert sent[:4] == [
        "-sS",
        "-X",
        "GET",
        "https://cdn.example.org/a b.png?x='1'&y=$(id)",
    ]
    assert not any("API_KEY" in word or "key" in word for word in sent)


@pytest.mark.parametrize(
    ("name", "evidence", "address"),
    [
        ("sub2api", b.LIVE, "https://images.example.org/v1/images/generations"),
        ("sub2api", b.TAPED, "https://images.example.org/v1/images/generations"),
        ("buble", None, "https://buble.ai/v1/images/generations"),
        ("sub2api", None, "http://set/v1/images/generations"),
        ("buble", b.REPLAY, "http://set/v1/images/generations"),
        ("buble", b.EMULATOR, "http://set/v1/images/generations"),
    ],
)
def test_the_address_is_the_evidences_else_the_providers_and_never_aims_an_emulators_finding_at_it(
    name: str, evidence: Provenance | None, address: str
) -> None:
    assert words(post({}, name, evidence))[3] == address


def test_a_password_in_the_address_is_left_out() -> None:
    source = Provenance(kind="live", source="https://u:p@h.example/base/", date="d", by="qa")

    assert words(post({}, evidence=source))[3] == "https://h.example/base/v1/images/generations"


def test_a_file_of_a_form_is_named_with_its_type() -> None:
    parts = (
        Part(name="image[]", filename="a.png", media_type="image/png", digest="0", size_bytes=9),
        Part(name="mask", filename='m;"a,s\\k.png', media_type="image/png", digest="0"),
    )
    request = Request(
        method="POST", target="/e", headers=(("Content-Type", "multipart/x"),), form=parts
    )
    sent = words(curl_line(request, provider=shipped_provider("sub2api"), evidence=None))

    assert "image[]=@a.png;type=image/png" in sent
    assert 'mask=@"m;\\"a,s\\\\k.png";type=image/png' in sent
    assert not any("Content-Type" in word for word in sent)


@pytest.mark.parametrize("name", NAMES)
def test_every_provider_has_a_curl_line(name: str) -> None:
    request = b.shot(b.case(name=name)).request
    sent = words(curl_line(request, provider=shipped_provider(name), evidence=b.LIVE))

    assert sent[0] == "-sS"
    assert json.loads(sent[sent.index("--data-raw") + 1]) == request.body
