"""How tests here draw: few examples, the same everywhere, without looking for smaller ones."""

from collections.abc import Callable
from typing import TypeVar

import httpx
from hypothesis import Phase, given, settings
from hypothesis import find as hypothesis_find
from hypothesis.strategies import SearchStrategy

from harness import strategies
from harness.strategies import WireRequest
from tests.shipped import NAMES, shipped_provider

Thing = TypeVar("Thing")

BAD_REQUEST, UNAUTHORIZED, SERVER_ERROR = 400, (401, 402, 403, 429), 500

EVERY = [(name, operation) for name in NAMES for operation in shipped_provider(name).operations]
"""Each operation of each shipped provider."""

OF_EVERY_RULE = [
    (name, operation, rule)
    for name, operation in EVERY
    for rule in strategies.rules(name, operation)
]


def each_of(strategy: SearchStrategy[Thing], count: int, look: Callable[[Thing], None]) -> int:
    """Show so many examples to `look`, under the health checks of default settings."""
    seen = 0

    @settings(max_examples=count, database=None, derandomize=True, phases=[Phase.generate])
    @given(strategy)
    def draw(example: Thing) -> None:
        nonlocal seen
        seen += 1
        look(example)

    draw()
    return seen


def sent(client: httpx.Client, name: str, wire: WireRequest) -> httpx.Response:
    """Send the uploads, then the request itself; what is refused of them is the answer."""
    auth = shipped_provider(name).auth
    key = {auth.header: f"{auth.prefix}any-key"}
    for upload in wire.uploads:
        reply = client.request(upload.method, upload.path, **upload.keywords(headers=key))
        if reply.status_code >= BAD_REQUEST:
            return reply
    return client.request(wire.method, wire.path, **wire.keywords(headers=key))


def smallest(strategy: SearchStrategy[Thing], wanted: Callable[[Thing], bool]) -> Thing:
    """Return what a failing example shrinks to; the phase that explains one shows others, too."""
    return hypothesis_find(
        strategy,
        wanted,
        settings=settings(
            database=None,
            derandomize=True,
            max_examples=2_000,
            phases=[Phase.generate, Phase.shrink],
        ),
    )
