"""Money is reserved before it is spent: a limit is never exceeded, whatever the replies do."""

import asyncio
from decimal import Decimal

from harness.core.case import Price
from harness.core.outcome import Fault, Images, Outcome

CLIENT_ERROR = 400


class Budget:
    """What one provider's run may spend, in its own unit and in images; None is no limit."""

    def __init__(self, *, amount: Decimal | None = None, images: int | None = None) -> None:
        self.amount = amount
        self.images = images
        self.spent = Decimal(0)
        self.spent_images = 0
        self._reserved = Decimal(0)
        self._reserved_images = 0
        self._changed = asyncio.Condition()

    async def reserve(self, price: Price, *, owed: bool = False) -> str | None:
        """Set a shot's price aside; return why not where the limit cannot carry it.

        Waits while money that others have set aside may still come back. What is `owed` already
        (sent by an earlier run) is set aside whatever the limit says.
        """
        async with self._changed:
            while not owed and (why := self._short(price, held=True)):
                if final := self._short(price, held=False):
                    return final
                if not self._reserved and not self._reserved_images:
                    return why
                await self._changed.wait()
            self._reserved += price.amount
            self._reserved_images += price.images
            return None

    def carries(self, price: Price) -> bool:
        """Tell whether this could be set aside at once."""
        return self._short(price, held=True) is None

    async def book(self, cost: Price) -> None:
        """Book what an earlier run has spent."""
        async with self._changed:
            self.spent += cost.amount
            self.spent_images += cost.images

    async def settle(self, reserved: Price, cost: Price) -> None:
        """Give back what was set aside and book what was spent."""
        async with self._changed:
            self._reserved -= reserved.amount
            self._reserved_images -= reserved.images
            self.spent += cost.amount
            self.spent_images += cost.images
            self._changed.notify_all()

    def _short(self, price: Price, *, held: bool) -> str | None:
        amount = self.spent + price.amount + (self._reserved if held else 0)
        images = self.spent_images + price.images + (self._reserved_images if held else 0)
        if self.amount is not None and amount > self.amount:
            return (
                f"budget: {price.amount} {price.unit} more would pass "
                f"{self.amount} {price.unit} ({self.spent} spent)"
            )
        if self.images is not None and images > self.images:
            return f"budget: {price.images} more would pass {self.images} images"
        return None


def _made_twice(outcome: Images) -> bool:
    """Tell whether a repeated submission may have made a second job: at worst it has."""
    return any(
        told.kind == "same_key" and told.job != outcome.job and (told.status or 0) < CLIENT_ERROR
        for told in outcome.after
    )


def cost_of(outcome: Outcome, at_risk: Price, *, twice: bool = False) -> Price:
    """Return what an outcome has cost: the provider's own figure, else the list price.

    A fault that may have been paid counts in full: a limit must hold in the worst case. With
    `twice`, half of what is at risk is for a repetition, which only a served request sees.
    """
    share = 2 if twice else 1
    match outcome:
        case Images() if _made_twice(outcome):
            return at_risk
        case Images(charged=charged, pictures=pictures):
            images = max(len(pictures), at_risk.images // share)
            amount = at_risk.amount / share if charged is None else charged
            return Price(amount=max(amount, Decimal(0)), unit=at_risk.unit, images=images)
        case Fault(may_be_paid=True):
            return Price(
                amount=at_risk.amount / share, unit=at_risk.unit, images=at_risk.images // share
            )
        case _:
            return Price(amount=Decimal(0), unit=at_risk.unit, images=0)
