"""One stopping rule for all slices of a benchmark: each attempt counts once, wherever it ended."""

from collections.abc import Iterable, Mapping
from threading import Lock

from harness.adaptive.stopping_rule import StoppingRule
from harness.core.benchmark import Design
from harness.stats.benchmark.model import Ended


class Coordinator:
    """Keeps the e-processes of `--until-decided`; threads may call it.

    It lives beside the driver, not on a machine that may be lost, and is fed by the slices: one
    that goes on tells all its attempts again, and what comes twice counts once.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._rule: StoppingRule | None = None

    def begin(self, design: Design) -> None:
        """Take the design that all slices share; once."""
        with self._lock:
            if self._rule is None and design.until_decided:
                self._rule = StoppingRule(design, {})

    def tell(self, attempts: Iterable[Ended]) -> Mapping[str, str]:
        """Take note of attempts; return `NAME/WORKLOAD` -> why no more of it is sent."""
        with self._lock:
            if self._rule is None:
                return {}
            for attempt in attempts:
                self._rule.on_attempt(attempt)
            return dict(self._rule.over())
