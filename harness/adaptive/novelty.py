"""What a drawn request would teach: the values that it tries together for the first time."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

from harness.adaptive.answers import Answers, KnownFailure, Question
from harness.core.case import Case

TRIPLES = "untried combinations of three values"
COMPANY = "untried values beside a violation"
CLOSENESS = "values shared with a failing request"
"""What Hypothesis raises (`target`): the labels of the scores."""

_ONE_IN = 4
"""One of so many valid requests is chosen for being close to a failing one."""

Feature = tuple[object, ...]


class Novelty:
    """Measures requests against all that has an answer when this is made."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._tried: set[Feature] = set()
        self._failing: list[Question] = []
        self._known: list[KnownFailure] = []
        for question, claims in answers.asked():
            self._tried |= _features(question)
            if claims:
                self._known += answers.known_failures(question)
            if claims and question.breaks is None:
                self._failing.append(question)

    def scores(self, case: Case) -> dict[str, float]:
        """Return what makes a request worth drawing, by label; higher is better."""
        question = self._answers.question(case)
        untried = float(len(_features(question) - self._tried))
        if question.breaks is not None:
            return {COMPANY: untried}
        return {TRIPLES: untried, CLOSENESS: self._closeness(question)}

    def best_first(self, cases: Sequence[Case], images: Callable[[Case], int]) -> Iterator[Case]:
        """Yield violating and valid requests by turns, the one that tries the most first.

        What a known failure explains is left out, and the same question is asked once. A valid one
        is weighed against the `images` that it may cost.
        """
        fresh = {self._answers.question(case): case for case in cases}
        waiting = [
            (question, case)
            for question, case in fresh.items()
            if not any(failure.is_inside(question) for failure in self._known)
        ]
        turn = 0
        while waiting:
            turn += 1
            violating = [pair for pair in waiting if pair[0].breaks is not None]
            valid = [pair for pair in waiting if pair[0].breaks is None]
            if (turn % 2 and violating) or not valid:
                best = max(violating, key=lambda pair: self._untried(pair[0]))
            elif self._failing and turn % (2 * _ONE_IN) == 0:
                best = max(valid, key=lambda pair: self._closeness(pair[0]))
            else:
                best = max(valid, key=lambda pair: self._untried(pair[0]) / (1 + images(pair[1])))
            waiting.remove(best)
            self._tried |= _features(best[0])
            yield best[1]

    def _untried(self, question: Question) -> int:
        return len(_features(question) - self._tried)

    def _closeness(self, question: Question) -> float:
        """Return the largest share of a failing request's values that a request holds, below 1."""
        shares = (
            len(values & question.values) / len(values)
            for failing in self._failing
            if failing.operation == question.operation
            and (values := self._answers.changed(failing))
        )
        return max((share for share in shares if share < 1), default=0.0)


def _features(question: Question) -> set[Feature]:
    """Return what a request tries: three values together, or a violation beside each value."""
    values = sorted(pair for pair in question.values)
    if question.breaks is not None:
        return {(question.operation, question.breaks, pair) for pair in values}
    return {(question.operation, *three) for three in combinations(values, 3)}
