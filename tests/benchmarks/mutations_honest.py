"""Honest recordings: what the emulator answers on loopback, as if the providers' hosts had.

Images are painted anew, each differently, and stand at addresses of their own, because the
emulator draws equal images for equal requests.
"""

import base64
import io
import json
import secrets
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import httpx
from PIL import Image

from harness.runner.endpoints import emulator_process
from tests.benchmarks.mutations_calls import EDITS, JSON_CALLS, Body
from tests.benchmarks.mutations_tape import Tape, Taped, put_at, texts_of
from tests.loopback import loopback

HOSTS = {
    "sub2api": "https://gateway.example.org",
    "openai": "https://api.openai.com",
    "nanobanana": "https://api.nanobananaapi.dev",
    "aimlapi": "https://api.aimlapi.com",
    "buble": "https://buble.ai",
    "apiframe": "https://api.apiframe.ai",
}
CDN = {
    "nanobanana": "https://cdn.nanobananaapi.dev/results",
    "aimlapi": "https://cdn.aimlapi.com/generations",
    "buble": "https://files.buble.ai/out",
    "apiframe": "https://cdn.apiframe.ai/jobs",
}
SUBJECTS = (
    *("paper kite", "brass kettle", "stone bridge", "red canoe", "barn owl", "tin robot"),
    *("maple leaf", "sand dune", "blue teapot", "wool scarf", "old harbour", "steam train"),
)
BEGUN = datetime(2026, 9, 1, 10, 0, 0, tzinfo=UTC)
POLLS_AT_MOST = 40

MODELS = {"buble": "openai/gpt-image-2", "aimlapi": "openai/gpt-image-2"}


def recorded(
    seed: int, providers: Collection[str] = tuple(HOSTS), *, every: int = 1
) -> dict[str, list[list[Taped]]]:
    """Return the providers' calls; a call is a submission with its polls and downloads.

    Of the calls, each `every`-th is made.
    """
    with emulator_process(time_scale=0.0005, seed=seed) as served:
        return {
            name: _Recorder(name, served[name], Random(f"{seed}/{name}")).calls(every)
            for name in providers
        }


class _Recorder:
    """Asks the emulator of one provider and writes down what goes over the wire."""

    def __init__(self, provider: str, address: str, rng: Random) -> None:
        self._provider, self._address, self._rng = provider, address, rng
        self._key = f"{'afk_' if provider == 'apiframe' else 'sk-'}{secrets.token_hex(24)}"
        self._clock, self._call, self._client = BEGUN, 0, loopback()
        self._places: dict[str, tuple[str, bytes]] = {}

    def calls(self, every: int) -> list[list[Taped]]:
        makes: list[Callable[[], list[Taped]]] = [
            partial(self._asked, path, body) for path, body in JSON_CALLS[self._provider]
        ]
        makes += [
            partial(self._edited, fields, names) for fields, names in EDITS.get(self._provider, ())
        ]
        makes += [self._uploaded] if self._provider == "buble" else []
        found = []
        for self._call, make in enumerate(makes[::every]):
            found.append(make())
        self._client.close()
        return found

    def _prompt(self) -> str:
        subject = SUBJECTS[self._call % len(SUBJECTS)]
        return f"A {subject} in soft morning light, number {self._call} ☂ détail"

    def _asked(self, path: str, body: Body) -> list[Taped]:
        model = MODELS.get(self._provider, "gpt-image-2")
        words = {"model": model, "prompt": self._prompt()}
        if path.endswith("/responses"):
            words = {"model": "gpt-5.4", "input": self._prompt()}
        if self._provider == "buble":
            words["mode"] = "image_to_image" if "image_urls" in body else "text_to_image"
        raw = json.dumps({**words, **body}, ensure_ascii=False).encode()
        first = self._sent("POST", path, raw, "application/json", role="submit")
        return self._followed(first)

    def _edited(self, fields: dict[str, str], names: tuple[str, ...]) -> list[Taped]:
        model = MODELS.get(self._provider, "gpt-image-2")
        words = {"model": model, "prompt": self._prompt(), **fields}
        images: list[tuple[str, tuple[str, bytes, str]]] = [
            (name, (f"in-{at}.png", painted(256, 256, "png", self._rng), "image/png"))
            for at, name in enumerate(names)
        ]
        request = httpx.Request("POST", "http://x/", data=words, files=images)
        raw, kind = request.read(), request.headers["content-type"]
        return self._followed(self._sent("POST", "/v1/images/edits", raw, kind, role="submit"))

    def _uploaded(self) -> list[Taped]:
        fields = {"file_type": "image", "model": MODELS["buble"], "mode": "image_to_image"}
        image = ("in.png", painted(256, 256, "png", self._rng), "image/png")
        request = httpx.Request("POST", "http://x/", data=fields, files={"file": image})
        raw, kind = request.read(), request.headers["content-type"]
        upload = self._sent("POST", "/api/v1/files", raw, kind, role="upload")
        address = upload.document["data"]["url"]
        return [upload, *self._asked("/api/v1/generations", {"image_urls": [address]})]

    def _sent(self, method: str, path: str, raw: bytes, kind: str, *, role: str) -> Taped:
        sent = {"Accept": "application/json", "User-Agent": "python-httpx/0.28.1"}
        sent |= {"Content-Type": kind} if kind else {}
        name, lead = ("X-API-Key", "") if self._provider == "apiframe" else ("Authorization", "B")
        real = raw.replace(HOSTS[self._provider].encode(), self._address.encode())
        answer = self._client.request(
            method,
            self._address + path,
            content=real,
            headers={**sent, name: f"{'Bearer ' if lead else ''}{self._key}"},
        )
        took = 90.0 if role in ("poll", "upload") else 6000.0 + self._rng.randrange(3000)
        begun = self._clock
        self._clock += timedelta(milliseconds=took + 1000)
        taped = Taped(
            method=method,
            url=HOSTS[self._provider] + path,
            sent=[*sent.items(), (name, f"{'Bearer ' if lead else ''}{self._key}")],
            asked=raw,
            status=answer.status_code,
            reason=answer.reason_phrase,
            headers=[(key, value) for key, value in answer.headers.items() if key != "date"],
            body=answer.content.replace(self._address.encode(), HOSTS[self._provider].encode()),
            at=begun,
            ms=took,
            role=role,
            call=self._call,
        )
        taped.headers.append(("Date", self._clock.strftime("%a, %d %b %Y %H:%M:%S GMT")))
        self._repaint(taped)
        taped.replace(taped.body)
        return taped

    def _followed(self, first: Taped) -> list[Taped]:
        taped = [first]
        if self._provider in CDN and first.status < 300:
            document = first.document
            if self._provider in ("buble", "apiframe"):
                taped += self._polls(document)
                document = taped[-1].document
            for _, text in texts_of(document):
                if text in self._places:
                    taped.append(self._download(text))
        return taped

    def _polls(self, document: Any) -> list[Taped]:  # noqa: ANN401 - JSON
        if self._provider == "buble":
            path = f"/api/v1/generations/{document['data']['id']}"
        else:
            path = f"/v2/jobs/{document['jobId']}"
        taped: list[Taped] = []
        word = ""
        while word not in ("success", "failed", "COMPLETED", "FAILED"):
            assert len(taped) < 2000, "the job never ends"
            taped.append(self._sent("GET", path, b"", "", role="poll"))
            told = taped[-1].document
            word = str(told.get("data", told)["status"])
        # A client polls every few seconds: a handful of polls stands in the file.
        kept = taped[:: max(1, len(taped) // 4)]
        return kept if kept[-1] is taped[-1] else [*kept, taped[-1]]

    def _download(self, place: str) -> Taped:
        body = self._places[place][1]
        kind = self._places[place][0]
        begun, self._clock = self._clock, self._clock + timedelta(milliseconds=700)
        return Taped(
            method="GET",
            url=place,
            sent=[("Accept", "*/*"), ("User-Agent", "python-httpx/0.28.1")],
            asked=b"",
            status=200,
            reason="OK",
            headers=[
                ("Content-Type", f"image/{kind}"),
                ("Content-Length", str(len(body))),
                ("Date", self._clock.strftime("%a, %d %b %Y %H:%M:%S GMT")),
            ],
            body=body,
            at=begun,
            ms=450.0,
            role="download",
            call=self._call,
        )

    def _repaint(self, taped: Taped) -> None:
        """Paint every image of a reply anew, each differently."""
        if taped.is_stream:
            known: dict[str, str] = {}
            events = []
            for name, data in taped.events():
                document = json.loads(data)
                self._paint(document, known)
                events.append((name, json.dumps(document, separators=(",", ":"))))
            taped.stream(events)
        elif (document := taped.document) is not None:
            self._paint(document, None)
            taped.body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()

    def _paint(self, document: Any, known: dict[str, str] | None) -> None:  # noqa: ANN401 - JSON
        for at, text in list(texts_of(document)):
            if "/cdn/" in text and text.startswith("http") and self._provider in CDN:
                raw = self._client.get(self._address + "/cdn/" + text.rpartition("/")[2]).content
                new, kind = repainted(raw, self._rng)
                word = f"{self._rng.getrandbits(64):016x}"
                place = f"{CDN[self._provider]}/{word}.{kind}"
                self._places[place] = kind, new
                put_at(document, at, place)
            elif len(text) > 200 and (raw := _image_in(text)):
                new_text = (known or {}).get(text)
                if new_text is None:
                    new_text = base64.b64encode(repainted(raw, self._rng)[0]).decode()
                if known is not None:
                    known[text] = new_text
                put_at(document, at, new_text)


def _image_in(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        return b""
    return raw if raw.startswith((b"\x89PNG", b"\xff\xd8", b"RIFF")) else b""


def repainted(raw: bytes, rng: Random) -> tuple[bytes, str]:
    """Return another image of the same format, size and transparency, and its format's name."""
    with Image.open(io.BytesIO(raw)) as image:
        image.load()
        kind = (image.format or "").lower()
        clear = (
            image.mode == "RGBA"
            and image.getchannel("A").histogram()[255] < image.width * image.height
        )
        return painted(image.width, image.height, kind, rng, clear=clear), kind


def painted(width: int, height: int, kind: str, rng: Random, *, clear: bool = False) -> bytes:
    """Return an image of coloured tiles, which no other image of this run has."""
    tiles = Image.new("RGB", (12, 12))
    tiles.putdata(
        [(rng.randrange(256), rng.randrange(256), rng.randrange(256)) for _ in range(144)]
    )
    image = tiles.resize((width, height), Image.Resampling.NEAREST)
    if clear:
        image.putalpha(Image.new("L", (12, 12), 255).resize((width, height)))
        image.putalpha(_hole(width, height))
    out = io.BytesIO()
    options: dict[str, Any] = {"quality": 60} if kind == "jpeg" else {}
    options |= {"lossless": True, "method": 0} if kind == "webp" else {}
    options |= {"compress_level": 3} if kind == "png" else {}
    image.save(out, kind, **options)
    return out.getvalue()


def _hole(width: int, height: int) -> Image.Image:
    small = Image.new("L", (8, 8), 255)
    small.paste(0, (0, 0, 4, 4))
    return small.resize((width, height), Image.Resampling.NEAREST)


def honest(calls: dict[str, list[list[Taped]]], seed: int) -> list[Tape]:
    """Return honest tapes: each call alone, and files of two to four calls of a provider."""
    rng, tapes = Random(f"honest/{seed}"), []
    for provider, own in calls.items():
        for number, call in enumerate(own):
            tapes.append(_tape(provider, [call], f"{provider}-{number}"))
        for number in range(len(own)):
            several = rng.sample(own, min(len(own), rng.randint(2, 4)))
            several.sort(key=lambda call: call[0].at)
            tapes.append(_tape(provider, several, f"{provider}-several-{number}"))
    return tapes


def _tape(provider: str, calls: list[list[Taped]], name: str) -> Tape:
    tape = Tape(provider=provider, name=name, exchanges=[each for call in calls for each in call])
    tape.calls = tuple(str(call[0].call) for call in calls)
    return tape.copy()
