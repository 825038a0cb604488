"""One stopping rule for all slices of a benchmark: each attempt counts once, wherever it ended."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Lock

from harness.adaptive.stopping_rule import StoppingRule, ended_of
from harness.core.benchmark import Design
from harness.runner.specs import catalogue_with
from harness.spec.catalogue import Spec
from harness.stats.benchmark.model import Ended
from harness.store.reader import read_run


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

    def recall(self, folder: Path, specs: Iterable[Spec]) -> None:
        """Take note of what a slice that has ended measured: it does not run, and tells nothing."""
        run = read_run(folder)
        if run.header.benchmark is None or not run.header.benchmark.design.until_decided:
            return
        self.begin(run.header.benchmark.design)
        catalogue = catalogue_with([*specs], [run])
        self.tell(
            attempt
            for record in run.records
            if (attempt := ended_of(record, catalogue.provider(record.shot.case.provider)))
        )
