"""Small image providers with a ledger, written from the documents and without the harness' spec.

They open no socket and read no clock: a request and a time give an answer. What a request comes to
follows from the seed and the request alone, so that the same request comes to the same in a world
with crashes and in one without.
"""

import json
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Literal

from harness.core.exchange import Picture, Request
from harness.core.jsonvalue import Json
from tests.simulation.documents import (
    RESULTS,
    Kind,
    is_size,
    knows,
    mistake,
    operation_of,
    parameters,
)

BAD = 400
MARK = "image:sha256:"
BASE = "https://provider.sim"
LONGEST_S = 15.0
"""How long an image takes at most; most take a few seconds, so that polls are few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """An accepted request: what it was, under which key, and what it cost."""

    operation: str
    body: str
    key: str | None
    amount: Decimal
    images: int


@dataclass(slots=True)
class Ledger:
    """What a provider received and took money for."""

    charges: list[Charge] = field(default_factory=list)
    submissions: Counter[str] = field(default_factory=Counter)
    """How often each operation was asked for images, refusals included."""

    @property
    def amount(self) -> Decimal:
        """All that was charged, in the provider's unit."""
        return sum((charge.amount for charge in self.charges), Decimal(0))

    @property
    def images(self) -> int:
        """All images that were paid for."""
        return sum(charge.images for charge in self.charges)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A reply: after `takes_s` seconds, with the images that its marks stand for."""

    status: int
    document: Json
    takes_s: float = 0.05
    pictures: tuple[Picture, ...] = ()


@dataclass(slots=True, kw_only=True)
class Job:
    """A job: it ends at `ends_s`, well or not, and `seen` says that a poll was told so."""

    id: str
    ends_s: float
    failed: bool
    pictures: tuple[Picture, ...]
    amount: Decimal
    seen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """The promise that a provider breaks, if any: it ignores a rule, refuses a value, or draws
    another format than asked."""

    kind: Literal["none", "lenient", "strict", "format"] = "none"
    parameter: str = ""
    content: Json = None


_TOKENS = {"low": 2, "medium": 10, "high": 40}
"""What an image of 100x100 pixels takes."""
_CREDITS = {"low": 4, "medium": 9, "high": 23, "auto": 23}


class SimulatedProvider:
    """One of four providers: replies with images (sub2api), or jobs with polls (the others).

    Where a job of `queue` is polled and fetched stands in replies, in no document.
    """

    def __init__(self, kind: Kind, seed: int, *, breach: Breach, fails: bool) -> None:
        self.kind = kind
        self.ledger = Ledger()
        self.jobs: dict[str, Job] = {}
        self._seed = seed
        self._breach = breach
        self._fails = fails
        self._by_key: dict[str, str] = {}
        self.puzzled = False
        """It was asked for something that it does not simulate: its answer says nothing."""

    def answer(self, request: Request, now_s: float) -> Answer:
        """Answer a request as it arrived, with its addresses and its keys put in."""
        if request.target.startswith(RESULTS):
            return self._result(request.target)
        if request.credential != "own":
            return self._error(401, "api_key", "invalid api key", code="invalid_api_key")
        if request.method == "GET" and self.kind == "queue":
            return self._queued(request.target, now_s)
        if request.method == "GET":
            return self._poll(request.target.rpartition("/")[2], now_s)
        if request.form is not None:
            names = [part.filename for part in request.form if part.filename]
            return Answer(status=200, document={"data": {"url": f"{RESULTS}up/{names[0]}"}})
        return self._submission(request, now_s)

    def _luck(self, body: str) -> random.Random:
        return random.Random(f"{self._seed}/{body}")

    def _submission(self, request: Request, now_s: float) -> Answer:
        body = request.body if isinstance(request.body, dict) else {}
        raw = json.dumps(body, sort_keys=True)
        self.puzzled |= not knows(self.kind, body)
        operation = operation_of(self.kind, body)
        key = next((text for name, text in request.headers if name == "Idempotency-Key"), None)
        if key is not None and key in self._by_key:
            return self._made(self.jobs[self._by_key[key]])
        self.ledger.submissions[operation] += 1
        if wrong := self._refused(body):
            return self._error(400, wrong, f"invalid value for {wrong}", code="invalid_value")
        luck = self._luck(raw)
        given = parameters(body)
        images = self._number(given)
        pictures = tuple(self._picture(given, raw, place) for place in range(images))
        amount = self._price(given) * images
        charge = Charge(operation=operation, body=raw, key=key, amount=amount, images=images)
        takes_s = LONGEST_S ** luck.random()
        if self.kind == "sub2api":
            self.ledger.charges.append(charge)
            return self._images(given, pictures, takes_s)
        failed = self._fails and luck.random() < 0.1
        if not (failed and self.kind == "apiframe"):  # whose failed jobs are free
            self.ledger.charges.append(charge)
        job = Job(
            id=f"job-{len(self.jobs) + 1}",
            ends_s=now_s + takes_s,
            failed=failed,
            pictures=pictures,
            amount=amount,
        )
        self.jobs[job.id] = job
        if key is not None:
            self._by_key[key] = job.id
        return self._made(job)

    def _refused(self, body: Mapping[str, Json]) -> str | None:
        """Return the parameter for which a request is refused, by the rules that are enforced."""
        wrong, breach = mistake(self.kind, body), self._breach
        if breach.kind == "lenient" and wrong == breach.parameter:
            return None
        given = parameters(body)
        if wrong is None and breach.kind == "strict":
            names = (breach.parameter,)
            return next((name for name in names if given.get(name) == breach.content), None)
        return wrong

    def _number(self, given: Mapping[str, Json]) -> int:
        number = given.get("n", given.get("number_of_images", 1))
        return number if isinstance(number, int) and 1 <= number <= 10 else 1

    def _price(self, given: Mapping[str, Json]) -> Decimal:
        match self.kind:
            case "sub2api":
                return Decimal(1)
            case "apiframe":
                return Decimal(_CREDITS.get(str(given.get("quality", "auto")), 23))
            case "queue":
                return Decimal(2)
            case "buble":
                return Decimal(2 if given.get("resolution") == "4K" else 1)

    def _picture(self, given: Mapping[str, Json], raw: str, place: int) -> Picture:
        default = "webp" if self.kind == "apiframe" else "png"
        asked = str(given.get("output_format", default))
        kind = "jpeg" if self._breach.kind == "format" and asked == "webp" else asked
        width, _, height = str(given.get("size", "")).partition("x")
        edges = (int(width), int(height)) if is_size(f"{width}x{height}") else (1024, 1024)
        if self.kind == "buble":
            edges = _buble_edges(given)
        digest = sha256(f"{self._seed}/{raw}/{place}".encode()).hexdigest()
        return Picture(
            digest=digest,
            format=kind if kind in ("png", "jpeg", "webp") else "png",
            size_bytes=64,
            state="decoded",
            width_px=edges[0],
            height_px=edges[1],
            alpha=False,
        )

    def _images(
        self, given: Mapping[str, Json], pictures: tuple[Picture, ...], takes_s: float
    ) -> Answer:
        quality = "medium" if given.get("quality") in (None, "auto") else given["quality"]
        edges = (pictures[0].width_px or 0) * (pictures[0].height_px or 0)
        count = edges * _TOKENS.get(str(quality), 1) * len(pictures) // 10_000
        document: dict[str, Json] = {
            "created": 1,
            "data": [{"b64_json": MARK + picture.digest} for picture in pictures],
            "output_format": given.get("output_format", pictures[0].format),
            "quality": quality,
            "size": f"{pictures[0].width_px}x{pictures[0].height_px}",
            "usage": {"input_tokens": 10, "output_tokens": count, "total_tokens": 10 + count},
        }
        return Answer(status=200, document=document, takes_s=takes_s, pictures=pictures)

    def _made(self, job: Job) -> Answer:
        if self.kind == "apiframe":
            return Answer(status=202, document={"jobId": job.id, "status": "QUEUED"})
        if self.kind == "queue":
            place = f"{BASE}/queue/requests/{job.id}"
            document = {"request_id": job.id, "status": "IN_QUEUE", "status_url": f"{place}/status"}
            return Answer(status=200, document={**document, "response_url": place})
        return Answer(status=200, document={"data": {"id": job.id, "status": "pending"}})

    def _queued(self, target: str, now_s: float) -> Answer:
        """Answer at an address that a submission's reply named: of the state, or of the result."""
        job_id, _, asks = target.removeprefix(f"{BASE}/queue/requests/").partition("/")
        job = self.jobs.get(job_id)
        if job is None or asks not in ("status", ""):
            return self._error(404, "id", "request not found", code="not_found")
        ended = now_s >= job.ends_s
        if asks == "status":
            job.seen |= ended
            state = ("ERROR" if job.failed else "COMPLETED") if ended else "IN_PROGRESS"
            document: dict[str, Json] = {"request_id": job.id, "status": state}
            cost = {"cost": float(job.amount)} if state == "COMPLETED" else {}
            return Answer(status=200, document={**document, **cost})
        if not ended or job.failed:
            return self._error(400, "id", "there is no result", code="no_result")
        urls = (f"{RESULTS}{job.id}/{place}" for place in range(len(job.pictures)))
        return Answer(status=200, document={"images": [{"url": url} for url in urls]})

    def _poll(self, job_id: str, now_s: float) -> Answer:
        job = self.jobs.get(job_id)
        if job is None:
            return self._error(404, "id", "job not found", code="not_found")
        ended = now_s >= job.ends_s
        job.seen |= ended
        urls: list[Json] = [f"{RESULTS}{job.id}/{place}" for place in range(len(job.pictures))]
        images: list[Json] = [{"url": url} for url in urls]
        if self.kind == "apiframe":
            state = ("FAILED" if job.failed else "COMPLETED") if ended else "PROCESSING"
            document: dict[str, Json] = {"jobId": job.id, "status": state}
            if state == "COMPLETED":
                document |= {"result": {"images": images}, "creditCost": float(job.amount)}
            return Answer(status=200, document=document)
        state = ("failed" if job.failed else "success") if ended else "processing"
        data: dict[str, Json] = {"id": job.id, "status": state, "cost_credits": float(job.amount)}
        if state == "success":
            data |= {"result": {"images": images}}
        return Answer(status=200, document={"data": data})

    def _result(self, target: str) -> Answer:
        job_id, _, place = target.removeprefix(RESULTS).partition("/")
        picture = self.jobs[job_id].pictures[int(place)]
        return Answer(status=200, document=MARK + picture.digest, pictures=(picture,))

    def _error(self, status: int, parameter: str, message: str, *, code: str) -> Answer:
        return Answer(status=status, document=self._words(status, parameter, message, code))

    def _words(self, status: int, parameter: str, message: str, code: str) -> Json:
        match self.kind:
            case "sub2api":
                kind = "invalid_request_error" if code == "invalid_value" else code
                error: dict[str, Json] = {"message": message, "type": kind, "code": code}
                return {"error": error | {"param": parameter}}
            case "apiframe":
                details: dict[str, Json] = {parameter: [message]}
                return {"error": message} | ({"details": details} if status == BAD else {})
            case "queue":
                wrong: Json = {"loc": ["body", parameter], "msg": message, "type": code}
                return {"detail": [wrong] if status == BAD else message}
            case "buble":
                words: dict[str, Json] = {"code": code, "message": message}
                return {"error": words | {"details": {"field": parameter}}}


def _buble_edges(given: Mapping[str, Json]) -> tuple[int, int]:
    """Return the pixels of a resolution and a ratio; of what is undocumented, the default's."""
    edge = {"1K": 1024, "2K": 2048, "4K": 3840}.get(str(given.get("resolution")), 1024)
    wide, high = _RATIOS.get(str(given.get("aspect_ratio")), _RATIOS["16:9"])
    return edge * wide // max(wide, high), edge * high // max(wide, high)


_RATIOS = {
    "auto": (1, 1), "1:1": (1, 1), "16:9": (16, 9), "9:16": (9, 16), "4:3": (4, 3), "3:4": (3, 4),
}  # fmt: skip
