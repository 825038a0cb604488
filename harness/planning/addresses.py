"""The addresses that planned requests name: those of reference images, and others."""

from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

from harness.core.case import PlannedRequest
from harness.core.jsonvalue import Json, texts
from harness.core.placeholders import ASSETS
from harness.spec.provider import Provider


def assets_of(provider: Provider, shots: Iterable[PlannedRequest]) -> frozenset[str]:
    """Return the names of all reference images that requests to a provider name by address."""
    return frozenset(
        text.removeprefix(ASSETS)
        for shot in shots
        for text in texts_sent(provider, shot)
        if text.startswith(ASSETS)
    )


def texts_sent(provider: Provider, shot: PlannedRequest) -> tuple[str, ...]:
    """Return all texts of a request that may name an address."""
    query = parse_qsl(urlsplit(shot.request.target).query)
    return (*texts(_sent(provider, shot)), *(value for _, value in query))


def _sent(provider: Provider, shot: PlannedRequest) -> Json:
    """Return the body of a request, where it names addresses: files that are sent need none."""
    operation = provider.operation(shot.case.operation)
    if operation.upload is None:
        return shot.request.body
    uploaded = operation.upload.argument
    return {name: argument for name, argument in shot.case.arguments.items() if name != uploaded}
