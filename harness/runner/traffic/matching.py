"""Which recorded exchanges belong to one request: its polls, its downloads, its repetitions."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from harness.core.exchange import Exchange, Request
from harness.core.placeholders import WEBHOOKS
from harness.spec.provider import Operation, Provider
from harness.transport.foreign.read import Foreign

INBOX_HOST = urlsplit(WEBHOOKS).hostname
ANY_ID = re.escape("{id}")


@dataclass(slots=True)
class Pool:
    """The exchanges of a file that nobody has claimed yet."""

    left: list[Foreign] = field(default_factory=list)

    def holds(self, foreign: Foreign) -> bool:
        """Tell whether nobody has claimed an exchange yet."""
        return any(one.index == foreign.index for one in self.left)

    def take(self, foreign: Foreign) -> Exchange:
        """Claim an exchange."""
        self.left = [one for one in self.left if one.index != foreign.index]
        return foreign.exchange

    def drop_repeated(self, foreign: Foreign, operation: Operation) -> None:
        """Leave out what repeats a submission under its idempotency key: it asks nothing new."""
        named = (
            operation.job.idempotency.header if operation.job and operation.job.idempotency else ""
        )
        key = _header(foreign, named)
        self.left = [
            one
            for one in self.left
            if not key or _header(one, named) != key or not _made(one, foreign.exchange.request)
        ]

    def answer(self, request: Request, *, after: int) -> Exchange | None:
        """Hand out the next exchange that made this request: a poll, a download, a repetition.

        A download is known by its whole address; only where a recording has put something else in
        place of its query (a signature), the address without it will do, if one alone has it.
        """
        later = [one for one in self.left if one.index > after and _made(one, request)]
        if urlsplit(request.target).scheme:
            exact = [one for one in later if one.exchange.request.target == request.target]
            later = exact or (
                later if len({one.exchange.request.target for one in later}) == 1 else []
            )
        return self.take(later[0]) if later else None


def _header(foreign: Foreign, name: str) -> str:
    wanted = name.lower()
    headers = foreign.exchange.request.headers
    return next((value for key, value in headers if key.lower() == wanted), "")


def _made(foreign: Foreign, request: Request) -> bool:
    """Tell whether a recorded exchange may be this request: by method, place and what was sent."""
    made, wanted = foreign.exchange.request, urlsplit(request.target)
    if wanted.scheme:
        here = foreign.path == wanted.path and foreign.host == (wanted.hostname or "")
    else:
        here = foreign.path.endswith(wanted.path)
    sent = (made.body, made.form) == (request.body, request.form)
    return here and made.method.upper() == request.method.upper() and sent


def goes_along(provider: Provider, foreign: Foreign) -> bool:
    """Tell whether an exchange only goes with a request: an upload, a poll, our inbox."""
    if foreign.host == INBOX_HOST:
        return True
    known: list[tuple[str, str]] = []
    for operation in provider.operations.values():
        known += [("POST", operation.upload.path)] if operation.upload else []
        known += [("GET", operation.job.poll_path)] if operation.job else []
    return any(
        foreign.exchange.request.method.upper() == method
        and re.search(rf"{re.escape(path).replace(ANY_ID, '[^/]+')}$", foreign.path)
        for method, path in known
    )
