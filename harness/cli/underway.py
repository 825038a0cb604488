"""What a provider's part of a run has come to so far: what looks broken, what is spent and left.

It is told of each request as it ends, and looks at each once: half a millisecond, between replies.
A benchmark's requests are not judged, so that no time that is measured moves.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from time import monotonic

from harness.checks.judge import judge_records
from harness.core.case import PlannedRequest
from harness.core.record import Record
from harness.report.text import amount_text, count, money_text, one_line
from harness.runner.execution.budget import Budget
from harness.runner.execution.provider_run import ProviderRun

ENOUGH = 3
"""How many requests of a kind must have ended before anything is said of the others' time."""

SURE = 2
"""How often a promise must have been seen broken: two times, with two prompts, is a finding."""

NONE = "none broken"

_MINUTE_S, _HOUR_S = 60, 3600


class Underway:
    """One provider's part while it lasts.

    `findings` says what looks broken so far: twice, or only once; the report alone is the
    judgement. Another thread may read while this one is told of more.
    """

    def __init__(self, part: ProviderRun, *, clock: Callable[[], float] = monotonic) -> None:
        self._part = part
        self._clock = clock
        self.findings = NONE
        self._broken: Counter[tuple[str, str]] = Counter()
        self._seen, self._known = 0, 0
        self._at_s = clock()
        self._took_s = {True: 0.0, False: 0.0}
        self._timed, self._waiting = {True: 0, False: 0}, {True: 0, False: 0}
        self._await(part.setup.plan.shots)

    def told(self) -> None:
        """Take note of the requests that have ended since; those of an earlier run have no time."""
        now_s = self._clock()
        self._await(self._part.added[self._known :])
        self._known = len(self._part.added)
        new = self._part.records[self._seen :]
        for record in new:
            self._waiting[_pays(record.shot)] -= 1
            self._judge(record)
        self.findings = _findings(self._broken)
        if len(new) == 1 and new[0].outcome is not None:
            self._timed[_pays(new[0].shot)] += 1
            self._took_s[_pays(new[0].shot)] += now_s - self._at_s
        self._seen += len(new)
        self._at_s = now_s

    def _await(self, shots: Iterable[PlannedRequest]) -> None:
        for shot in shots:
            self._waiting[_pays(shot)] += 1

    def _judge(self, record: Record) -> None:
        if record.shot.slot is not None or record.outcome is None:
            return
        provider = self._part.provider
        verdicts = judge_records([record], {provider.name: provider})
        failed = {
            (verdict.operation, verdict.constraint or verdict.check)
            for verdict in verdicts
            if verdict.status == "fail"
        }
        self._broken.update(failed)

    @property
    def spent(self) -> str:
        """What was spent of what may be, in money and in images."""
        return spent_text(self._part.budget, self._part.provider.prices.unit)

    def spent_in(self, room: int | None) -> str:
        """Return the same in so many characters, by leaving out the limits and the images."""
        unit, spent = self._part.provider.prices.unit, self.spent
        if room is None or len(spent) <= room:
            return spent
        budget = self._part.budget
        return one_line(money_text(budget.spent, unit), max(room, 24))

    @property
    def left_s(self) -> float | None:
        """How long the requests that are left take at the pace so far; None where nobody knows.

        What buys an image and what is to be refused have a pace each. It shrinks while nothing
        ends, and is not known any more once that should have been over.
        """
        left, budget = dict(self._waiting), self._part.budget
        if budget.images is not None:
            left[True] = min(left[True], max(budget.images - budget.spent_images, 0))
        kinds = [pays for pays, number in left.items() if number > 0]
        if any(self._timed[pays] < ENOUGH for pays in kinds):
            return None
        whole_s = sum(left[pays] * self._took_s[pays] / self._timed[pays] for pays in kinds)
        rest_s = whole_s - (self._clock() - self._at_s)
        if not kinds:
            return 0.0
        return rest_s if rest_s > 0 else None


def _pays(shot: PlannedRequest) -> bool:
    """Tell whether a request is to bring an image: then it takes as long as one is drawn."""
    return shot.price.images > 0


def _findings(broken: Mapping[tuple[str, str], int]) -> str:
    sure = sum(times >= SURE for times in broken.values())
    suspected = len(broken) - sure
    words = (f"{sure} broken" if sure else "", f"{suspected} suspected" if suspected else "")
    return ", ".join(filter(None, words)) or NONE


def spent_text(budget: Budget, unit: str) -> str:
    """Return what was spent of a budget: `4.5 of 10 credits, 9 of 25 images`."""
    spent = one_line(money_text(budget.spent, unit), 24)
    if budget.amount is not None:
        spent = f"{amount_text(budget.spent)} of {one_line(money_text(budget.amount, unit), 24)}"
    if unit == "image" and budget.images is None:
        return spent
    of = f" of {budget.images:,}" if budget.images is not None else ""
    images = f"{budget.spent_images:,}{of} images" if of else count(budget.spent_images, "image")
    return images if unit == "image" and budget.amount is None else f"{spent}, {images}"


def left_text(left_s: float | None) -> str:
    """Return roughly how long is left: `~0:40`, `~12:05`, `~1:02 h`; `-` where it is not known."""
    if left_s is None:
        return "-"
    if left_s >= _HOUR_S:
        minutes = round(left_s / _MINUTE_S)
        return f"~{minutes // 60}:{minutes % 60:02} h"
    whole = round(left_s)
    return f"~{whole // _MINUTE_S}:{whole % _MINUTE_S:02}"
