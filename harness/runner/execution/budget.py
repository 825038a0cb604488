"""Money and requests are set aside before they are spent: no limit is passed, whatever comes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from harness.core.case import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What each operation may take: images that are paid for, and submissions; None is no limit."""

    images: int | None = None
    requests: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What a shot of an operation may take, or took: its price, and how often it submits."""

    operation: str
    price: Price
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """Why a stake cannot be set aside.

    `for_good` says that it never can: without it, what others have set aside may yet come back.
    `everywhere` says that a limit of the provider is short, not one of the operation alone.
    """

    why: str
    for_good: bool
    everywhere: bool


@dataclass(slots=True)
class _Sum:
    amount: Decimal = Decimal(0)
    images: int = 0
    requests: int = 0

    def add(self, stake: Reservation, sign: int = 1) -> None:
        self.amount += sign * stake.price.amount
        self.images += sign * stake.price.images
        self.requests += sign * stake.requests


@dataclass(slots=True)
class _Books:
    spent: _Sum = field(default_factory=_Sum)
    held: _Sum = field(default_factory=_Sum)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    """One limit beside what is asked of it; `unit` is in the singular, `of` names the operation.

    `flag` is what sets it at the command line.
    """

    most: Decimal
    spent: Decimal
    held: Decimal
    more: Decimal
    unit: str
    of: str
    flag: str

    @property
    def passed(self) -> bool:
        return self.spent + self.held + self.more > self.most

    @property
    def for_good(self) -> bool:
        return self.spent + self.more > self.most

    def describe(self) -> str:
        limit = f"{self.flag} {self.most:f}"
        if self.of:
            limit = f"the default of {self._counted(self.most)} for {self.of}"
        if self.spent > self.most:
            return (
                f"budget: {self._counted(self.spent)} spent, more than {limit}: the provider took "
                "more than it lists"
            )
        spent = self.spent + self.held
        before = f", after {spent:f} spent or set aside" if spent else ""
        tries = " (retries included)" if self.unit == "request" else ""
        more = f"the next case may need {self._counted(self.more)}{tries}"
        return f"budget: {limit} is too low: {more}{before}"

    def _counted(self, number: Decimal) -> str:
        plural = "s" if self.unit in ("credit", "image", "request") and number != 1 else ""
        return f"{number:f} {self.unit}{plural}"


class Budget:
    """What one provider's run may spend: in its own unit, in images and in submissions.

    None is no limit. `per_operation` bounds each operation by itself, beside the limits on all.
    Nothing here waits: who may leave and who waits for money is the queue's to say.
    """

    def __init__(
        self,
        *,
        amount: Decimal | None = None,
        images: int | None = None,
        requests: int | None = None,
        per_operation: Allowance | None = None,
    ) -> None:
        self.amount = amount
        self.images = images
        self.requests = requests
        self.per_operation = per_operation or Allowance()
        self._all = _Books()
        self._each: dict[str, _Books] = {}

    @property
    def spent(self) -> Decimal:
        """What was spent, in the provider's own unit."""
        return self._all.spent.amount

    @property
    def spent_images(self) -> int:
        """How many images were paid for, at worst."""
        return self._all.spent.images

    @property
    def spent_requests(self) -> int:
        """How many submissions were made, each try counted."""
        return self._all.spent.requests

    def lacks(self, stake: Reservation) -> Shortfall | None:
        """Return why a stake cannot be set aside now; None where it can.

        A limit that can never carry it comes first, then one that is short everywhere.
        """
        short = [limit for limit in self._limits(stake) if limit.passed]
        if not short:
            return None
        worst = next((limit for limit in short if limit.for_good), short[0])
        return Shortfall(why=worst.describe(), for_good=worst.for_good, everywhere=not worst.of)

    def reserve(self, stake: Reservation, *, owed: bool = False) -> Shortfall | None:
        """Set a stake aside, or return why not.

        What is `owed` already (sent by an earlier run) is set aside whatever the limits say.
        """
        if not owed and (lack := self.lacks(stake)):
            return lack
        for books in (self._all, self._books(stake.operation)):
            books.held.add(stake)
        return None

    def settle(self, reserved: Reservation, cost: Reservation) -> None:
        """Give back what was set aside and book what was spent.

        A provider that charges more than it lists may take more than was set aside: that is past
        helping, but nothing more can be set aside once a limit is passed.
        """
        for books in (self._all, self._books(reserved.operation)):
            books.held.add(reserved, -1)
        self.book(cost)

    def book(self, cost: Reservation) -> None:
        """Book what was spent without having been set aside: by an earlier run."""
        for books in (self._all, self._books(cost.operation)):
            books.spent.add(cost)

    def _books(self, operation: str) -> _Books:
        return self._each.setdefault(operation, _Books())

    def _limits(self, stake: Reservation) -> Iterator[_Limit]:
        """Yield every limit that there is, those on all operations first."""
        unit, each = stake.price.unit, self.per_operation
        for books, of, amount, images, requests in (
            (self._all, "", self.amount, self.images, self.requests),
            (self._books(stake.operation), stake.operation, None, each.images, each.requests),
        ):
            spent, held, price, tries = books.spent, books.held, stake.price, stake.requests
            for most, was, kept, more, named, flag in (
                (amount, spent.amount, held.amount, price.amount, unit, "--budget"),
                (images, spent.images, held.images, price.images, "image", "--max-images"),
                (requests, spent.requests, held.requests, tries, "request", "--max-requests"),
            ):
                if most is not None:
                    yield _Limit(
                        most=Decimal(most),
                        spent=Decimal(was),
                        held=Decimal(kept),
                        more=Decimal(more),
                        unit=named,
                        of=of,
                        flag=flag,
                    )
