"""Ways in which a provider can lead us to a private address, each tried with a real run.

    python tests/benchmarks/addresses.py [--way NAME ...] [--write]

Each way is one `harness run --against live` at a server like Buble that hands out such an address
for its result, in a network namespace (`unshare`, loopback only) in which all those addresses
exist: no packet leaves the machine. The server notes at which of them it was connected to. The same
run with `--allow-private` shows that the way leads there where nothing refuses it. `--write` writes
the table to `tests/benchmarks/addresses.md`. Exits with 1 where a way was open without the flag, or
shut with it.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from tests.runner.slowshop import Shop

PAGE = Path(__file__).with_suffix(".md")
API, CDN, INSIDE, METADATA = "93.184.216.34", "151.101.1.69", "10.0.0.5", "169.254.169.254"
PUBLIC = (API, CDN)
ADDRESSES = (*PUBLIC, INSIDE, METADATA)
PORT = 8080
NAMES = {"api.test": API, "cdn.test": CDN, "inside.test": INSIDE, "localhost": "127.0.0.1"}
REBOUND = "rebound.test"
HOSTS = Path("/etc/hosts")
JOIN = ("unshare", "--map-root-user", "--net", "--mount")
HEAD = (
    "way",
    "the result's address",
    "connections to it",
    "with `--allow-private`",
    "what it says",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """An address that a reply names, where it redirects to, and what a name leads to later."""

    name: str
    address: str
    location: str = ""


WAYS = (
    Way(name="literal", address=f"http://{INSIDE}:{PORT}/image.png"),
    Way(name="metadata", address=f"http://{METADATA}:{PORT}/latest/meta-data/"),
    Way(name="a name that leads inside", address=f"http://inside.test:{PORT}/image.png"),
    Way(
        name="redirect",
        address=f"http://cdn.test:{PORT}/moved",
        location=f"http://{INSIDE}:{PORT}/image.png",
    ),
    Way(name="IPv4-mapped", address=f"http://[::ffff:{INSIDE}]:{PORT}/image.png"),
    Way(name="DNS rebinding", address=f"http://{REBOUND}:{PORT}/image.png"),
    Way(name="decimal", address=f"http://2130706433:{PORT}/image.png"),
    Way(name="hexadecimal", address=f"http://0x7f.1:{PORT}/image.png"),
    Way(name="unspecified", address=f"http://0.0.0.0:{PORT}/image.png"),
    Way(name="IPv6 loopback", address=f"http://[::1]:{PORT}/image.png"),
    Way(name="localhost", address=f"http://localhost:{PORT}/image.png"),
    Way(name="user information", address=f"http://api.test@127.0.0.1:{PORT}/image.png"),
)


@dataclass(slots=True)
class Leading(Shop):
    """A shop whose job is done, with its image at the end of a way; notes who was connected to."""

    way: Way = WAYS[0]
    connected: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        """As a shop; the first fetch from a name that is rebound is answered "not yet"."""
        if path == "/image.png" and self.way.name == "DNS rebinding" and not self.downloads:
            self.downloads += 1
            _write_hosts(rebound="127.0.0.1")
            return 404, "text/plain", b"not yet"
        status, media_type, raw = Shop.answer(self, method, path, body)
        if b'"images"' in raw:
            document: dict[str, Any] = json.loads(raw)
            document["data"]["result"]["images"] = [{"url": self.way.address}]
            raw = json.dumps(document).encode()
        return status, media_type, raw

    @property
    def inside(self) -> int:
        """How often an address was connected to that is not public."""
        return sum(address not in PUBLIC for address in self.connected)


def _write_hosts(*, rebound: str) -> None:
    lines = [f"{address} {name}" for name, address in {**NAMES, REBOUND: rebound}.items()]
    HOSTS.write_text("\n".join([*lines, ""]), encoding="utf-8")


@contextmanager
def _open(shop: Leading) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def setup(self) -> None:
            super().setup()
            address = self.connection.getsockname()[0]
            shop.connected.append(address.removeprefix("::ffff:"))

        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            status, media_type, raw = shop.answer(self.command, self.path, body)
            moved = self.path == "/moved"
            self.send_response(302 if moved else status)
            if moved:
                self.send_header("location", shop.way.location)
            self.send_header("content-type", media_type)
            self.send_header("content-length", str(len(raw)))
            self.send_header("connection", "close")  # a kept one would not be rebound
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = _reply  # noqa: N815 - the names that http.server looks for

        def log_message(self, *arguments: object) -> None:
            del arguments

    class Everywhere(ThreadingHTTPServer):
        address_family = socket.AF_INET6
        daemon_threads = True

        def server_bind(self) -> None:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            super().server_bind()

    server = Everywhere(("::", PORT), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _run(way: Way, *flags: str) -> tuple[int, str, int]:
    """Run once; return how often we connected inside, what the records say, and the exit code."""
    _write_hosts(rebound=CDN)
    shop = Leading(state="success", way=way)
    with tempfile.TemporaryDirectory() as folder, _open(shop):
        out = Path(folder) / "run"
        environment = {**os.environ, "BUBLE_API_KEY": "sk-none-of-anybodys-0000000000"}
        done = subprocess.run(
            [
                *(sys.executable, "-m", "harness", "run", "--against", "live"),
                *("--provider", "buble", "--base-url", f"buble=http://api.test:{PORT}"),
                *("--operation", "generate", "--quick", "--max-images", "1"),
                *("--max-requests", "8", "--concurrency", "1", "--out", str(out), *flags),
            ],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        journal = (out / "journal.jsonl").read_text(encoding="utf-8") if out.exists() else ""
    return shop.inside, _sentence(journal) or done.stderr.strip()[-200:], done.returncode


def _sentence(journal: str) -> str:
    """Return why a result was not fetched: the first text that names the flag."""
    end = journal.find("--allow-private")
    return journal[journal.rfind('"', 0, end) + 1 : end + len("--allow-private")] if end > 0 else ""


def _inside(names: Sequence[str]) -> list[list[str]]:
    """Try these ways; call it in a namespace of its own."""
    for command in (
        ("ip", "link", "set", "lo", "up"),
        *(("ip", "address", "add", f"{address}/32", "dev", "lo") for address in ADDRESSES),
    ):
        subprocess.run(command, check=True)
    with tempfile.NamedTemporaryFile() as hosts:
        subprocess.run(["mount", "--bind", hosts.name, str(HOSTS)], check=True)  # noqa: S607
        rows: list[list[str]] = []
        for way in WAYS:
            if way.name not in names:
                continue
            shut, sentence, code = _run(way)
            opened, _, _ = _run(way, "--allow-private")
            leads = f"`{way.address}`" + (f" to `{way.location}`" if way.location else "")
            rows.append([way.name, leads, str(shut), str(opened), f"{sentence} (exit {code})"])
            print(rows[-1], file=sys.stderr, flush=True)  # noqa: T201
        subprocess.run(["umount", str(HOSTS)], check=True)  # noqa: S607
    return rows


def _page(rows: list[list[str]]) -> str:
    lines = ["# Private addresses", "", "    python tests/benchmarks/addresses.py --write", ""]
    shut, opened = sum(row[2] == "0" for row in rows), sum(row[3] != "0" for row in rows)
    lines += [
        f"{shut} of {len(rows)} ways refused; {opened} lead inside with `--allow-private`.",
        "",
        f"| {' | '.join(HEAD)} |",
        "|" + "---|" * len(HEAD),
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    return "\n".join([*lines, ""])


def main() -> int:
    """Try all ways in a namespace of their own, and show the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--way", action="append", metavar="NAME", choices=[w.name for w in WAYS])
    options = parser.parse_args()
    names = options.way or [way.name for way in WAYS]
    if options.inside:
        print(json.dumps(_inside(names)))  # noqa: T201
        return 0
    done = subprocess.run(
        [*JOIN, sys.executable, __file__, "--inside", *(f"--way={name}" for name in names)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    rows = json.loads(done.stdout)
    text = _page(rows)
    print(text)  # noqa: T201
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    return 0 if all(row[2] == "0" != row[3] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
