"""Decides, during a benchmark, which provider needs no more requests of which workload."""

from collections.abc import Mapping

from harness.core.benchmark import Design
from harness.core.record import Record
from harness.spec.provider import Provider
from harness.stats.benchmark.attempts import attempt_of
from harness.stats.benchmark.comparison import HOPELESS, MARGIN, pairwise_comparisons
from harness.stats.benchmark.model import Ended, ended


def ended_of(record: Record, provider: Provider) -> Ended | None:
    """Return what a stopping rule takes of a record; None where it was no timed attempt."""
    attempt = attempt_of(record, provider, usable=True)
    return None if attempt is None else ended(attempt)


class StoppingRule:
    """Stops what is decided, where the design is `until_decided`; else it never stops anything.

    A provider receives no more requests of a workload when another one is decided to be faster,
    when it has served none of its first attempts, or when every comparison with it is decided.
    A provider that serves a workload only nearly is not compared, and stops when the others do. A
    workload that fewer than two providers serve exactly is sent as designed.

    Attempts may come from several processes that share the design, in any order: each reads its own
    records (`ended_of`), and one rule takes note of all (`on_attempt`).
    """

    def __init__(self, design: Design, providers: Mapping[str, Provider]) -> None:
        self._design = design
        self._providers = providers
        self._comparisons = pairwise_comparisons(design)
        self._changed = False
        self._over: dict[str, str] = {}

    def on_record(self, record: Record) -> None:
        """Take note of a record that ended, or was skipped; only its time to pixels counts."""
        if self._design.until_decided:
            attempt = ended_of(record, self._providers[record.shot.case.provider])
            if attempt is not None:
                self.on_attempt(attempt)

    def on_attempt(self, attempt: Ended) -> None:
        """Take note of an attempt; one that comes again counts once."""
        if self._design.until_decided:
            self._comparisons.add(attempt)
            self._changed = True

    def over(self) -> Mapping[str, str]:
        """Return `NAME/WORKLOAD` -> why no more of it is sent; a decision stays."""
        if self._changed:
            self._changed = False
            self._comparisons.settle()
            for workload, names in self._comparisons.contenders.items():
                if len(names) > 1:
                    self._judge(workload)
        return self._over

    def _judge(self, workload: str) -> None:
        undecided = self._comparisons.undecided(workload)
        waiting = {name for two in undecided for name in two[1:]}
        for name, faster in self._comparisons.beaten(workload).items():
            self._say(name, workload, f"decided: {faster} is faster, at {self._error_rate}")
        for name in self._comparisons.hopeless(workload):
            self._say(name, workload, f"served none of its first {HOPELESS} attempts")
        for name in self._comparisons.contenders[workload]:
            if name not in waiting:
                self._say(name, workload, self._last(workload, name))
        if not undecided:
            for fit in self._design.fits:
                if fit.workload == workload and fit.kind == "nearest":
                    why = "decided between those that serve it exactly"
                    self._say(fit.provider, workload, why)

    def _last(self, workload: str, name: str) -> str:
        """Return why a provider whose comparisons are all decided stops."""
        words = [
            self._comparisons.word(two)
            for two in self._comparisons.comparing
            if two[0] == workload and name in two[1:]
        ]
        if not {"first", "second", "equal"} & {*words}:
            return "nobody is left who could be compared with it"
        if "equal" in words:
            return f"decided: equally fast within {MARGIN - 1:.0%}, at {self._error_rate}"
        return f"decided: the fastest, at {self._error_rate}"

    @property
    def _error_rate(self) -> str:
        return f"an error rate of {self._design.alpha:.2g} for the whole race"

    def _say(self, name: str, workload: str, why: str) -> None:
        self._over.setdefault(f"{name}/{workload}", why)
