import asyncio
import base64
import html
import io
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from harness.core.errors import UsageError
from harness.core.exchange import Exchange, Picture, Reply, Request, Times
from harness.core.jsonvalue import Json
from harness.transport.client import LiveEndpoint
from harness.transport.redaction import SHORTEST, Redactor, sendable
from tests.loopback import HUNG_S
from tests.runner.hostile import Received, chunked, http, serving
from tests.runner.processes import HARNESS, environment
from tests.shipped import shipped_provider

NASTY = 'sk-live-"quote/+=\\&<é>-0123456789abcdef'
SENDABLE = NASTY.replace("é", "e")
NAME = "SUB2API_API_KEY"
PRINTABLE = st.characters(min_codepoint=33, max_codepoint=126) | st.sampled_from("é猫🐱 ")
INNOCENT = st.text(st.sampled_from("abc xyz.,:/?=&%{}[]\n"), max_size=12)

SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": lambda key: json.dumps(key)[1:-1],
    "json in json": lambda key: json.dumps(json.dumps(key)[1:-1])[1:-1],
    "json, slashes escaped": lambda key: json.dumps(key)[1:-1].replace("/", "\\/"),
    "json, not ascii": lambda key: json.dumps(key, ensure_ascii=False)[1:-1],
    "python": lambda key: key.replace("\\", "\\\\"),
    "json in python": lambda key: json.dumps(key)[1:-1].replace("\\", "\\\\"),
    "url in url": lambda key: quote(quote(key, safe=""), safe=""),
    "html": html.escape,
    "html in html": lambda key: html.escape(html.escape(key)),
    "url": lambda key: quote(key, safe=""),
    "url in lower case": lambda key: quote(key, safe="").replace("%2F", "%2f"),
    "url with slashes": quote,
    "form": quote_plus,
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 for urls": lambda key: base64.urlsafe_b64encode(key.encode()).decode(),
    "hexadecimal": lambda key: key.encode().hex(),
    "upper case": str.upper,
}
"""How a reply may echo a key."""


def pieces(key: str) -> list[str]:
    """What of a key in base64 can be seen within something longer."""
    raw = key.encode()
    return [
        base64.b64encode(bytes(shift) + raw).decode()[4:-4].replace("+", plus)
        for shift in range(3)
        for plus in "+-"
    ]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("key", [NASTY, SENDABLE, "afk_0123456789abcdef"])
def test_a_key_is_found_in_every_spelling(spelling: str, key: str) -> None:
    echoed = SPELLINGS[spelling](key)

    assert Redactor({NAME: key}).known(f"before {echoed} after") == f"before <{NAME}> after"


@given(
    st.text(PRINTABLE, min_size=SHORTEST, max_size=40).filter(str.strip),
    INNOCENT,
    INNOCENT,
    st.sampled_from(sorted(SPELLINGS)),
)
def test_no_spelling_of_any_key_is_left(key: str, before: str, after: str, spelling: str) -> None:
    echoed = SPELLINGS[spelling](key)

    left = Redactor({NAME: key}).known(before + echoed + after)

    assert f"<{NAME}>" in left
    assert echoed not in left.replace(f"<{NAME}>", "\0")


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_a_key_is_found_in_base64_of_something_longer(before: bytes, after: bytes) -> None:
    key = "sk-live-0123456789abcdef"
    packed = base64.b64encode(before + key.encode() + after).decode()

    left = Redactor({NAME: key}).known(packed)

    assert not any(piece in left for piece in pieces(key))


@given(st.text())
def test_texts_without_a_key_are_left_as_they_are(text: str) -> None:
    assert Redactor({NAME: "\ue000" * 20}).known(text) == text
    assert Redactor({NAME: ""}).known(text) == text


def test_a_word_of_five_letters_is_no_secret() -> None:
    assert Redactor({NAME: "cat"}).known("a cat") == "a cat"


def test_keys_of_others_are_known_by_their_shape_outside_of_base64() -> None:
    redactor = Redactor({}, ("sk-[A-Za-z0-9_-]{20,}",))

    assert redactor.known("bad key sk-abcdefghijklmnopqrstuv!") == "bad key <key>!"
    assert redactor.known("AAAAsk-abcdefghijklmnopqrstuv") == "AAAAsk-abcdefghijklmnopqrstuv"
    assert redactor.known("bad key sk-abcdefghijklmnopqrstuv!") == "bad key <key>!"


@pytest.mark.parametrize("odd", [True, False])
def test_a_list_of_small_numbers_with_a_boolean_is_no_text(odd: bool) -> None:  # noqa: FBT001
    entries: list[Json] = [*range(SHORTEST), odd]
    reply = Reply(status=200, document={"list": entries})
    exchange = Exchange(
        request=Request(method="GET", target="/"),
        answer=reply,
        times=Times(due_s=0.0, sent_s=0.0, end_s=0.0),
    )

    assert Redactor({"A_KEY": "sk-0123456789abcdef"}).exchange(exchange).answer == reply


def test_the_longest_of_two_keys_that_begin_alike_is_replaced_whole() -> None:
    redactor = Redactor({"A_API_KEY": "abcdef", "B_API_KEY": "abcdef-longer"})

    assert redactor.known("abcdef-longer abcdef") == "<B_API_KEY> <A_API_KEY>"


@pytest.mark.parametrize("key", ["sk-é", "sk\n1", "sk\x00", "sk-\u2028", "\ud800", "sk\t1"])
def test_a_key_that_no_header_carries_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(UsageError, match="SUB2API_API_KEY: character") as caught:
        sendable(NAME, f"abcdef{key}")

    assert "abcdef" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_endpoint_never_shows_its_key() -> None:
    endpoint = LiveEndpoint(
        base_url="https://x", auth=shipped_provider("sub2api").auth, key=SENDABLE
    )

    assert "0123456789abcdef" not in repr(endpoint)


def _echoes(key: str) -> dict[str, str]:
    return {name: f"{name}: {spell(key)} ." for name, spell in SPELLINGS.items()}


class Echo:
    """A provider that puts the key of a request wherever a reply has room for it."""

    def __init__(self) -> None:
        file = io.BytesIO()
        Image.new("RGB", (1024, 1024), "red").save(file, "PNG")
        self.image = base64.b64encode(file.getvalue()).decode()
        self.asked = 0

    async def __call__(self, request: Received, writer: asyncio.StreamWriter) -> None:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if request.method == "GET":
            writer.write(http("nothing here", status="404 Not Found"))
            return
        host = "{}:{}".format(*writer.get_extra_info("sockname")[:2])
        replies = [*self._served(key, host), *self._broken(key)]
        error = {"error": {"message": str(_echoes(key)), "type": key, "param": key, "code": key}}
        last = http(error, status="400 Bad Request", headers=_headers(key))
        writer.write((replies[self.asked : self.asked + 1] or [last])[0])
        self.asked += 1

    def _served(self, key: str, host: str) -> list[bytes]:
        image = {"b64_json": self.image, "revised_prompt": f"a cat {key}", key: key}
        place = f"http://{host}/a.png?key={quote(key, safe='')}"
        return [
            http({"created": 1, "data": data, "echo": _echoes(key)}, headers=_headers(key))
            for data in ([image], [{"url": f"/a/{key}.png"}], [{"url": place}])
        ]

    def _broken(self, key: str) -> list[bytes]:
        error = json.dumps({"type": "error", "error": {"message": f"no {key}", "code": key}})
        events = f"event: {key}\ndata: {key}\n\nevent: error\ndata: {error}\n\n".encode()
        chunks = [events[place : place + 5] for place in range(0, len(events), 5)]
        numbered = "".join(f"\\u{ord(letter):04x}" for letter in key)  # as JSON may write any text
        body = f'{{"error": {{"message": "{numbered}", "type": "invalid_value"}}}}'
        page = "<html>" + "x" * (4096 - 6 - 12) + html.escape(key) + "</html>"
        return [
            chunked(*chunks, headers=("Content-Type: text/event-stream",)),
            http(body, status="400 Bad Request", headers=_headers(key)),
            http(page, status="502 Bad Gateway", headers=_headers(key)),
            http({"echo": _echoes(key)}, headers=_headers(key), length=10_000_000),
            f"HTTP/1.1 {key} {key}\r\n\r\n".encode(),
        ]


def _headers(key: str) -> tuple[str, ...]:
    return (
        "Content-Type: application/json",
        f"X-Echo: {key}",
        f"X-Packed: {base64.b64encode(key.encode()).decode()}",
        f"Set-Cookie: key={key}",
        f"Location: /?key={quote(key, safe='')}",
    )


async def _echoed(folder: Path) -> tuple[int, str, int]:
    echo = Echo()
    async with asyncio.timeout(HUNG_S), serving(echo) as server:
        process = await asyncio.create_subprocess_exec(
            *HARNESS, "run", "--against", "live", "--provider", "sub2api",
            "--base-url", f"sub2api={server.url}", "--max-images", "12", "--concurrency", "2",
            "--out", str(folder / "run"), "--record", "--cassettes", str(folder / "cassettes"),
            env=environment(SUB2API_API_KEY=SENDABLE),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode(), echo.asked


def test_a_key_echoed_everywhere_is_in_no_file_and_on_no_screen(tmp_path: Path) -> None:
    code, said, asked = asyncio.run(_echoed(tmp_path))

    assert asked > 8
    assert code in (1, 4), said
    assert "Traceback" not in said
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert {"journal.jsonl", "index.html", "junit.xml", "plan.json"} <= {f.name for f in files}
    texts = {str(file): file.read_bytes().decode("utf-8", "replace").lower() for file in files}
    texts["screen"] = said.lower()
    wanted = [spell(SENDABLE) for spell in SPELLINGS.values()] + pieces(SENDABLE)
    wanted += ["0123456789abcdef", SENDABLE[:14]]
    for place, text in texts.items():
        for spelling in wanted:
            assert spelling.lower() not in text, f"{spelling!r} in {place}"
    assert f"<{NAME.lower()}>" in "".join(texts.values())


def test_a_key_that_cannot_be_sent_ends_with_one_line(tmp_path: Path) -> None:
    async def go() -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            *HARNESS, "run", "--against", "live", "--provider", "sub2api",
            "--base-url", "sub2api=http://127.0.0.1:1", "--max-images", "3",
            "--out", str(tmp_path / "run"),
            env=environment(SUB2API_API_KEY=NASTY),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    code, out, err = asyncio.run(go())

    assert (code, out) == (2, "")
    assert err.splitlines() == [line for line in err.splitlines() if line.startswith("harness: ")]
    assert len(err.splitlines()) == 1
    assert "character 21" in err
    assert "0123456789" not in err


def test_what_was_declared_for_an_image_is_cleaned_as_its_reply_is() -> None:
    told = Picture(
        digest="0" * 64,
        format="png",
        size_bytes=1,
        state="decoded",
        why=f"why {SENDABLE}",
        encoding=f"encoding {SENDABLE}",
        media_type=f"image/{SENDABLE}",
    )

    reply = Redactor({NAME: SENDABLE}).reply(Reply(status=200, pictures={"mark": told}))

    (kept,) = reply.pictures.values()
    assert (kept.why, kept.encoding, kept.media_type) == (
        f"why <{NAME}>",
        f"encoding <{NAME}>",
        f"image/<{NAME}>",
    )
