"""What a drawn request would teach: the values that it tries together for the first time."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from harness.adaptive.answers import Answers, KnownFailure, Question
from harness.core.case import Case
from harness.spec.provider import Argument
from harness.spec.rules import edges

TRIPLES = "untried combinations of three values"
COMPANY = "untried values beside a violation"
CLOSENESS = "values shared with a failing request"
"""What Hypothesis raises (`target`): the labels of the scores."""

_OF_THREE = 3
"""One of three requests breaks a rule; of the valid ones, each fourth is close to a failing one."""

_FEW = 10
"""A range of no more whole numbers is tried number by number."""

_LISTED, _FREE = 1.0, 0.125
"""What an untried combination of values counts: of those that a document lists, and of others."""

Feature = tuple[float, *tuple[object, ...]]
"""What a request tries: what it counts, an operation, and the values that stand together."""


@dataclass(slots=True)
class Tried:
    """What requests that have an answer have tried, and which of them were looked at."""

    features: set[Feature] = field(default_factory=set)
    questions: set[Question] = field(default_factory=set)


class Novelty:
    """Measures requests against all that has an answer when this is made.

    What they have tried is kept in `tried` from one time to the next.
    """

    def __init__(self, answers: Answers, tried: Tried | None = None) -> None:
        self._answers = answers
        tried = Tried() if tried is None else tried
        self._before = tried.features
        self._tried: set[Feature] = set()
        self._features_of: dict[Question, frozenset[Feature]] = {}
        self._failing: list[Question] = []
        self._known: list[KnownFailure] = []
        for question, claims in answers.asked():
            if question not in tried.questions:
                tried.questions.add(question)
                tried.features |= self._new_features(question)
            if claims:
                self._known += answers.known_failures(question)
            if claims and question.breaks is None:
                self._failing.append(question)

    def scores(self, case: Case) -> dict[str, float]:
        """Return what makes a request worth drawing, by label; higher is better."""
        question = self._answers.question(case)
        untried = self._untried(question)
        if question.breaks is not None:
            return {COMPANY: untried}
        return {TRIPLES: untried, CLOSENESS: self._closeness(question)}

    def best_first(self, cases: Sequence[Case], images: Callable[[Case], int]) -> Iterator[Case]:
        """Yield a violating request and two valid ones by turns, those that try the most first.

        What a known failure explains is left out, and the same question is asked once. A valid one
        is weighed against the `images` that it may cost; operations with something untried take
        turns, so that one with many arguments does not displace the others.
        """
        fresh = {self._answers.question(case): case for case in cases}
        waiting = [
            (question, case)
            for question, case in fresh.items()
            if not any(failure.is_inside(question) for failure in self._known)
        ]
        turn, turns = 0, Counter[str]()
        while waiting:
            turn += 1
            violating = [pair for pair in waiting if pair[0].breaks is not None]
            valid = [pair for pair in waiting if pair[0].breaks is None]
            if (turn % _OF_THREE == 1 and violating) or not valid:
                best = max(violating, key=lambda pair: self._untried(pair[0]))
            elif self._failing and turn % (2 * _OF_THREE) == 0:
                best = max(valid, key=lambda pair: self._closeness(pair[0]))
            else:
                best = max(
                    valid,
                    key=lambda pair: (
                        self._untried(pair[0]) > 0,
                        -turns[pair[0].operation],
                        self._untried(pair[0]) / (1 + images(pair[1])),
                    ),
                )
                turns[best[0].operation] += 1
            waiting.remove(best)
            self._tried |= self._features(best[0])
            yield best[1]

    def _untried(self, question: Question) -> float:
        """Return how much is untried: values that a document lists count more than free ones."""
        fresh = self._features(question) - self._before - self._tried
        return sum(weight for weight, *_ in fresh)

    def _features(self, question: Question) -> frozenset[Feature]:
        if question not in self._features_of:
            self._features_of[question] = self._new_features(question)
        return self._features_of[question]

    def _new_features(self, question: Question) -> frozenset[Feature]:
        """Return what a request tries: three values together, or a violation beside each value."""
        arguments = self._answers.provider.operation(question.operation).arguments
        values = sorted((name, _kind(arguments.get(name), text)) for name, text in question.values)
        if question.breaks is not None:
            return frozenset(
                (_LISTED, question.operation, question.breaks, value) for value in values
            )
        listed = {name for name, _ in values if _is_listed(arguments.get(name))}
        return frozenset(
            (_LISTED if listed.issuperset(name for name, _ in three) else _FREE, about, *three)
            for about in [question.operation]
            for three in combinations(values, 3)
        )

    def _closeness(self, question: Question) -> float:
        """Return the largest share of a failing request's values that a request holds, below 1."""
        shares = (
            len(values & question.values) / len(values)
            for failing in self._failing
            if failing.operation == question.operation
            and (values := self._answers.changed(failing))
        )
        return max((share for share in shares if share < 1), default=0.0)


def _is_listed(argument: Argument | None) -> bool:
    """Tell whether the values of an argument are few: words of a document, or few numbers."""
    return argument is not None and (argument.one_of is not None or _has_few_numbers(argument))


def _has_few_numbers(argument: Argument) -> bool:
    low, high = argument.bounds
    return low is not None and high is not None and high - low < _FEW


def _kind(argument: Argument | None, value: str) -> str:
    """Return the kind of a value: itself where there are few, else what it has in common."""
    if argument is None or argument.one_of is not None:
        return value
    if argument.type in ("integer", "number"):
        low, high = argument.bounds
        ends = [str(end) for end in (low, high) if end is not None]
        return value if _has_few_numbers(argument) or value in ends else "a number inside"
    if (size := edges(value)) is not None:
        wide, high = size
        return "square" if wide == high else "landscape" if wide > high else "portrait"
    if argument.type == "images":
        number, _, which = value.partition(" of ")
        return which if number == "1" else "several files"
    return value
