"""What the money of a plan buys in each of its operations: every value first, then combinations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from harness.cases.boundaries import plain_case
from harness.cases.build import Builder
from harness.cases.covering import RowBudget, Rows, RowSearch
from harness.planning.plan import planned_request


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What the paid requests of a plan may take, the plain ones among them; None is no limit.

    `images` and an `amount` in the provider's unit are for all operations together where they are
    `shared`, else for each of them. `rows` are those of each operation, beside the plain request.
    """

    images: int | None = None
    amount: Decimal | None = None
    shared: bool = True
    rows: Mapping[str, int | None]


def buy_rows(
    builders: Sequence[Builder], money: Money, *, seed: int, strength: int = 2
) -> dict[str, Rows]:
    """Return the rows of each operation, by its name.

    Each operation first buys its values for an equal part of what there is; what is left then buys
    the values that were too dear for a part. The combinations come after them in the same way.
    """
    purchases = _Purchases(builders, money, seed=seed, strength=strength)
    for pairs in (False, True):
        purchases.buy(pairs=pairs, in_parts=True)
        if money.shared and len(builders) > 1:
            purchases.buy(pairs=pairs, in_parts=False)
    return {search.builder.name: search.rows() for search in purchases.searches}


class _Purchases:
    """The searches of a plan's operations, which pay with the same money."""

    def __init__(
        self, builders: Sequence[Builder], money: Money, *, seed: int, strength: int
    ) -> None:
        self.money = money
        self.searches = [RowSearch(each, seed=seed, strength=strength) for each in builders]
        self.plain = [planned_request(each.provider, plain_case(each)).price for each in builders]

    def buy(self, *, pairs: bool, in_parts: bool) -> None:
        """Let each operation buy in turn, for an equal part of what is left, or for all of it."""
        for place, search in enumerate(self.searches):
            if in_parts or pairs or search.lacks_values:
                parts = len(self.searches) - place if in_parts else 1
                search.buy(self._budget(place, parts), pairs=pairs)

    def _budget(self, place: int, parts: int) -> RowBudget:
        """Return what an operation's rows may cost in all, with a part of what is left."""
        money, own = self.money, self.searches[place].spent
        paid = [*self.plain, *(search.spent for search in self.searches)]
        if not money.shared:
            paid, parts = [self.plain[place], own], 1
        images = amount = None
        if money.images is not None:
            left = money.images - sum(cost.images for cost in paid)
            images = own.images + left // parts
        if money.amount is not None:
            amount = own.amount + (money.amount - sum(cost.amount for cost in paid)) / parts
        return RowBudget(
            images=images, amount=amount, rows=money.rows[self.searches[place].builder.name]
        )
