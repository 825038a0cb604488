"""Cheaper requests that show wrong content as well as the one in which it was seen first.

Ten images are not bought again to learn that one of them was missing: two may show it, too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.core.case import Case
from harness.core.jsonvalue import Json
from harness.diagnosis.combinations import plain_with

LEAST_OF_SEVERAL = 2
_LATER = (4, 8)
"""The least number of images that is more than one; and those that are tried where the same number
again is too dear."""

_WORTH_IT = 0.75
"""A number of images above this part of the first one is no cheaper way to ask."""

_CAPPED = 0.5
"""Where this part or less was served, that there is a cap is likelier than that one is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request in which content was wrong, beside the plain one of its operation.

    `suspected` are the arguments that the broken claims speak of, with those that they need;
    `received` is the number of images that were served. With `several`, the first image alone broke
    no claim.
    """

    case: Case
    plain: dict[str, Json]
    suspected: frozenset[str]
    received: int
    several: bool = False

    @property
    def _images(self) -> int:
        number = self.case.arguments.get("n")
        return number if isinstance(number, int) and not isinstance(number, bool) else 1

    def before_a_repetition(self) -> Iterator[dict[str, Json]]:
        """Yield what to send before the same request again, the most telling for its price first.

        It is the plain request with the suspected arguments alone, then the same request for fewer
        images: one, or two where several may be the reason. Where their number itself is suspected,
        also one more than were served: a provider may make no more than that, and did not where it
        served less than half.
        """
        if "n" in self.suspected:
            above = self._above_the_cap()
            likely = 0 < above <= _CAPPED * self._images
            numbers = (above, LEAST_OF_SEVERAL) if likely else (LEAST_OF_SEVERAL, above)
            yield from self._numbers(numbers)
            yield from self._same_with(LEAST_OF_SEVERAL)
            return
        if self.several:
            yield {**self._alone(), "n": LEAST_OF_SEVERAL}
        elif self.suspected:
            yield self._alone()
        if not self.several:
            yield from self._same_with(1)
        yield from self._same_with(LEAST_OF_SEVERAL)

    def instead_of_a_repetition(self) -> Iterator[dict[str, Json]]:
        """Yield what to send where the same request again is too dear."""
        if "n" in self.suspected:
            yield from self._numbers(_LATER)

    def _same_with(self, number: int) -> Iterator[dict[str, Json]]:
        if self._images > number:
            yield {**self.case.arguments, "n": number}

    def _alone(self) -> dict[str, Json]:
        return plain_with(self.plain, self.case.arguments, self.suspected)

    def _numbers(self, numbers: Iterable[int]) -> Iterator[dict[str, Json]]:
        """Yield the suspected arguments alone with these numbers of images, where they are less."""
        if self._images <= LEAST_OF_SEVERAL:
            yield self._alone()
            return
        for number in numbers:
            if LEAST_OF_SEVERAL <= number < self._images:
                yield {**self._alone(), "n": number}

    def _above_the_cap(self) -> int:
        above = self.received + 1
        return above if LEAST_OF_SEVERAL <= above <= _WORTH_IT * self._images else 0
