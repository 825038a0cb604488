"""Which values of a test CI has the time for; the others are asked by `make slow`."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import pytest

Asked = TypeVar("Asked")


def some_in_ci(values: Iterable[Asked], in_ci: Sequence[Asked]) -> list[object]:
    """Return all values of one parameter, or rows of several; those not `in_ci` are slow."""
    return [
        pytest.param(
            *(value if isinstance(value, tuple) else (value,)),
            marks=[] if value in in_ci else [pytest.mark.slow],
        )
        for value in values
    ]
