"""What one provider's server was asked and what it charged; a client's books must agree."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .received import Form

if TYPE_CHECKING:
    from starlette.requests import Request

    from .received import File


Outcome = Literal["accepted", "refused", "poll", "upload", "download", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One request.

    `time_s` counts from the start of the server, on a monotonic clock. `outcome` says what the
    request was for the provider; `rule` is why a refused one was refused. `operation` is generate,
    edit or respond for a submission, None for everything else. `body_sha256` is of the bytes sent,
    `request_sha256` of what was asked: see digests. `amount` is what it cost, in the provider's
    unit. `job` is the id of the job it created or asked for.
    """

    time_s: float
    provider: str
    method: str
    path: str
    status: int
    outcome: Outcome
    rule: str | None
    operation: str | None
    body_sha256: str
    request_sha256: str
    images: int
    amount: float
    unit: str
    job: str | None

    @property
    def paid(self) -> bool:
        """Whether it made images or cost anything."""
        return self.images > 0 or self.amount > 0

    def as_json(self) -> dict[str, object]:
        """Return the entry as the control API shows it."""
        return {
            "time_s": round(self.time_s, 6),
            "provider": self.provider,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "outcome": self.outcome,
            "rule": self.rule,
            "operation": self.operation,
            "body_sha256": self.body_sha256,
            "request_sha256": self.request_sha256,
            "paid": self.paid,
            "images": self.images,
            "cost": {"amount": self.amount, "unit": self.unit},
            "job": self.job,
        }


@dataclass(slots=True)
class Ledger:
    """Every request since the last reset, in the order of decision; nothing is dropped."""

    unit: str
    entries: list[LedgerEntry] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """Return all entries, their totals, and which requests were paid more than once.

        Amounts are rounded to a billionth of the unit.
        """
        return {
            "entries": [entry.as_json() for entry in self.entries],
            "totals": {
                "requests": len(self.entries),
                "images": sum(entry.images for entry in self.entries),
                "amount": round(sum(entry.amount for entry in self.entries), 9),
                "unit": self.unit,
            },
            "duplicates": self.duplicates(),
        }

    def duplicates(self) -> list[dict[str, object]]:
        """Return each request that was paid more than once: its digest, how often, the places.

        The places are positions among the entries, from 0.
        """
        places: dict[str, list[int]] = {}
        for place, entry in enumerate(self.entries):
            if entry.paid:
                places.setdefault(entry.request_sha256, []).append(place)
        return [
            {
                "request_sha256": digest,
                "operation": self.entries[found[0]].operation,
                "count": len(found),
                "entries": found,
            }
            for digest, found in places.items()
            if len(found) > 1
        ]


LARGE_BYTES = 1_000_000  # more is decoded and digested in a thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """SHA-256 in hexadecimal of a body's bytes, and of what a request asks."""

    body: str
    request: str


async def digests(request: Request, body: object = None) -> Digests:
    """Return the digests of a request; `body` is what it was decoded to, None where it was not."""
    raw = await request.body()
    if len(raw) > LARGE_BYTES:
        return await asyncio.to_thread(_digests, request.method, request.url.path, raw, body)
    return _digests(request.method, request.url.path, raw, body)


def _digests(method: str, path: str, raw: bytes, body: object) -> Digests:
    whole = _sha256(raw)
    asked = json.dumps([method, path, whole if body is None else _asked(body)], sort_keys=True)
    return Digests(body=whole, request=_sha256(asked.encode()))


def _asked(body: object) -> object:
    if not isinstance(body, Form):
        return {"json": body}
    return {"form": {name: [_content(part) for part in parts] for name, parts in body.items()}}


def _content(part: str | File) -> object:
    return part if isinstance(part, str) else [part.media_type, _sha256(part.data)]


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
