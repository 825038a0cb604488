"""Fluxo's endpoint, written from its page: it shares no code with the harness and no TOML.

What it does wrong is switched on by name, one thing at a time.
"""

import base64
import json
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "Key fluxo-key-4c1b9e77d0"
WORDS = {"square_hd": (768, 768), "portrait_4_3": (576, 768)}
PLACES = {
    "/fluxo/v1": {"extra", "prompt", "negative_prompt", "image_size", "num_images"},
    "/fluxo/v1/image-to-image": {"extra", "prompt", "negative_prompt", "image_size", "num_images"},
}

FAULTS = {
    "guidance_above": "a guidance_scale above 20 is served",
    "guidance_as_text": "a guidance_scale that is a text is served",
    "guidance_whole_only": "a guidance_scale with decimals is refused",
    "seed_below": "a negative seed is served",
    "seed_null_refused": "a seed of null is refused",
    "negative_prompt_long": "a negative_prompt of any length is served",
    "loras_any": "a lora that is not listed is served",
    "loras_many": "more loras than two are served",
    "loras_alone": "a lora without a list is served",
    "layout_as_text": "a layout that is a text of JSON is served",
    "safety_as_text": "a safety_checker that is a text is served",
    "size_turned": "width and height are exchanged",
    "size_off_step": "edges that are no multiple of 16 are served",
    "word_refused": "the word portrait_4_3 is refused",
    "acceleration_any": "an acceleration that is not listed is served",
    "strength_above": "a strength above 1 is served",
    "one_image": "one image comes, however many are asked for",
}


class RefusedError(Exception):
    """What a request is refused for: the key's name and the reason."""


@dataclass
class Fluxo:
    """What a server does wrong, and what it was asked."""

    faults: frozenset[str] = frozenset()
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Serve a request, or refuse it."""
        self.requests.append((path, body))
        try:
            width, height = self._checked(path, body)
        except RefusedError as wrong:
            name, reason = wrong.args
            detail = {"loc": ["body", name], "msg": f"{name}: {reason}", "type": "value_error"}
            return 422, {"detail": [detail]}
        number = 1 if "one_image" in self.faults else body.get("num_images", 1)
        if "size_turned" in self.faults:
            width, height = height, width
        drawn = (png(width, height, blue) for blue in range(number))
        return 200, {"images": [{"data": base64.b64encode(raw).decode()} for raw in drawn]}

    def _checked(self, path: str, body: dict[str, Any]) -> tuple[int, int]:
        self._check_text(body, "prompt", 2000, required=True)
        if body.get("negative_prompt") is not None:
            self._check_text(body, "negative_prompt", 500)
        self._check_whole(body, "num_images", 1, 4)
        self._check_seed(body)
        self._check_number(body, "guidance_scale", 1, 20)
        self._check_loras(body.get("extra", {}))
        self._check_choices(body)
        if path.endswith("/image-to-image"):
            self._check_number(body, "strength", 0, 1)
            address = body.get("image_url")
            if not isinstance(address, str) or not address.startswith(("http://", "https://")):
                raise RefusedError("image_url", "an address is required")
        else:
            self._check_layout(body.get("extra", {}))
        return self._size(body.get("image_size", "square_hd"))

    def _check_text(
        self, body: dict[str, Any], name: str, most: int, *, required: bool = False
    ) -> None:
        if name not in body:
            if required:
                raise RefusedError(name, "is required")
            return
        if not isinstance(body[name], str):
            raise RefusedError(name, "must be a string")
        if len(body[name]) > most and f"{name}_long" not in self.faults:
            raise RefusedError(name, f"at most {most} characters")

    def _check_whole(self, body: dict[str, Any], name: str, least: int, most: int) -> None:
        value = body.get(name, least)
        if type(value) is not int:
            raise RefusedError(name, "must be an integer")
        if not least <= value <= most:
            raise RefusedError(name, f"between {least} and {most}")

    def _check_seed(self, body: dict[str, Any]) -> None:
        if "seed" in body and body["seed"] is None and "seed_null_refused" not in self.faults:
            return
        least = -(10**12) if "seed_below" in self.faults else 0
        self._check_whole({"seed": 0, **body}, "seed", least, 2**32 - 1)

    def _check_number(self, body: dict[str, Any], name: str, least: int, most: int) -> None:
        value = body.get(name, most)
        lenient = name == "guidance_scale" and "guidance_as_text" in self.faults
        if isinstance(value, str) and lenient:
            try:
                value = float(value)
            except ValueError:
                raise RefusedError(name, "must be a number") from None
        if type(value) not in (int, float):
            raise RefusedError(name, "must be a number")
        if "guidance_whole_only" in self.faults and name.startswith("guidance") and value % 1:
            raise RefusedError(name, "must be a whole number")
        above = f"{name.partition('_')[0]}_above" in self.faults
        if value < least or (value > most and not above):
            raise RefusedError(name, f"between {least} and {most}")

    def _check_loras(self, extra: dict[str, Any]) -> None:
        loras = extra.get("loras", [])
        if isinstance(loras, str) and "loras_alone" in self.faults:
            loras = [loras]
        if not isinstance(loras, list) or not all(isinstance(name, str) for name in loras):
            raise RefusedError("loras", "must be a list of strings")
        if len(loras) > 2 and "loras_many" not in self.faults:
            raise RefusedError("loras", "at most 2")
        unknown = set(loras) - {"film", "ink", "clay"}
        if unknown and "loras_any" not in self.faults:
            raise RefusedError("loras", "no such lora")

    def _check_layout(self, extra: dict[str, Any]) -> None:
        layout = extra.get("layout", {})
        if isinstance(layout, str) and "layout_as_text" in self.faults:
            return
        if not isinstance(layout, dict):
            raise RefusedError("layout", "must be an object")

    def _check_choices(self, body: dict[str, Any]) -> None:
        safe = body.get("enable_safety_checker", True)
        as_text = "safety_as_text" in self.faults and str(safe).lower() in ("true", "false")
        if not isinstance(safe, bool) and not as_text:
            raise RefusedError("enable_safety_checker", "must be a boolean")
        chosen = body.get("acceleration", "none")
        lenient = "acceleration_any" in self.faults and isinstance(chosen, str)
        if chosen not in ("none", "regular", "high") and not lenient:
            raise RefusedError("acceleration", "none, regular or high")

    def _size(self, given: object) -> tuple[int, int]:
        if isinstance(given, str):
            refused = given == "portrait_4_3" and "word_refused" in self.faults
            if given not in WORDS or refused:
                raise RefusedError("image_size", "no such size")
            return WORDS[given]
        if not isinstance(given, dict) or {type(edge) for edge in given.values()} != {int}:
            raise RefusedError("image_size", "must be a word, or a width and a height")
        if set(given) != {"width", "height"}:
            raise RefusedError("image_size", "must have a width and a height")
        wide, high = given["width"], given["height"]
        if (wide % 16 or high % 16) and "size_off_step" not in self.faults:
            raise RefusedError("width", "multiples of 16")
        if min(wide, high) < 1 or max(wide, high) > 1024 or max(wide, high) > 4 * min(wide, high):
            raise RefusedError("image_size", "too long, or too narrow")
        if not 65_536 <= wide * high <= 786_432:
            raise RefusedError("image_size", "too few pixels, or too many")
        return wide, high


@cache
def png(width: int, height: int, blue: int = 0) -> bytes:
    """A PNG of one colour."""
    rows = (b"\0" + bytes((0x30, 0x60, blue)) * width) * height
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 1)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@contextmanager
def serving(fluxo: Fluxo) -> Iterator[str]:
    """Serve on loopback, and return the base URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Authorization") != KEY:
                detail = {"loc": ["header", "authorization"], "msg": "no valid key", "type": "auth"}
                self._send(401, {"detail": [detail]})
            elif self.path not in PLACES:
                self._send(404, {"detail": [{"loc": ["path"], "msg": "no such path", "type": "x"}]})
            else:
                self._send(*fluxo.answer(self.path, json.loads(raw)))

        def _send(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
