"""Recordings of others, in every format, whose key stands nowhere but in them."""

import base64
import json
import random
from typing import Any

import yaml

from tests.secrecy.echoing import Echo
from tests.secrecy.planting import PERSONAL, SIGNED, key, png, secret_values

ADDRESS = "https://gateway.example.io/v1/images/generations"


def _body(at: int) -> str:
    return json.dumps(
        {"model": "gpt-image-2", "prompt": f"a cat, number {at}", "size": "1024x1024"}
    )


def _replies(echo: Echo, secret: str, count: int) -> list[tuple[int, str]]:
    replies: list[tuple[int, str]] = []
    for at in range(count):
        texts = echo.all_spellings(secret)
        image = base64.b64encode(png(echo.dice)).decode()
        served: dict[str, Any] = {"created": 1, "data": [{"b64_json": image}], "echo": texts}
        error = {
            "error": {"message": " | ".join(texts.values()), "type": "invalid", "code": secret}
        }
        replies.append((200, json.dumps(served)) if at % 2 else (400, json.dumps(error)))
    return replies


def har(echo: Echo, count: int) -> tuple[str, str]:
    """A HAR file of `count` exchanges, and its key: in a header, a query and a body by turns."""
    secret = key(echo.dice)
    entries = []
    for at, (status, text) in enumerate(_replies(echo, secret, count)):
        signed = echo.dice.choice([*SIGNED.values()])(echo.dice)
        echo.secrets += secret_values(signed)
        cookie = PERSONAL["jwt"](echo.dice)
        echo.secrets.append(cookie)
        where = [{"name": "Authorization", "value": f"Bearer {secret}"}]
        request = {
            "method": "POST",
            "url": f"{ADDRESS}?{signed}",
            "headers": [
                *(where if at % 3 == 0 else []),
                {"name": "Content-Type", "value": "application/json"},
                {"name": "Cookie", "value": f"session={cookie}"},
                {"name": "X-Echo", "value": secret},
            ],
            "queryString": [{"name": "api_key", "value": secret}],
            "cookies": [{"name": "session", "value": cookie}],
            "postData": {"mimeType": "application/json", "text": _body(at)},
        }
        headers = [
            {"name": "Content-Type", "value": "application/json"},
            {"name": "Server", "value": f"gateway for {secret}"},
            {"name": "OpenAI-Organization", "value": PERSONAL["organisation"](echo.dice)},
        ]
        echo.secrets.append(headers[-1]["value"])
        content = {"mimeType": "application/json", "size": len(text), "text": text}
        response = {"status": status, "headers": headers, "content": content, "statusText": secret}
        entries.append({"request": request, "response": response, "time": 9.0})
    document = {"log": {"version": "1.2", "creator": {"name": "browser"}, "entries": entries}}
    return json.dumps(document), secret


def vcr(echo: Echo, count: int, *, ruby: bool) -> tuple[str, str]:
    """A cassette of vcrpy or of Ruby's VCR, and its key."""
    secret = key(echo.dice)
    interactions = []
    for at, (status, text) in enumerate(_replies(echo, secret, count)):
        sent: Any = {"encoding": "UTF-8", "string": _body(at)} if ruby else _body(at)
        request = {
            "method": "post" if ruby else "POST",
            "uri": ADDRESS,
            "headers": {"Content-Type": ["application/json"], "X-Api-Key": [secret]},
            "body": sent,
        }
        code = {"code": status, "message": "x"}
        back: Any = {"encoding": "UTF-8", "string": text} if ruby else {"string": text}
        headers = {"Content-Type": ["application/json"], "Set-Cookie": [f"s={secret}"]}
        response = {"status": code, "headers": headers, "body": back}
        interactions.append({"request": request, "response": response})
    name = "http_interactions" if ruby else "interactions"
    version = {"recorded_with": "VCR 6.2.0"} if ruby else {"version": 1}
    return yaml.safe_dump({name: interactions, **version}, allow_unicode=True), secret


def fresh(seed: int) -> Echo:
    """What counts and keeps the secrets of a recording."""
    return Echo(random.Random(seed))
