"""SciPy's statistics, imported when the first of them is computed: that takes most of a second.

    from harness.stats.scipy_stats import stats

    stats.norm.isf(0.025)

A session that only judges conformance (`harness report`, the pytest plugin) may need none of them.
"""

from importlib import import_module
from typing import Any


class _Statistics:
    """The names of `scipy.stats`."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - scipy ships no types
        return getattr(import_module("scipy.stats"), name)


stats = _Statistics()
