"""What a run draws after its plan: new requests, those that failed before, smaller ones that fail.

It goes in rounds, once all else has ended. A round sends as many requests as may be under way at
once, so that a run does not become serial. Hypothesis draws and shrinks over the answers that the
records hold; only a request without an answer is sent.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace

from harness.adaptive.answers import Answers, KnownFailure, Question, Values
from harness.adaptive.novelty import Novelty, Tried
from harness.cases.explore import Examples, drawn, explored_cases, shrunk
from harness.core.case import Case, Exploration, PlannedRequest
from harness.core.record import Record
from harness.planning.options import MAX_SHRINK
from harness.planning.plan import planned_request
from harness.runner.execution.budget import (
    Budget,
    Reservation,
    charged_reservation,
    most_at_risk,
)
from harness.spec.price import price_of
from harness.spec.provider import Provider

EXAMPLES = 120
"""How many requests Hypothesis draws for a round; the best of them are sent."""

_SHRUNK_AT_MOST = 3
"""How many failing requests of an operation may use their whole share of smaller ones."""

_DRY = 3
"""After so many seeds that draw nothing new, nothing new is left."""

_SEEDS = 1_000_003


@dataclass(slots=True, kw_only=True)
class ExplorationStatistics:
    """What Hypothesis drew for one provider in this process, and what came of it in the run.

    `examples` are all draws, of which `valid` keep every rule; `cached` is how many different ones
    had an answer already. `best` has the highest score by label. `engine` holds Hypothesis' own
    statistics of each draw and each shrink, in their order.
    """

    examples: int = 0
    valid: int = 0
    cached: int = 0
    best: dict[str, float] = field(default_factory=dict)
    sent: int = 0
    failing: int = 0
    smallest: tuple[str, ...] = ()
    engine: list[str] = field(default_factory=list)

    def describe(self) -> str:
        """Return the figures as one sentence."""
        scores = ", ".join(f"{label} {score:g}" for label, score in sorted(self.best.items()))
        text = (
            f"Hypothesis drew {self.examples} examples ({self.valid} valid, "
            f"{self.examples - self.valid} violating), {self.cached} were answered already, "
            f"{self.sent} were sent, {self.failing} failed"
        )
        shrunk_to = f"shrunk to {'; '.join(self.smallest)}" if self.smallest else ""
        best = f"best scores: {scores}" if scores else ""
        return "; ".join(filter(None, (text, shrunk_to, best)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reduction:
    """What the shrinker made of a request that fails in `claims`, and the answers it rests on."""

    claims: frozenset[str]
    smallest: Case
    smaller: tuple[Case, ...]
    looked_at: Mapping[Question, bool | None]


class Explorer:
    """Sends at most as many requests as a plan's exploration says; a `FollowUpStrategy`.

    Smaller ones do not count among them: each failing one may take `max_shrink`. The same records
    make the same requests. `at_once` is the size of a round. `budget` returns the limits of the
    provider's run with nothing spent; for each request the price of a repetition is kept free.
    """

    def __init__(  # noqa: PLR0913 - what an exploration depends on
        self,
        provider: Provider,
        exploration: Exploration,
        *,
        operations: Sequence[str],
        seed: int,
        at_once: int,
        budget: Callable[[], Budget],
        max_shrink: int = MAX_SHRINK,
    ) -> None:
        self.provider = provider
        self._exploration = exploration
        self._operations = tuple(operations)
        self._seed = seed
        self._at_once = at_once
        self._budget = budget
        self._max_shrink = max_shrink
        self._strategy = explored_cases(provider)
        self._answers = Answers(provider)
        self._explored: set[str] = set()
        self._smaller_of: Counter[str] = Counter()
        self._smaller_in: Counter[str] = Counter()
        self._suspects: dict[str, Case] = {}
        self._spent_so_far: Budget | None = None
        self._tried = Tried()
        self._reduced: dict[str, _Reduction] = {}
        self._statistics = ExplorationStatistics()
        self._over = False

    def on_record(self, record: Record) -> Sequence[PlannedRequest]:
        """Take note of a record; nothing follows from it before a round ends."""
        case = record.shot.case
        if case.provider == self.provider.name:
            if case.stage == "explore":
                self._note(case)
            if record.outcome is None:
                self._over = self._over or "budget" in (record.skipped or "")
            else:
                self._answers.add(record)
                self._book(record)
                if case.stage == "explore" and self._answers.fails_alone(case.id):
                    self._suspects[case.id] = case
        return ()

    def _note(self, case: Case) -> None:
        """Take note of an explored request: what is held of it is its id."""
        if case.id not in self._explored:
            self._explored.add(case.id)
            if case.follows is not None:
                self._smaller_of[case.follows] += 1
                self._smaller_in[case.operation] += 1

    def on_idle(self) -> Sequence[PlannedRequest]:
        """Return the next round: what failed before, smaller failing requests, or new ones."""
        if self._over:
            return ()
        requests = (
            self._sendable(self._exploration.retried, self._room())
            or self._smaller()
            or self._new_requests()
        )
        for request in requests:
            self._note(request.case)
        self._over = not requests
        return requests

    def statistics(self) -> ExplorationStatistics:
        """Return what was drawn and what came of it so far."""
        failing = self._failing()
        return replace(
            self._statistics,
            sent=self._answers.explored,
            failing=len(failing),
            smallest=tuple(dict.fromkeys(map(self._answers.describe, self._shrunk()))),
        )

    def update(self, examples: Examples) -> None:
        """Keep the smallest failing requests among the examples; drop those that fail no more."""
        for case in self._shrunk():
            examples.keep(case)
        for case in self._exploration.retried:
            if self._answers.claims(self._answers.question(case)) == frozenset():
                examples.drop(case)

    # ------------------------------------------------------------------------ failing requests
    def _failing(self) -> list[Case]:
        """Return the explored requests that fail, the smallest first."""
        failing = [
            case
            for case in self._suspects.values()
            if self._answers.claims(self._answers.question(case))
        ]

        def size(case: Case) -> tuple[int, str]:
            return (len(self._answers.question(case).values), case.id)

        return sorted(failing, key=size)

    def _shrunk(self) -> list[Case]:
        """Return the smallest request of each failure as far as the answers go."""
        return [smallest for _, smallest, _ in self._reductions()]

    def _reductions(self) -> Iterator[tuple[Case, Case, tuple[Case, ...]]]:
        """Yield a failing request, the smallest that fails like it, and what is worth asking.

        What an earlier one explains, or a planned one, is no failure of its own. What failed before
        was shrunk then.
        """
        known = self._answers.known_of_plan()
        retried = {case.id for case in self._exploration.retried}
        for case in self._failing():
            claims = self._unexplained(case, known)
            if not claims or case.follows is not None:
                continue
            smallest, smaller = (case, ()) if case.id in retried else self._reduction(case, claims)
            yield case, smallest, smaller
            known += self._answers.known(smallest)

    def _reduction(self, case: Case, claims: frozenset[str]) -> tuple[Case, tuple[Case, ...]]:
        """Let the shrinker run, unless all that it looked at has the answer of its last run."""
        last = self._reduced.get(case.id)
        if last is None or last.claims != claims or not self._stands(last):
            last = self._reduced[case.id] = self._reduced_anew(case, claims)
        return last.smallest, last.smaller

    def _stands(self, last: _Reduction) -> bool:
        return all(
            self._answers.fails(question, last.claims) == answer
            for question, answer in last.looked_at.items()
        )

    def _reduced_anew(self, case: Case, claims: frozenset[str]) -> _Reduction:
        about = self._answers.question(case)
        looked_at: dict[Question, bool | None] = {}

        def fails(other: Case) -> bool | None:
            question = self._answers.question(other)
            if (question.operation, question.breaks) != (about.operation, about.breaks):
                return False
            if question not in looked_at:
                looked_at[question] = self._answers.fails(question, claims)
            return looked_at[question]

        shrink = shrunk(self._strategy, case.choices, fails)
        self._statistics.engine.append(shrink.statistics)
        smallest, smaller = shrink.smallest or case, list(shrink.unanswered)
        if self._answers.claims(self._answers.question(smallest)) is None:
            smallest, smaller = case, [smallest, *smaller]  # it is sure to fail once it was sent
        # Other values than the failing ones are for new draws: here they are only left out.
        values = self._answers.question(smallest).values
        parts = tuple(other for other in smaller if self._changed(other) <= values)
        return _Reduction(claims=claims, smallest=smallest, smaller=parts, looked_at=looked_at)

    def _changed(self, case: Case) -> Values:
        return self._answers.changed(self._answers.question(case))

    def _unexplained(self, case: Case, known: Iterable[KnownFailure]) -> frozenset[str]:
        """Return the claims that a request fails for a reason of its own."""
        question = self._answers.question(case)
        explained = {failure.claim for failure in known if failure.is_inside(question)}
        return (self._answers.claims(question) or frozenset()) - explained

    def _smaller(self) -> list[PlannedRequest]:
        """Return requests that may show the first failure that can still be made smaller."""
        for case, _, smaller in self._reductions():
            following = [replace(other, follows=case.id) for other in smaller]
            if requests := self._sendable(following, self._room_to_shrink(case)):
                return requests
        return []

    def _room_to_shrink(self, case: Case) -> int:
        """Return how many smaller requests may still be sent for a failing one."""
        tried = self._smaller_of[case.id]
        of_operation = self._smaller_in[case.operation]
        most = _SHRUNK_AT_MOST * self._max_shrink
        return min(self._at_once, self._max_shrink - tried, most - of_operation)

    # ---------------------------------------------------------------------------- new requests
    def _new_requests(self) -> list[PlannedRequest]:
        """Return the best requests of a fresh draw, violating and valid ones by turns."""
        room = self._room()
        for dry in range(_DRY if room else 0):
            if requests := self._sendable(self._draw(dry), room):
                return requests
        return []

    def _room(self) -> int:
        """Return how many requests, none of them a smaller one, the next round may hold."""
        sent = len(self._explored) - self._smaller_of.total()
        return max(0, min(self._at_once, self._exploration.requests - sent))

    def _draw(self, dry: int) -> Iterator[Case]:
        """Let Hypothesis draw towards what is untried and what fails; yield the best first."""
        novelty = Novelty(self._answers, self._tried)
        draws = drawn(
            self._strategy,
            lambda case: novelty.scores(case) if self._is_wanted(case) else {},
            seed_=self._seed * _SEEDS + len(self._explored) * _DRY + dry,
            examples=EXAMPLES,
        )
        figures = self._statistics
        figures.examples += draws.examples
        figures.valid += draws.valid
        figures.engine.append(draws.statistics)
        figures.cached += sum(
            self._answers.claims(self._answers.question(case)) is not None for case in draws.cases
        )
        for label, score in draws.best.items():
            figures.best[label] = max(score, figures.best.get(label, score))
        wanted = [case for case in draws.cases if self._is_wanted(case)]
        return novelty.best_first(wanted, self._images)

    def _is_wanted(self, case: Case) -> bool:
        return case.operation in self._operations and self._answers.is_served(case.operation)

    def _images(self, case: Case) -> int:
        operation = self.provider.operation(case.operation)
        return price_of(self.provider, operation, case.arguments).images

    # --------------------------------------------------------------------------------- sending
    def _sendable(self, cases: Iterable[Case], room: int) -> list[PlannedRequest]:
        """Return at most `room` requests for these cases: open ones that can still be paid for."""
        budget = self._spent()
        requests: dict[Question, PlannedRequest] = {}
        for case in cases:
            if len(requests) >= room:
                break
            if not self._is_wanted(case) or case.id in self._explored:
                continue
            request = planned_request(self.provider, case)
            question = self._answers.question(case)
            is_new = question not in requests and self._answers.is_open(request)
            if is_new and budget.reserve(_with_repetition(request)) is None:
                requests[question] = request
        return list(requests.values())

    def _spent(self) -> Budget:
        """Return the budget of the run as it stands now."""
        return deepcopy(self._spent_so_far or self._budget())

    def _book(self, record: Record) -> None:
        if self._spent_so_far is None:
            self._spent_so_far = self._budget()
        if record.outcome is not None:
            cost = charged_reservation(
                record.shot, record.outcome, record.exchanges, provider=self.provider
            )
            self._spent_so_far.book(cost)


def _with_repetition(request: PlannedRequest) -> Reservation:
    """Return the most that a request may take together with one repetition of it."""
    most = most_at_risk(request)
    price = replace(most.price, amount=2 * most.price.amount, images=2 * most.price.images)
    return replace(most, price=price, requests=2 * most.requests)
