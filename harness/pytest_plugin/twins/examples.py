"""Valid requests of a provider, as a user's own HTTP client sends them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from harness.core.errors import UsageError
from harness.core.exchange import Part
from harness.core.jsonvalue import Json
from harness.core.placeholders import ASSETS, WEBHOOKS
from harness.planning.options import Trial
from harness.planning.trial import trial_plan
from harness.pytest_plugin.twins.errors import TwinUsageError
from harness.reference_images import file_of
from harness.spec.catalogue import Entry, catalogue_of
from harness.spec.credentials import key_headers
from harness.spec.request import build_request
from harness.transport.placeholders import PlaceholderMap

MOST_IMAGES = 1_000_000

FilePart = tuple[str, tuple[str | None, bytes, str | None]]
"""A part of a form as httpx and requests take it in `files`; a plain value has no file name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A request, ready to be sent: `httpx.request(**example.parts)`, the same with `requests`.

    `headers` hold the twin's key. `json` is the body, or `files` the parts of a form; the other one
    is None. References that a provider fetches are addresses that lead nowhere: the twin takes them
    as they are.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    json: Json
    files: tuple[FilePart, ...] | None

    @property
    def parts(self) -> dict[str, object]:
        """The request as keyword arguments of `httpx.request` and `requests.request`."""
        parts: dict[str, object] = {"method": self.method, "url": self.url}
        parts["headers"] = dict(self.headers)
        if self.files is not None:
            return {**parts, "files": list(self.files)}
        return parts if self.json is None else {**parts, "json": self.json}


@cache
def shipped(name: str) -> Entry:
    """Return a shipped provider by its name."""
    return catalogue_of(()).entry(name)


def example(
    name: str, url: str, key: str, operation: str | None, arguments: Mapping[str, object]
) -> Example:
    """Return a request of a shipped provider at an address; TwinUsageError where it has none."""
    entry = shipped(name)
    trial = Trial(
        operation=operation or "",
        arguments=arguments,  # type: ignore[arg-type]  # JSON, or the plan says what is not
        most_images=MOST_IMAGES,
    )
    try:
        case = trial_plan(entry, trial).shots[0].case
    except UsageError as error:
        raise TwinUsageError(f"{name}: {error}") from None
    # Without an idempotency key, which a plan would give it: that is the client's to choose.
    provider = entry.provider
    planned = build_request(provider, provider.operation(case.operation), case.arguments)
    request = PlaceholderMap(assets=ASSETS, webhooks=WEBHOOKS).real(planned)
    headers = dict(key_headers(provider.auth, "own", key)) | dict(request.headers)
    form = request.form
    return Example(
        method=request.method,
        url=url + request.target,
        headers=headers,
        json=request.body if form is None else None,
        files=None if form is None else tuple((part.name, _file(part)) for part in form),
    )


def _file(part: Part) -> tuple[str | None, bytes, str | None]:
    if part.value is not None:
        return None, part.value.encode(), None
    return part.filename or "", file_of(part), part.media_type
