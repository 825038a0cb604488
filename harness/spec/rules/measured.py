"""Rules that limit one measure of a value: a number, a length."""

from abc import abstractmethod

from harness.core.jsonvalue import Json
from harness.spec.rules.base import Evaluation, Rule
from harness.spec.rules.values import in_digits, member


class Measured(Rule):
    """A limit on one measure of a value: it is kept at its ends, and broken one beyond them."""

    @abstractmethod
    def amount(self, value: Json) -> float | None:
        """Return the measure of a value; None of one that is not of the argument's type."""

    def evaluate(self, value: Json, other: Json) -> Evaluation:
        amount, (least, most) = self.amount(value), self.span
        if amount is None:
            return "satisfied"
        enough = least is None or amount >= least
        return "satisfied" if enough and (most is None or amount <= most) else "violated"

    def boundaries(self, value: Json, other: Json) -> tuple[str, ...]:
        amount = self.amount(value)
        return (in_digits(amount) if amount is not None and member(amount, self.span) else "",)
