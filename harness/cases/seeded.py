"""Where drawn cases get their chance from: a seed, and nothing else.

Hypothesis' own source of chance mixes in the constants that it finds in the modules imported so
far, so that the same seed draws other cases in `harness run` than in `harness plan`. Behind its
interface for other sources stands a plain generator here; nothing but the seed enters.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from random import Random
from typing import NoReturn

from hypothesis.internal.conjecture.data import ConjectureData
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, PrimitiveProvider

BACKEND = "harness-dice"

_SEED: ContextVar[int] = ContextVar("seed")

_FAR = 2**31
"""How far an integer without a bound may lie; our strategies name both bounds."""


class SeededSource(PrimitiveProvider):
    """Draws every choice evenly from a generator that is seeded once per strategy."""

    lifetime = "test_function"

    def __init__(self, conjecturedata: ConjectureData | None, /) -> None:
        super().__init__(conjecturedata)
        self._random = Random(_SEED.get())

    def draw_boolean(self, p: float = 0.5) -> bool:
        """Return True with probability `p`."""
        return self._random.random() < p

    def draw_integer(
        self,
        min_value: int | None = None,
        max_value: int | None = None,
        *,
        weights: dict[int, float] | None = None,  # noqa: ARG002 - our strategies give none
        shrink_towards: int = 0,  # noqa: ARG002 - nothing is shrunk
    ) -> int:
        """Return any integer between the bounds, both included."""
        low = min_value if min_value is not None else (max_value or 0) - _FAR
        high = max_value if max_value is not None else low + 2 * _FAR
        return self._random.randint(low, high)

    def draw_float(self, **_: object) -> NoReturn:
        """Refuse: no parameter of an image request is drawn as a decimal."""
        raise NotImplementedError("cases draw no decimals: pick among listed values")

    def draw_string(self, *_: object, **__: object) -> NoReturn:
        """Refuse: texts are put together from pieces, so that each stays harmless."""
        raise NotImplementedError("cases draw no letters: pick among listed texts")

    def draw_bytes(self, *_: object, **__: object) -> NoReturn:
        """Refuse: nothing of a request is drawn as bytes."""
        raise NotImplementedError("cases draw no bytes: pick among listed values")


@contextmanager
def seeded_source(seed: int) -> Iterator[str]:
    """Yield the name of the source for Hypothesis' settings, seeded anew for each strategy."""
    AVAILABLE_PROVIDERS[BACKEND] = SeededSource
    token = _SEED.set(seed)
    try:
        yield BACKEND
    finally:
        _SEED.reset(token)
