"""A small sub2api on loopback whose texts and numbers are hostile, one after the other."""

import base64
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Lock, Thread

from PIL import Image

HOSTILE: tuple[str, ...] = (
    *("NaN", "Infinity", "-Infinity", "1e999999", "-1e9", "1e400", "-0.0", "1e-999999"),
    *(
        "9" * 400,
        "-" + "9" * 400,
        "9" * 5000,
        "0." + "1" * 5000,
        "-1",
        "1e12",
        "18446744073709551616",
    ),
    *("null", "true", "[]", "{}", "[[[[]]]]", '{"a":{"b":[1e999]}}', "[" * 70 + "]" * 70),
    *(f'"{text}"' for text in ("", "1e999999", "-1e9", "1e9x1e9", "9" * 5000, "NaN", "free")),
    *(
        f'"{text}"'
        for text in ("\\ud800", "x\\udfffy", "\\u0000", "a\\u0000b", "\\u0001\\u001b[2J")
    ),
    *(
        f'"{text}"'
        for text in ("\\u202eevil", "\\u2028\\u2029", "\\ufffe\\uffff", "\\u0085\\u009b31m")
    ),
    *(f'"{text}"' for text in ("]]>", "<script>alert(1)</script>", "&#0;", "`rm -rf`", "$(id)")),
    *(
        f'"{text}"'
        for text in ("'; id; '", '\\"; id', "\\\\\\n\\r\\t", "=1+1", "@SUM(A1)", "| a | b |")
    ),
    *(
        f'"{text}"'
        for text in ("x" * 5000, "\U0001f30a" * 300, "\\ud83c\\udf0a", "../../etc/passwd")
    ),
    *(f'"{text}"' for text in ("http://", "http://[::1", "javascript:alert(1)", "data:,", "//x/y")),
    *(
        f'"{text}"'
        for text in ("{{7*7}}", "{% raw %}", "%s%n", "\\u0007", "---\\n...", "!!python/x")
    ),
)
"""Values as JSON spells them, or as no JSON can."""

HEADERS = (
    *(
        ("retry-after", value)
        for value in ("1e999", "-5", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT")
    ),
    *(("openai-processing-ms", value) for value in ("9" * 5000, "-1", "NaN", "\xb2", "1e9")),
    *(("x-ratelimit-reset", value) for value in ("9" * 400, "1e999s", "-1")),
    *(("date", value) for value in ("Thu, 01 Jan 0000 00:00:00 GMT", "x", "\xff")),
)


def _png() -> str:
    raw = io.BytesIO()
    Image.new("RGB", (1024, 1024), (9, 99, 199)).save(raw, "PNG")
    return base64.b64encode(raw.getvalue()).decode()


IMAGE = _png()
PLACES = ("created", "model", "size", "quality", "output_format", "background", "extra")
USAGE = ("input_tokens", "output_tokens", "total_tokens", "input_tokens_details")
WHOLE = ("usage", "data", "b64")


def served(number: int) -> str:
    """Return a reply that is right but for some places."""
    odd = [HOSTILE[(number * 7 + step) % len(HOSTILE)] for step in range(3)]
    fields = {
        "created": "1767225600",
        "size": '"1024x1024"',
        "quality": '"low"',
        "output_format": '"png"',
        "background": '"opaque"',
    }
    usage = {"input_tokens": "10", "output_tokens": "20", "total_tokens": "30"}
    fields[PLACES[number % len(PLACES)]] = odd[0]
    usage[USAGE[number % len(USAGE)]] = odd[1]
    fields["usage"] = "{" + ",".join(f'"{key}":{value}' for key, value in usage.items()) + "}"
    image = odd[2] if number % 5 == 0 else f'"{IMAGE}"'
    fields["data"] = f'[{{"b64_json":{image},"revised_prompt":{odd[2]}}}]'
    if number % 11 == 0:
        fields[("usage", "data")[number % 2]] = odd[1]
    return "{" + ",".join(f'"{key}":{value}' for key, value in fields.items()) + "}"


def refused(number: int) -> str:
    """Return an error in the provider's envelope, its words hostile."""
    odd = [HOSTILE[(number * 5 + step) % len(HOSTILE)] for step in range(4)]
    names = ("message", "type", "param", "code")
    keys = dict(zip(names, odd, strict=True))
    if number % 3 == 0:
        keys["message"] = '"invalid"'
    return '{"error":{' + ",".join(f'"{key}":{value}' for key, value in keys.items()) + "}}"


@contextmanager
def hostile_provider() -> Iterator[str]:
    """Serve until the block ends; yield the address."""
    numbers, lock = count(1), Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            with lock:
                number = next(numbers)
            try:
                valid = json.loads(raw).get("n", 1) in range(1, 11)
            except (ValueError, AttributeError, TypeError):
                valid = False
            status, text = (200, served(number)) if valid and number % 4 else (400, refused(number))
            body = text.encode("utf-8", "surrogatepass")
            name, value = HEADERS[number % len(HEADERS)]
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
