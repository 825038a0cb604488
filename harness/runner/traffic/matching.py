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

    unclaimed: list[Foreign] = field(default_factory=list)

    def holds(self, foreign: Foreign) -> bool:
        """Tell whether nobody has claimed an exchange yet."""
        return any(other.index == foreign.index for other in self.unclaimed)

    def take(self, foreign: Foreign) -> Exchange:
        """Claim an exchange."""
        self.unclaimed = [other for other in self.unclaimed if other.index != foreign.index]
        return foreign.exchange

    def drop_repeated(self, foreign: Foreign, operation: Operation) -> None:
        """Leave out what repeats a submission under its idempotency key: it asks nothing new."""
        idempotency = operation.job.idempotency if operation.job else None
        name = idempotency.header if idempotency else ""
        if key := _header(foreign, name):
            request = foreign.exchange.request
            self.unclaimed = [
                other
                for other in self.unclaimed
                if _header(other, name) != key or not _matches(other, request)
            ]

    def answer(self, request: Request, *, after: int) -> Exchange | None:
        """Hand out the next exchange that made this request: a poll, a download, a repetition.

        A download is known by its whole address; only where a recording has put something else in
        place of its query (a signature), the address without it will do, if one alone has it.
        """
        later = [
            foreign
            for foreign in self.unclaimed
            if foreign.index > after and _matches(foreign, request)
        ]
        if urlsplit(request.target).scheme:
            targets = [foreign.exchange.request.target for foreign in later]
            if request.target in targets:
                return self.take(later[targets.index(request.target)])
            if len({*targets}) > 1:
                return None
        return self.take(later[0]) if later else None


def _header(foreign: Foreign, name: str) -> str:
    headers = foreign.exchange.request.headers
    return next((text for key, text in headers if key.lower() == name.lower()), "")


def _matches(foreign: Foreign, request: Request) -> bool:
    """Tell whether a recorded exchange may be this request: by method, place and what was sent."""
    recorded, target = foreign.exchange.request, urlsplit(request.target)
    if target.scheme:
        same_place = foreign.path == target.path and foreign.host == (target.hostname or "")
    else:
        same_place = foreign.path.endswith(target.path)
    same_method = recorded.method.upper() == request.method.upper()
    same_content = (recorded.body, recorded.form) == (request.body, request.form)
    return same_place and same_method and same_content


def goes_along(provider: Provider, foreign: Foreign) -> bool:
    """Tell whether an exchange only goes with a request: an upload, a poll, our inbox."""
    if foreign.host == INBOX_HOST:
        return True
    places: list[tuple[str, str]] = []
    for operation in provider.operations.values():
        places += [("POST", operation.upload.path)] if operation.upload else []
        places += [("GET", operation.job.poll_path)] if operation.job else []
    return any(
        foreign.exchange.request.method.upper() == method
        and re.search(rf"{re.escape(path).replace(ANY_ID, '[^/]+')}$", foreign.path)
        for method, path in places
    )
