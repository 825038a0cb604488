"""What providers answer, by hand."""

from typing import Any

from harness.core.exchange import Failure, Reply
from harness.core.jsonvalue import Json
from harness.wire.retry import Answer
from tests.wire.by_hand import IMAGE, MARK, said

ADDRESS = "https://cdn.test/a.png"
JOBS = ("buble", "apiframe")
NEVER_SENT = Failure(kind="network", why="refused", sent=False)
BUSY = said({"error": {"message": "slow down", "code": "rate_limit"}}, 429)


def submitted(name: str, job: Any = "job-1", **headers: str) -> Reply:  # noqa: ANN401 - any JSON
    if name == "buble":
        return said({"data": {"id": job, "status": "pending"}}, **headers)
    return said({"jobId": job, "status": "QUEUED"}, 202, **headers)


def polled(
    name: str, state: Json, result: Json = None, error: Json = None, **headers: str
) -> Reply:
    inner: dict[str, Json] = {"id": "job-1", "status": state, "result": result, "error": error}
    if name == "buble":
        return said({"data": {**inner, "cost_credits": 1}}, **headers)
    return said({**inner, "creditCost": 4}, **headers)


def pending(name: str, **headers: str) -> Reply:
    return polled(name, "processing" if name == "buble" else "PROCESSING", **headers)


def done(name: str) -> Reply:
    if name == "buble":
        return polled(name, "success", {"images": [{"url": ADDRESS}]})
    return polled(name, "COMPLETED", {"images": [{"url": ADDRESS}]})


def served(name: str) -> list[Answer]:
    """A conversation that ends with one image."""
    match name:
        case "buble" | "apiframe":
            return [submitted(name), pending(name), done(name), IMAGE]
        case "nanobanana":
            return [said({"code": 0, "message": "ok", "data": {"url": ADDRESS}}), IMAGE]
        case "aimlapi":
            return [said({"data": [{"b64_json": None, "url": ADDRESS}]}), IMAGE]
        case _:
            return [said({"created": 1, "data": [{"b64_json": MARK}]})]


def failed(name: str) -> Reply:
    return polled(name, "failed" if name == "buble" else "FAILED", error={"code": "x"})


def uploaded(number: int = 1) -> Reply:
    """Buble has taken a file."""
    return said({"data": {"object": "file", "url": f"https://files.test/{number}.png"}})
