"""What clients requested of one provider's server, and what it charged.

A request has two digests: of the bytes sent, and of what they ask for. Two requests ask for the
same where method, path and body are equal: JSON as a value, whatever the order of its keys; a form
by the names, media types and contents of its parts, whatever its boundary, the order of other names
and the names of its files; any other body by its bytes. Headers do not count.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .received import LARGE_BYTES, Form

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.requests import Request

    from .received import File

Outcome = Literal["accepted", "refused", "poll", "upload", "download", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What the server decided about a request.

    `outcome` says what the request was for the provider; `rule` is why a refused one was refused.
    `operation` is generate, edit, edit_json or respond for a submission, None for everything else.
    `amount` is what it cost, in the provider's unit. `job` is the id of the job that it created or
    polled.
    """

    outcome: Outcome
    rule: str | None = None
    images: int = 0
    amount: float = 0.0
    job: str | None = None
    operation: str | None = None
    met: tuple[str, ...] = ()
    struck: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """SHA-256 in hexadecimal of a body's bytes, and of what a request asks for."""

    body: str
    request: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One request; `time_s` counts from the start of the server, on a monotonic clock.

    `key` is the SHA-256 of its Idempotency-Key, None where it has none. `content` is what it held,
    where contents are kept.
    """

    time_s: float
    provider: str
    method: str
    path: str
    status: int
    digests: Digests
    note: Note
    unit: str
    key: str | None = None
    content: Mapping[str, object] | None = None

    @property
    def paid(self) -> bool:
        """Whether it made images or cost anything."""
        return self.note.images > 0 or self.note.amount > 0

    def as_json(self) -> dict[str, object]:
        """Return the entry as the control API shows it."""
        note = self.note
        return {
            "time_s": round(self.time_s, 6),
            "provider": self.provider,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "outcome": note.outcome,
            "rule": note.rule,
            "operation": note.operation,
            "body_sha256": self.digests.body,
            "request_sha256": self.digests.request,
            "paid": self.paid,
            "images": note.images,
            "cost": {"amount": note.amount, "unit": self.unit},
            "job": note.job,
            "met": list(note.met),
            "struck": list(note.struck),
            **({} if self.content is None else {"content": self.content}),
        }


@dataclass(slots=True)
class Ledger:
    """Every request since the last reset, in the order of decision; nothing is dropped."""

    unit: str
    entries: list[LedgerEntry] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """Return all entries, their totals, and which requests were paid more than once.

        Those under the Idempotency-Key of an earlier one are `repeats` and no `duplicates`: their
        client says that they are the same request, and it is the provider who charges twice.

        Amounts are rounded to a billionth of the unit.
        """
        return {
            "entries": [entry.as_json() for entry in self.entries],
            "totals": {
                "requests": len(self.entries),
                "images": sum(entry.note.images for entry in self.entries),
                "amount": round(sum(entry.note.amount for entry in self.entries), 9),
                "unit": self.unit,
            },
            "duplicates": self.duplicates(),
            "repeats": self.repeats(),
        }

    def duplicates(self) -> list[dict[str, object]]:
        """Return each request that was paid more than once: its digest, how often, the indices.

        Indices are those of the entries, from 0. One under the key of an earlier entry of the same
        request is left out.
        """
        indices: dict[str, list[int]] = {}
        for index, entry in enumerate(self.entries):
            paid = indices.setdefault(entry.digests.request, [])
            keys = {self.entries[earlier].key for earlier in paid} - {None}
            if entry.paid and entry.key not in keys:
                paid.append(index)
        return self._listed(indices.items())

    def repeats(self) -> list[dict[str, object]]:
        """Return each request that was paid again under its own key, as `duplicates` does."""
        indices: dict[tuple[str, str], list[int]] = {}
        for index, entry in enumerate(self.entries):
            if entry.paid and entry.key is not None:
                indices.setdefault((entry.digests.request, entry.key), []).append(index)
        return self._listed((digest, paid) for (digest, _), paid in indices.items())

    def _listed(self, indices: Iterable[tuple[str, list[int]]]) -> list[dict[str, object]]:
        return [
            {
                "request_sha256": digest,
                "operation": self.entries[paid[0]].note.operation,
                "count": len(paid),
                "entries": paid,
            }
            for digest, paid in indices
            if len(paid) > 1
        ]


async def digests(request: Request, body: object = None) -> Digests:
    """Return the digests of a request; `body` is its decoded body, None where none was decoded."""
    raw = await request.body()
    if len(raw) > LARGE_BYTES:
        return await asyncio.to_thread(_digests, request.method, request.url.path, raw, body)
    return _digests(request.method, request.url.path, raw, body)


def _digests(method: str, path: str, raw: bytes, body: object) -> Digests:
    whole = _sha256(raw)
    content = whole if body is None else _content(body)
    text = json.dumps([method, path, content], sort_keys=True)
    return Digests(body=whole, request=_sha256(text.encode()))


def _content(body: object) -> object:
    if not isinstance(body, Form):
        return {"json": body}
    return {"form": {name: [_part(part) for part in parts] for name, parts in body.items()}}


def _part(part: str | File) -> object:
    return part if isinstance(part, str) else [part.media_type, _sha256(part.data)]


def key_digest(request: Request) -> str | None:
    """Return the digest of a request's Idempotency-Key, None where it has none."""
    key = request.headers.get("idempotency-key")
    return _sha256(key.encode()) if key else None


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
