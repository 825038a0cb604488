"""Says, while a benchmark goes on, of which provider and workload nothing more need be asked."""

from collections.abc import Mapping

from harness.core.benchmark import Design
from harness.core.record import Record
from harness.spec.provider import Provider
from harness.stats.benchmark.attempts import attempt_of
from harness.stats.comparison import HOPELESS, MARGIN, pairwise_comparisons


class StoppingRule:
    """Stops what is decided, where the design is `until_decided`; else it never stops anything.

    A provider is asked no more of a workload when another one is decided to be faster, when it has
    served none of its first attempts, or when there is nobody left from whom it must be told apart.
    Who serves a workload only nearly takes no part in its race, and ends with it. Of a workload
    that fewer than two providers serve exactly, all is asked that was designed.
    """

    def __init__(self, design: Design, providers: Mapping[str, Provider]) -> None:
        self._design = design
        self._providers = providers
        self._race = pairwise_comparisons(design)
        self._news = False
        self._over: dict[str, str] = {}

    def on_record(self, record: Record) -> None:
        """Take note of a record that ended, or was skipped; only its time to pixels counts."""
        if not self._design.until_decided:
            return
        attempt = attempt_of(record, self._providers[record.shot.case.provider], usable=True)
        if attempt is not None:
            self._race.add(attempt)
            self._news = True

    def over(self) -> Mapping[str, str]:
        """Return `NAME/WORKLOAD` -> why no more of it need leave; what was once said stays so."""
        if self._news:
            self._news = False
            self._race.settle()
            for workload, names in self._race.contenders.items():
                if len(names) > 1:
                    self._judge(workload)
        return self._over

    def _judge(self, workload: str) -> None:
        race = self._race
        undecided = race.undecided(workload)
        waiting = {name for two in undecided for name in two[1:]}
        for name, faster in race.beaten(workload).items():
            self._say(name, workload, f"decided: {faster} is faster, at {self._error_rate}")
        for name in race.hopeless(workload):
            self._say(name, workload, f"served none of its first {HOPELESS} attempts")
        for name in race.contenders[workload]:
            if name not in waiting:
                self._say(name, workload, self._last(workload, name))
        if not undecided:
            for fit in self._design.fits:
                if fit.workload == workload and fit.kind == "nearest":
                    why = "decided between those that serve it exactly"
                    self._say(fit.provider, workload, why)

    def _last(self, workload: str, name: str) -> str:
        """Return why one who is not out of the race need not go on."""
        words = [
            self._race.word(two)
            for two in self._race.comparing
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
