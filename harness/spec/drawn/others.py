"""Whether a count that is none of the asked model's is that of another model that is known."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.spec.drawn.delivery import Delivery
from harness.spec.rules.lattice import Size
from harness.spec.tokens import Counted, drawn_as, expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """The models (`names`) that take the tokens counted, and in words for what (`told`).

    It is `whole` where all images that came are counted.
    """

    names: tuple[str, ...] = ()
    told: str = ""
    whole: bool = False


def of_another(delivery: Delivery, tokens: int) -> Fitting:
    """Return the first of the other models whose count the tokens are, for the pixels that came.

    That is for all images, for as many as were asked for, or for one of several.
    """
    sizes, number = delivery.sizes, delivery.number
    alike = len({*sizes}) == 1
    ways: list[tuple[tuple[Size, ...], str]] = [(sizes, "")]
    if alike and number > len(sizes):
        ways.append((sizes[:1] * number, f" of the {number} images asked for"))
    if len(sizes) > 1:
        ways += [((size,), " of one image") for size in dict.fromkeys(sizes)]
    for counted, what in ways:
        for other in delivery.model.others:
            found = Counted(tokens=tokens, images=counted, partials=delivery.partials)
            for quality in drawn_as(other.tokens, found):
                rest = tokens - (expected(other.tokens, quality, counted) or 0)
                partials = f", with {rest:,} for partial images" if rest else ""
                return Fitting(
                    names=other.names,
                    told=f"; they are what {_all(other.names)} for {quality}{what}{partials}",
                    whole=counted == sizes,
                )
    return Fitting()


def _all(names: Sequence[str]) -> str:
    """Say who takes something: `a takes`, `a and b take`."""
    *first, last = names
    return f"{', '.join(first)} and {last} take" if first else f"{last} takes"
