"""The real command against a small server of its own kind, odd in one way at a time."""

import asyncio
import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from harness.cli.main import status
from harness.emulator import validate

Answer = tuple[int, dict[str, str], bytes]
KEY = "afk_0123456789abcdef"
NEVER = "00000000-0000-4000-8000-000000000000"


def _json(status_code: int, document: object, **headers: str) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return status_code, {"content-type": "application/json", **named}, json.dumps(document).encode()


def encoded(kind: str, *, clear: bool) -> bytes:
    """A small image whose corner is clear, where its format can show that."""
    image = Image.new("RGBA", (64, 64), (10, 20, 30, 255))
    if clear:
        image.putpixel((0, 0), (0, 0, 0, 0))
    out = io.BytesIO()
    (image.convert("RGB") if kind == "jpeg" else image).save(out, kind, lossless=True)
    return out.getvalue()


@dataclass(slots=True)
class OddApiframe:
    """Speaks like Apiframe and keeps its documents, but for one `oddity`."""

    oddity: str = ""
    url: str = ""
    bodies: list[Any] = field(default_factory=list)
    polls: dict[str, int] = field(default_factory=dict)
    fetched: set[str] = field(default_factory=set)
    keys: dict[str, str] = field(default_factory=dict)
    turned_away: int = 0

    def answer(self, method: str, path: str, body: bytes, key: str) -> Answer:
        if method == "POST":
            return self._submit(json.loads(body), key)
        if path.startswith("/cdn/"):
            return self._download(path)
        return self._poll(path.rpartition("/")[2])

    def _submit(self, body: Any, key: str) -> Answer:  # noqa: ANN401 - any JSON
        if (rule := validate("apiframe", "generate", body)) is not None:
            name = rule.partition(".")[0]
            name = "gptImage2Params.number_of_images" if name == "n" else name
            return _json(400, {"error": "Validation failed", "details": {name: ["is wrong"]}})
        if self.oddity == "quota" and self.turned_away < 3:
            self.turned_away += 1
            words = "Rate limit exceeded: 5 images per minute"
            return _json(429, {"error": words}, retry_after="2", x_ratelimit_limit_images="5")
        job = self.keys.get(key)
        if job is None:
            self.bodies.append(body)
            job = f"job-{len(self.bodies)}"
        if key:
            self.keys[key] = job
        return _json(202, {"jobId": job, "status": "QUEUED"})

    def _poll(self, job: str) -> Answer:
        number = int(job.removeprefix("job-")) if job.startswith("job-") else 0
        self.polls[job] = poll = self.polls.get(job, 0) + 1
        if not number or (self.oddity == "first poll missing" and poll == 1):
            return _json(404, {"error": "Job not found"})
        state = "MODERATING" if self.oddity == "unknown state" and poll == 1 else "COMPLETED"
        told = job
        if self.oddity == "another job" and number > 1 and poll <= 2:
            told, number = "job-1", 1
        params = self.bodies[number - 1].get("gptImage2Params", {})
        kind, count = params.get("output_format", "webp"), params.get("number_of_images", 1)
        ground = params.get("background", "auto")
        urls = [f"{self.url}/cdn/{number}-{at}-{ground}.{kind}" for at in range(count)]
        result = {"images": urls} if state == "COMPLETED" else None
        shown = {"id": told, "status": state, "result": result, "creditCost": 4 * count}
        return _json(200, shown)

    def _download(self, path: str) -> Answer:
        first, kind = path not in self.fetched, path.rpartition(".")[2]
        self.fetched.add(path)
        if self.oddity == "result missing" and first:
            return 404, {"content-type": "text/plain"}, b"not found"
        clear = self.oddity == "clear" and "-opaque." in path
        return 200, {"content-type": f"image/{kind}"}, encoded(kind, clear=clear)


@contextmanager
def serving(odd: OddApiframe) -> Iterator[OddApiframe]:
    class Handler(BaseHTTPRequestHandler):
        wbufsize = -1  # headers and body leave in one packet

        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            with lock:
                key = self.headers.get("idempotency-key", "")
                if self.headers.get("x-api-key") == KEY or self.path.startswith("/cdn/"):
                    code, headers, raw = odd.answer(self.command, self.path, body, key)
                else:
                    code, headers, raw = _json(401, {"error": "Invalid API key"})
            self.send_response(code)
            for name, text in {**headers, "content-length": str(len(raw))}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = _reply  # noqa: N815 - the names that http.server looks for

        def log_message(self, *arguments: object) -> None:
            del arguments

    lock = threading.Lock()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    odd.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield odd
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


Run = Callable[[str], tuple[int, dict[str, Any], OddApiframe]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    sleep = asyncio.sleep

    async def soon(_seconds: float, result: object = None) -> object:
        await sleep(0)
        return result

    def ran(oddity: str) -> tuple[int, dict[str, Any], OddApiframe]:
        monkeypatch.setenv("APIFRAME_API_KEY", KEY)
        monkeypatch.setattr(asyncio, "sleep", soon)
        with serving(OddApiframe(oddity=oddity)) as odd:
            where = ["--base-url", f"apiframe={odd.url}", "--out", str(tmp_path / "run")]
            what = ["--provider", "apiframe", "--operation", "generate", "--json"]
            code = status(["run", "--against", "live", "--budget", "apiframe=5000", *what, *where])
        printed = capsys.readouterr()
        assert code in (0, 1), printed.err
        return code, json.loads(printed.out), odd

    return ran


def promises(summary: dict[str, Any]) -> set[tuple[str | None, str]]:
    return {(finding["constraint"], finding["check"]) for finding in summary["findings"]}


def observed(summary: dict[str, Any]) -> dict[str, str]:
    return {row["kind"]: row["text"] for row in summary["behaviours"]}


def paid_once(odd: OddApiframe) -> bool:
    texts = [json.dumps(body, sort_keys=True) for body in odd.bodies]
    return len(set(texts)) == len(texts)


def test_a_server_that_keeps_its_documents_is_convicted_of_nothing(run: Run) -> None:
    code, summary, odd = run("")

    assert (code, promises(summary), observed(summary)) == (0, set(), {}), summary["findings"]
    assert paid_once(odd)


@pytest.mark.parametrize(
    ("oddity", "kind", "words"),
    [
        ("unknown state", "undocumented_state", "'MODERATING', which no document names"),
        ("first poll missing", "job_late", "answered HTTP 404 at first; put right within"),
        ("result missing", "result_late", "answered HTTP 404 at first; put right within"),
        ("quota", "limit", "limit named: 5 images per minute; HTTP 429"),
    ],
)
def test_what_is_odd_for_a_moment_is_observed_and_convicts_nobody(
    run: Run, oddity: str, kind: str, words: str
) -> None:
    code, summary, odd = run(oddity)

    assert (code, promises(summary)) == (0, set())
    assert list(observed(summary)) == [kind]
    assert words in observed(summary)[kind]
    assert summary["providers"]["apiframe"]["promises"]["held"] > 10
    assert paid_once(odd)


def test_the_words_and_headers_of_a_quota_are_reported(run: Run) -> None:
    _, summary, _ = run("quota")

    (row,) = summary["behaviours"]
    assert '"Rate limit exceeded: 5 images per minute"' in row["text"]
    assert "(retry-after: 2, x-ratelimit-limit-images: 5)" in row["text"]
    assert row["times"] == 3


def test_a_poll_that_tells_of_another_job_is_found_and_its_images_are_not_taken(run: Run) -> None:
    code, summary, odd = run("another job")

    assert (code, promises(summary)) == (1, {(None, "polls_tell_of_their_own_job")})
    assert "told of job job-1" in summary["findings"][0]["observed"]
    assert paid_once(odd)


def test_an_opaque_image_with_a_single_clear_pixel_is_found(run: Run) -> None:
    code, summary, _ = run("clear")

    wanted = ("background.one_of", "images_have_the_asked_background")
    assert (code, promises(summary)) == (1, {wanted})
    assert "less than 0.1% of its pixels not opaque" in summary["findings"][0]["observed"]
