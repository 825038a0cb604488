"""A provider that puts secrets wherever a reply has room for them, over a real socket."""

import asyncio
import base64
import json
import random
from dataclasses import dataclass, field
from urllib.parse import quote

from tests.runner.hostile import Received, chunked, http
from tests.secrecy.planting import (
    DATA_SPELLINGS,
    PERSONAL,
    SIGNED,
    SPELLINGS,
    images,
    png,
    secret_values,
)


@dataclass(slots=True)
class Echo:
    """Answers as sub2api does; `planted` counts what was sent, `secrets` are not to be read."""

    dice: random.Random
    planted: int = 0
    asked: int = 0
    fetched: int = 0
    secrets: list[str] = field(default_factory=list)
    addresses: dict[str, str] = field(default_factory=dict)

    async def __call__(self, request: Received, writer: asyncio.StreamWriter) -> None:
        if request.method == "GET":
            writer.write(self._download(request.target))
            return
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        host = "{}:{}".format(*writer.get_extra_info("sockname")[:2])
        replies = (
            self._served, self._refused, self._signed, self._page, self._stream,
            self._in_images, self._cut, self._pieces,
        )  # fmt: skip
        reply = replies[self.asked % len(replies)](key, host)
        self.asked += 1
        writer.write(reply)

    def all_spellings(self, key: str) -> dict[str, str]:
        """The key in every spelling, and personal data in one each."""
        texts = {name: spell(key) for name, spell in SPELLINGS.items()}
        for name, make in PERSONAL.items():
            secret, spelling = make(self.dice), self.dice.choice(DATA_SPELLINGS)
            self.secrets.append(secret)
            texts[f"{name}, {spelling}"] = SPELLINGS[spelling](secret)
        self.planted += len(texts)
        return texts

    def headers(self, key: str) -> tuple[str, ...]:
        texts = self.all_spellings(key)
        plain = {
            name: text for name, text in texts.items() if text.isprintable() and text.isascii()
        }
        echoed = (f"X-Echo-{at}: {text}" for at, text in enumerate(plain.values()))
        return (
            "Content-Type: application/json",
            f"Server: echo ({texts['plain']})",
            f"X-Request-Id: {texts['base64']}",
            f"Retry-After: {texts['hexadecimal']}",
            f"X-RateLimit-{texts['plain']}: {texts['percent, every letter']}",
            f"Set-Cookie: session={texts['plain']}; Path=/",
            f"OpenAI-Organization: {self._personal('organisation')}",
            f"Location: /?key={texts['percent']}",
            *echoed,
        )

    def _personal(self, name: str) -> str:
        secret = PERSONAL[name](self.dice)
        self.secrets.append(secret)
        self.planted += 1
        return secret

    def _image(self) -> str:
        return base64.b64encode(png(self.dice)).decode()

    def _served(self, key: str, _host: str) -> bytes:
        words, fields = self.all_spellings(key), self.all_spellings(key)
        names, prompts = self.all_spellings(key), self.all_spellings(key)
        document = {
            "created": 1,
            "data": [
                {"b64_json": self._image(), "revised_prompt": f"a cat {list(prompts.values())}"}
            ],
            "echo": words,
            "deep": [[[{"at": text}] for text in fields.values()]],
            "names": {text: name for name, text in names.items()},
            "user_email": self._personal("mail"),
            "organization": self._personal("organisation"),
            "account_id": "4711471147",
            "api_key": self._personal("foreign key"),
            "bytes": list(key.encode()),
        }
        self.secrets.append("4711471147")
        return http(document, headers=self.headers(key))

    def _refused(self, key: str, _host: str) -> bytes:
        message = " | ".join(self.all_spellings(key).values())
        codes = list(self.all_spellings(key).values())
        error = {"message": message, "type": codes, "param": key, "code": key}
        return http({"error": error}, status="400 Bad Request", headers=self.headers(key))

    def _signed(self, _key: str, host: str) -> bytes:
        name, make = self.dice.choice([*SIGNED.items()])
        query = make(self.dice)
        self.secrets += secret_values(query)
        self.planted += 1
        target = f"/files/{len(self.addresses)}.png?w=1&{query}"
        self.addresses[target] = name
        return http({"created": 1, "data": [{"url": f"http://{host}{target}"}]})

    def _download(self, target: str) -> bytes:
        """Serve an image to who has the whole address, its signature included."""
        if target not in self.addresses:
            return http("no such file", status="403 Forbidden")
        self.fetched += 1
        return http(png(self.dice), headers=("Content-Type: image/png",))

    def _page(self, key: str, _host: str) -> bytes:
        page = "<html>" + "".join(f"<p>{text}</p>" for text in self.all_spellings(key).values())
        headers = (*self.headers(key)[1:], "Content-Type: text/html")
        return http(page, status="404 Not Found", headers=headers)

    def _stream(self, key: str, _host: str) -> bytes:
        events = [
            f"event: echo\ndata: {json.dumps({'type': 'echo', 'text': text})}\n\n"
            for text in self.all_spellings(key).values()
        ]
        events += [f"event: {key}\ndata: {key}\n\n", f": {key}\n\nid: {key}\ndata: 1\n\n"]
        events += [
            f"event: delta\ndata: {json.dumps({'type': 'delta', 'delta': key[at : at + 3]})}\n\n"
            for at in range(0, len(key), 3)
        ]
        self.planted += 3
        raw = "".join(events).encode("utf-8", "surrogatepass")
        chunks = [raw[at : at + 7] for at in range(0, len(raw), 7)]
        return chunked(*chunks, headers=("Content-Type: text/event-stream",))

    def _in_images(self, key: str, _host: str) -> bytes:
        all_images = [*images(key, self.dice).values()]
        raw = all_images[self.asked // 8 % len(all_images)]
        self.planted += 1
        data = {"b64_json": base64.b64encode(raw).decode()}
        return http({"created": 1, "data": [data]}, headers=self.headers(key))

    def _cut(self, key: str, _host: str) -> bytes:
        return http({"echo": self.all_spellings(key)}, headers=self.headers(key), length=10_000_000)

    def _pieces(self, key: str, _host: str) -> bytes:
        words = [key[at : at + 4] for at in range(0, len(key), 4)]
        output = [{"type": "text", "text": word} for word in words]
        place = f"/?key={quote(key, safe='')}"
        document = {"words": words, "output": output, "next": place, "error": {"message": place}}
        self.planted += 3
        return http(document, status="400 Bad Request", headers=self.headers(key))
