"""Requests of which somebody kept the body alone: the operation that they can only have been."""

from harness.core.exchange import Request
from harness.spec.provider import Operation, Provider
from harness.spec.request import Reading, missing_arguments, read_request
from harness.transport.foreign.stubs import NO_ADDRESS


def lacks_address(request: Request) -> bool:
    """Tell whether a recording does not say where a request was sent."""
    return request.target == NO_ADDRESS


def only_reading(provider: Provider, request: Request) -> Reading | None:
    """Read a request without an address, where one operation alone explains all of its body.

    That is one that knows every key and misses no required argument. A guess between two would
    judge a reply by the wrong promises.
    """
    found = {
        reading.operation: reading
        for operation in provider.operations.values()
        if (reading := _as(provider, operation, request)) is not None
    }
    return next(iter(found.values())) if len(found) == 1 else None


def _as(provider: Provider, operation: Operation, request: Request) -> Reading | None:
    if (request.form is not None) != (operation.body == "form") or "{" in operation.path:
        return None
    reading = read_request(provider, operation.method, operation.path, request.body, request.form)
    if reading is None or reading.unknown or not reading.arguments:
        return None
    return None if missing_arguments(provider, reading) else reading
