"""What token arithmetic tells, in words: the count, the pixels, whose count that is."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.spec.drawn.drawn import Agreement
from harness.spec.model import ImageTokens
from harness.spec.rules.lattice import Size, text
from harness.spec.tokens import expected

SHOWN_SIZES = 3
"""More sizes than this are not named in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a sentence is made of.

    `unit` is what was read (`196 tokens`), `verb` how sure that is: a charge only pays for a
    quality. `asked_for` are those counted of the `number` asked for where fewer came; `some` how
    many of several are counted where not all are. `unnamed` is a level of the formula that no
    quality names, whose count it is; `another` says which other model takes so many for what.
    """

    tokens: ImageTokens
    counted: int
    unit: str
    sizes: tuple[Size, ...]
    model: str
    asked: str | None
    declared: str | None
    declared_by: str
    qualities: tuple[str, ...]
    asked_for: int | None = None
    number: int = 1
    some: int = 0
    asked_size: Size | None = None
    of_asked_size: tuple[str, ...] = ()
    unnamed: int | None = None
    another: str = ""
    verb: str = "drawn as"

    @property
    def counted_sizes(self) -> tuple[Size, ...]:
        """The images that are counted."""
        if self.some and self.qualities:
            fitting = (size for size in self.sizes if self.is_of(self.qualities[0], size))
            return (next(fitting, self.sizes[0]),) * self.some
        return self.sizes[:1] * self.asked_for if self.asked_for else self.sizes

    def takes(self, quality: str, sizes: Sequence[Size]) -> int | None:
        """Return the partial images' tokens beside those of a quality; None where it is not it."""
        each = expected(self.tokens, quality, sizes)
        rest = None if each is None else self.counted - each
        step = self.tokens.partial
        fits = rest == 0 or (rest is not None and rest > 0 and step > 0 and rest % step == 0)
        return rest if fits else None

    def is_of(self, quality: str, size: Size) -> bool:
        """Tell whether as many images of a size as are counted take the tokens."""
        return self.takes(quality, (size,) * self.some) is not None

    @property
    def at(self) -> str:
        """The images that are counted, in words: `at 1024x1024`, `for 2 images at 1024x1024`."""
        if self.some:
            number = "one image" if self.some == 1 else f"{self.some} images"
            return f"for {number} at {text(self.counted_sizes[0])}"
        if self.asked_for:
            whole = self.asked_for == self.number
            of = f"the {self.number}" if whole else f"{self.asked_for} of the {self.number}"
            return f"for {of} images asked for at {text(self.sizes[0])}"
        return _at(self.sizes)

    @property
    def count(self) -> str:
        """The count and the images that it is for."""
        return f"{self.unit} {self.at}"

    def whose(self, quality: str) -> str:
        """Say that the count is that of a quality, its partial images told apart."""
        rest = self.takes(quality, self.counted_sizes)
        partials = f" with {rest:,} for partial images" if rest else ""
        return f"{self.count} is {quality}'s count{partials}"

    def instead(self, quality: str | None) -> str:
        """Say what a quality takes for the same images; empty where that is not known."""
        number = expected(self.tokens, quality, self.counted_sizes) if quality else None
        return "" if number is None else f"; {quality} takes {number:,}"


def sentence(agreement: Agreement, told: Told, doubts: str = "") -> str:
    """Return what a count says, beginning with what was asked for."""
    asked = f"asked for {told.asked}: " if told.asked else ""
    return f"{asked}{_WORDS[agreement](told)}{f'; nothing follows: {doubts}' if doubts else ''}"


def _at(sizes: Sequence[Size]) -> str:
    each = Counter(map(text, sizes))
    if len(sizes) == 1:
        return f"at {text(sizes[0])}"
    if len(each) == 1:
        return f"for {len(sizes)} images at {text(sizes[0])}"
    listed = [f"{size} ({number})" for size, number in list(each.items())[:SHOWN_SIZES]]
    more = " and others" if len(each) > SHOWN_SIZES else ""
    return f"for {len(sizes)} images at {', '.join(listed)}{more}"


def _asked(told: Told) -> str:
    return f"{told.verb} {told.qualities[0]}: {told.whose(told.qualities[0])}"


def _other(told: Told) -> str:
    return f"{_asked(told)}{told.instead(told.asked)}"


def _other_charge(told: Told) -> str:
    return f"{_other(told)}: drawn so, or sold at the maker's price of it"


def _mixed(told: Told) -> str:
    numbers = Counter(told.qualities)
    others = [name for name in numbers if name != told.asked]
    drawn = " and ".join(f"{numbers[name]} of {len(told.sizes)} drawn as {name}" for name in others)
    each = " and ".join(f"{number} {name}" for name, number in numbers.items())
    return f"{drawn}: {told.count} is the count of {each}{told.instead(told.asked)}"


def _unasked(told: Told) -> str:
    names = told.qualities
    if told.unnamed is not None:
        return f"{told.count} is the count of level {told.unnamed}, which no quality names"
    if len(names) > 1:
        return _mixed(told)
    return f"{_asked(told)}; no quality was asked for"


def _declared_other(told: Told) -> str:
    says = f"{told.declared_by} {told.declared}"
    return f"no quality was asked for, and {says}: {_asked(told)}{told.instead(told.declared)}"


def _part(told: Told) -> str:
    return (
        f"{told.whose(told.qualities[0])}, and {len(told.sizes)} came: the others are not counted"
    )


def _asked_size(told: Told) -> str:
    size = text(told.asked_size) if told.asked_size else "the size"
    came = _at(told.sizes).removeprefix("at ").removeprefix("for ")
    return (
        f"{told.unit} is {told.asked}'s count for the {size} asked for, and what came is {came}"
        f"{told.instead(told.asked)}"
    )


def _shown(told: Told) -> str:
    whose = told.whose(told.qualities[0]) if len(told.qualities) == 1 else told.count
    return f"{whose}, and the provider's own document shows it for {told.asked}: nothing follows"


def _several(told: Told) -> str:
    names = " or ".join(dict.fromkeys((*told.qualities, *told.of_asked_size)))
    return f"{told.count} can be read as {names}, by what is counted: nothing follows"


def _none(told: Told) -> str:
    return f"{_fits_none(told)}: its tokens or its pixels are not what they are said to be"


def _fits_none(told: Told) -> str:
    hint = f" (level {told.unnamed} takes so many, which no quality names)" if told.unnamed else ""
    if told.asked_size and told.of_asked_size:
        hint += f" ({told.of_asked_size[0]}'s at the {text(told.asked_size)} asked for)"
    return f"{told.unit} fit no quality of {told.model} {told.at}{hint}{told.another}"


def _unclear(told: Told) -> str:
    if len(told.qualities) > 1:
        return f"{told.count} is the count of {', '.join(told.qualities)}"
    if told.qualities:
        return f"{told.whose(told.qualities[0])}{told.instead(told.asked)}"
    return _fits_none(told)


_WORDS: dict[Agreement, Callable[[Told], str]] = {
    "asked": _asked,
    "other": _other,
    "mixed": _mixed,
    "other_charge": _other_charge,
    "unasked": _unasked,
    "declared_other": _declared_other,
    "part": _part,
    "asked_size": _asked_size,
    "other_model": _fits_none,
    "shown": _shown,
    "several": _several,
    "none": _none,
    "unclear": _unclear,
}
