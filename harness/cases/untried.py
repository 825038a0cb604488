"""What the rows of an operation have not tried yet, and how much of it another row would try."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations, permutations

from harness.cases.levels import CACHED, Cell, Combination
from harness.cases.packed import PackedRows, each_bit

SINGLE, OFTEN, KIND, RARE, THREE = 600, 40, 40, 5, 10
"""What a row is worth for each untried value; combination of arguments with few values; kind of
size with one of those; other combination; and three of few values together, which are never asked
for by themselves at strength 2 but may as well differ."""

PAIR = 2


class Pairs:
    """Pairs of bits that are untried, by either bit."""

    __slots__ = ("partners",)

    def __init__(self, partners: list[int]) -> None:
        self.partners = partners

    def copy(self) -> "Pairs":
        """Return the same pairs, to tick off apart."""
        return Pairs(self.partners.copy())

    def beside(self, place: int, row: int) -> int:
        """Return how many pairs are of this bit and one of a row."""
        return (self.partners[place] & row).bit_count()

    def tick_off(self, row: int) -> None:
        """Take out all pairs of bits of a row."""
        for place in each_bit(row):
            self.partners[place] &= ~row

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        for place, partners in enumerate(self.partners):
            for other in each_bit(partners >> place + 1):
                yield place, place + 1 + other


class Triples:
    """Three bits together that are untried, by any two of them."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[dict[int, int]]) -> None:
        self.pairs = pairs

    def copy(self) -> "Triples":
        """Return the same triples, to tick off apart."""
        return Triples([pairs.copy() for pairs in self.pairs])

    def beside(self, place: int, row: int) -> int:
        """Return how many triples are of this bit and two of a row."""
        pairs, twice = self.pairs[place], 0
        for other in each_bit(row) if pairs else ():
            twice += (pairs.get(other, 0) & row).bit_count()
        return twice // 2

    def tick_off(self, row: int) -> None:
        """Take out all triples of bits of a row."""
        for place in each_bit(row):
            pairs = self.pairs[place]
            for other in each_bit(row):
                if other in pairs:
                    pairs[other] &= ~row

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        for place, pairs in enumerate(self.pairs):
            for other, thirds in sorted(pairs.items()):
                if other > place:
                    for third in each_bit(thirds >> other + 1):
                        yield place, other, other + 1 + third


class Threes:
    """Three cells of few values together that are untried: for each, which pairs of others.

    A row's pairs are one bit set, so that all of them are compared at once.
    """

    __slots__ = ("_few", "_held", "_pairs_with", "_unmet")

    def __init__(
        self, pairs_with: dict[int, int], unmet: dict[int, int], held: dict[int, int]
    ) -> None:
        self._pairs_with = pairs_with
        self._unmet = unmet
        self._few = sum(1 << place for place in pairs_with)
        self._held = held

    def copy(self) -> "Threes":
        """Return the same, to tick off apart."""
        return Threes(self._pairs_with, self._unmet.copy(), self._held)

    def beside(self, place: int, row: int) -> int:
        """Return how many are of this bit and two of a row."""
        unmet = self._unmet.get(place, 0)
        return (unmet & self._pairs_of(row & self._few)).bit_count() if unmet else 0

    def _pairs_of(self, row: int) -> int:
        """Return the pairs of which a row holds both: some, but not exactly one."""
        if row not in self._held:
            if len(self._held) > HELD:
                self._held.clear()
            some = once = 0
            for place in each_bit(row):
                some |= self._pairs_with[place]
                once ^= self._pairs_with[place]
            self._held[row] = some ^ once
        return self._held[row]

    def tick_off(self, row: int) -> None:
        """Take out all that a row holds."""
        row &= self._few
        pairs = self._pairs_of(row)
        for place in each_bit(row):
            self._unmet[place] &= ~pairs


HELD = 32_768
"""Of how many rows the pairs are kept; then all of them are forgotten."""


class Untried:
    """The values, combinations and kinds that no row holds yet; a row ticks off what it holds."""

    def __init__(self, packed: PackedRows, strength: int) -> None:
        self._packed = packed
        self._single = (1 << len(packed.cells)) - 1
        self._common, self._rare = (part.copy() for part in _asked_together(packed, strength))
        self._kinds, self._threes = (part.copy() for part in _beside(packed))
        self._worths: dict[tuple[int, int], int] = {}

    @property
    def cells(self) -> list[Cell]:
        """The values that are untried, in order."""
        return [self._packed.cells[place] for place in each_bit(self._single)]

    def combinations(self) -> tuple[list[Combination], list[Combination]]:
        """Return the combinations that are untried: those of few values, and the others."""
        cells = self._packed.cells
        common, rare = (
            [tuple(cells[place] for place in places) for places in part]
            for part in (self._common, self._rare)
        )
        return common, rare

    def tick_off(self, row: int) -> None:
        """Take out what a row holds."""
        row &= self._packed.tried
        self._worths.clear()
        self._single &= ~row
        for part in (self._common, self._rare, self._kinds, self._threes):
            part.tick_off(row)

    def gain(self, row: int) -> int:
        """Return what a row would be worth."""
        return self.change(0, row)

    def change(self, before: int, after: int) -> int:
        """Return how much more a row is worth than another."""
        before &= self._packed.tried
        after &= self._packed.tried
        shared = before & after
        return self._worth(shared, after ^ shared) - self._worth(shared, before ^ shared)

    def _worth(self, row: int, bits: int) -> int:
        """Return what more bits in a row are worth; equal questions come often until a tick-off."""
        if (row, bits) not in self._worths:
            worth, held, added = 0, row, bits
            while added:
                lowest = added & -added
                place = lowest.bit_length() - 1
                worth += (
                    SINGLE * (self._single >> place & 1)
                    + OFTEN * self._common.beside(place, held)
                    + RARE * self._rare.beside(place, held)
                    + KIND * self._kinds.beside(place, held)
                    + THREE * self._threes.beside(place, held)
                )
                held |= lowest
                added ^= lowest
            self._worths[row, bits] = worth
        return self._worths[row, bits]


@lru_cache(maxsize=CACHED)
def _asked_together(packed: PackedRows, strength: int) -> tuple[Pairs | Triples, Pairs | Triples]:
    """Return every feasible combination: those of arguments with few values, and the others."""
    common: list[tuple[int, ...]] = []
    rare: list[tuple[int, ...]] = []
    for cells in packed.feasible(strength):
        places = tuple(packed.place_of[cell] for cell in cells)
        few = all(packed.few >> place & 1 for place in places)
        (common if few else rare).append(places)
    make = _pairs if strength == PAIR else _triples
    return make(packed.width, common), make(packed.width, rare)


def _pairs(width: int, together: list[tuple[int, ...]]) -> Pairs:
    partners = [0] * width
    for first, second in together:
        partners[first] |= 1 << second
        partners[second] |= 1 << first
    return Pairs(partners)


def _triples(width: int, together: list[tuple[int, ...]]) -> Triples:
    pairs: list[dict[int, int]] = [{} for _ in range(width)]
    for three in together:
        for place, other, third in permutations(three):
            pairs[place][other] = pairs[place].get(other, 0) | 1 << third
    return Triples(pairs)


@lru_cache(maxsize=CACHED)
def _beside(packed: PackedRows) -> tuple[Pairs, Threes]:
    """Return what else rows may try: kinds of sizes with single values, and three values."""
    few = packed.few
    kinds = [few if packed.facets >> place & 1 else 0 for place in range(packed.width)]
    for place in each_bit(few):
        kinds[place] = packed.facets
    argument = {place: packed.cells[place][0] for place in each_bit(few)}
    pairs_with = dict.fromkeys(argument, 0)
    bit = 1
    for first, second in combinations(argument, PAIR):
        if argument[first] != argument[second]:
            pairs_with[first] |= bit
            pairs_with[second] |= bit
            bit <<= 1
    unmet = {place: (bit - 1) & ~pairs for place, pairs in pairs_with.items()}
    return Pairs(kinds), Threes(pairs_with, unmet, {})
