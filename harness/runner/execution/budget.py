"""Money and requests are set aside before they are spent: no limit is passed, whatever comes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType

from harness.core.case import PlannedRequest, Price
from harness.core.exchange import Exchange
from harness.core.outcome import Fault, Images, Outcome
from harness.planning.plan import Allowance
from harness.runner.execution.failures import CUT_OFF
from harness.spec.price import WorkedOut, worked_out
from harness.spec.provider import Provider
from harness.wire.paid import images_at_worst, paid
from harness.wire.retry import TRIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What a request of an operation may take, or took: its price, and how often it submits."""

    operation: str
    price: Price
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """Why a reservation cannot be made.

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

    def add(self, reservation: Reservation, sign: int = 1) -> None:
        self.amount += sign * reservation.price.amount
        self.images += sign * reservation.price.images
        self.requests += sign * reservation.requests


@dataclass(slots=True)
class _Books:
    spent: _Sum = field(default_factory=_Sum)
    held: _Sum = field(default_factory=_Sum)
    in_doubt: _Sum = field(default_factory=_Sum)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    """One limit beside what is asked of it; `unit` is in the singular, `of` names the operation.

    `flag` is what sets it at the command line, `part` the slice whose part of it this is. What is
    `in_doubt` may be spent, and never comes back.
    """

    most: Decimal
    spent: Decimal
    held: Decimal
    in_doubt: Decimal
    more: Decimal
    unit: str
    of: str
    flag: str
    part: str = ""

    @property
    def passed(self) -> bool:
        return self.spent + self.held + self.in_doubt + self.more > self.most

    @property
    def for_good(self) -> bool:
        return self.spent + self.in_doubt + self.more > self.most

    def describe(self) -> str:
        limit = f"{self.flag} {self.most:f}"
        if self.of:
            limit = f"the default of {self._counted(self.most)} for {self.of}"
        if self.part:
            limit += f" in {self.part}"
        if self.spent > self.most:
            return (
                f"budget: {self._counted(self.spent)} spent, more than {limit}: the provider took "
                "more than it lists"
            )
        spent = self.spent + self.held
        before = f", after {spent:f} spent or set aside" if spent else ""
        if self.in_doubt:
            before += f"{' and' if spent else ', with'} {self.in_doubt:f} in doubt"
        tries = " (retries included)" if self.unit == "request" else ""
        more = f"the next case may need {self._counted(self.more)}{tries}"
        return f"budget: {limit} is too low: {more}{before}"

    def _counted(self, number: Decimal) -> str:
        plural = "s" if self.unit in ("credit", "image", "request") and number != 1 else ""
        return f"{number:f} {self.unit}{plural}"


class Budget:
    """What one provider's run may spend: in its own unit, in images and in submissions.

    None is no limit. `per_operation` bounds each operation by itself, beside the limits on all;
    `by_name` has those that differ. `part` names the slice whose part of the limits these are.
    What is in doubt counts against the limits that the user has set, for it may be spent, and not
    against those of an operation, which are ours.
    Nothing here waits: who may leave and who waits for money is the queue's to say.
    """

    def __init__(  # noqa: PLR0913 - one for each limit
        self,
        *,
        amount: Decimal | None = None,
        images: int | None = None,
        requests: int | None = None,
        per_operation: Allowance | None = None,
        by_name: Mapping[str, Allowance] = MappingProxyType({}),
        part: str = "",
    ) -> None:
        self.amount = amount
        self.images = images
        self.requests = requests
        self.per_operation = per_operation or Allowance()
        self.by_name = dict(by_name)  # an exploration copies a budget
        self.part = part
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

    @property
    def in_doubt(self) -> Decimal:
        """What may be spent beside that, in the provider's own unit: nobody knows."""
        return self._all.in_doubt.amount

    @property
    def images_in_doubt(self) -> int:
        """How many images may be paid for beside those that were, at worst."""
        return self._all.in_doubt.images

    def shortfall(self, reservation: Reservation) -> Shortfall | None:
        """Return why this cannot be set aside now; None where it can.

        A limit that can never carry it comes first, then one that is short everywhere.
        """
        short = [limit for limit in self._limits(reservation) if limit.passed]
        if not short:
            return None
        worst = next((limit for limit in short if limit.for_good), short[0])
        return Shortfall(why=worst.describe(), for_good=worst.for_good, everywhere=not worst.of)

    def reserve(self, reservation: Reservation, *, already_sent: bool = False) -> Shortfall | None:
        """Set money and submissions aside, or return why not.

        What was `already_sent` (by an earlier run) is set aside whatever the limits say.
        """
        if not already_sent and (shortfall := self.shortfall(reservation)):
            return shortfall
        for books in (self._all, self._books(reservation.operation)):
            books.held.add(reservation)
        return None

    def settle(self, reserved: Reservation, cost: Reservation) -> None:
        """Give back what was set aside and book what was spent.

        A provider that charges more than it lists may take more than was set aside; nothing more is
        set aside once a limit is passed.
        """
        for books in (self._all, self._books(reserved.operation)):
            books.held.add(reserved, -1)
        self.book(cost)

    def book(self, cost: Reservation) -> None:
        """Book what was spent without having been set aside: by an earlier run."""
        for books in (self._all, self._books(cost.operation)):
            books.spent.add(cost)

    def doubt(self, cost: Reservation) -> None:
        """Book what a request may have taken that an earlier run was cut off in."""
        self._all.in_doubt.add(cost)

    def _books(self, operation: str) -> _Books:
        return self._each.setdefault(operation, _Books())

    def _limits(self, new: Reservation) -> Iterator[_Limit]:
        """Yield every limit that there is, those on all operations first."""
        unit, operation = new.price.unit, new.operation
        each = self.by_name.get(operation, self.per_operation)
        for books, of, amount, images, requests in (
            (self._all, "", self.amount, self.images, self.requests),
            (self._books(operation), operation, None, each.images, each.requests),
        ):
            price = new.price
            asked = _Sum(amount=price.amount, images=price.images, requests=new.requests)
            sums = (books.spent, books.held, books.in_doubt, asked)
            for most, (was, reserved, unknown, more), named, flag in (
                (amount, [each.amount for each in sums], unit, "--budget"),
                (images, [Decimal(each.images) for each in sums], "image", "--max-images"),
                (requests, [Decimal(each.requests) for each in sums], "request", "--max-requests"),
            ):
                if most is not None:
                    yield _Limit(
                        most=Decimal(most),
                        spent=was,
                        held=reserved,
                        in_doubt=unknown,
                        more=more,
                        unit=named,
                        of=of,
                        flag=flag,
                        part=self.part,
                    )


CLIENT_ERROR = 400
SUBMISSIONS = ("submit", "follow_up")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedRequest:
    """A request that waits, with the most that it may take.

    `already_sent` was begun by an earlier run: it is paid for, and its money set aside, whatever
    comes. `cannot` says why it cannot be sent from here, if so. `askings` are earlier requests of
    the same question that were cut off; `asks_again` says that this one takes their place.
    """

    shot: PlannedRequest
    reservation: Reservation
    already_sent: bool = False
    cannot: str | None = None
    askings: tuple[PlannedRequest, ...] = ()
    asks_again: bool = False


def most_at_risk(shot: PlannedRequest) -> Reservation:
    """Return the most that a request may take: its price at risk, and each POST for images.

    Each of them is made again where it is answered too early. Uploads ask for no images.
    """
    posts = 1 + ("same_key" in shot.case.follow_ups)
    return Reservation(operation=shot.case.operation, price=shot.at_risk, requests=TRIES * posts)


def reservation_in_doubt(shot: PlannedRequest) -> Reservation:
    """Return what a request may have taken of which nothing was received: one submission."""
    return Reservation(operation=shot.case.operation, price=shot.at_risk_once, requests=1)


def nothing_charged(cost: Reservation) -> Reservation:
    """Return what is left of a cost whose one submission is in doubt, and booked as such."""
    free = replace(cost.price, amount=Decimal(0), images=0)
    return replace(cost, price=free, requests=cost.requests - 1)


def charged_reservation(
    shot: PlannedRequest,
    outcome: Outcome,
    exchanges: Sequence[Exchange],
    *,
    provider: Provider,
) -> Reservation:
    """Return what a request has taken: its cost, and the submissions made, or made perhaps.

    What was under way when an earlier run was cut off left no exchange, and counts.
    """
    posts = [
        exchange
        for exchange in exchanges
        if exchange.step in SUBMISSIONS
        and (exchange.step == "submit" or exchange.request.method == "POST")
    ]
    case, worked = shot.case, None
    if isinstance(outcome, Images):
        operation = provider.operation(case.operation)
        worked = worked_out(provider, operation, case.arguments, outcome)
    in_doubt = [outcome.why] if isinstance(outcome, Fault) else []
    in_doubt += [after.why for after in outcome.after] if isinstance(outcome, Images) else []
    images = images_at_worst(provider, shot, outcome, exchanges)
    twice = "same_key" in case.follow_ups
    price = cost_of(outcome, shot.at_risk, twice=twice, worked=worked, images=images)
    cost = paid(provider, shot, outcome, exchanges)
    if cost is not None:
        price = replace(price, amount=max(price.amount, cost.amount))
    if not images and price.unit == "image":
        price = replace(price, amount=Decimal(0))
    return Reservation(
        operation=case.operation,
        price=price,
        requests=len(posts) + in_doubt.count(CUT_OFF.why),
    )


def cost_of(
    outcome: Outcome,
    at_risk: Price,
    *,
    images: int,
    twice: bool = False,
    worked: WorkedOut | None = None,
) -> Price:
    """Return what an outcome has cost: the provider's own figure, else the list price.

    `images` are those that a limit has to count (`harness.wire.paid.images_at_worst`).
    Where the list price depends on the reply, it is what was `worked` out of it, in the worst
    reading; where the reply does not tell, it is all that was set aside.
    A fault that may have been paid counts in full: a limit must hold in the worst case. With
    `twice`, half of what is at risk is for a repetition, which only a served request sees.
    """
    at_risk = replace(at_risk, at_most=False)
    once = at_risk.halved if twice else at_risk
    match outcome:
        case Images(charged=charged):
            listed = once.amount if worked is None else worked.high
            amount = listed if charged is None else max(charged, Decimal(0))
            if _made_twice(outcome):  # the second one is not told: at least as listed
                return replace(
                    at_risk,
                    amount=max(amount + once.amount, at_risk.amount),
                    images=images + once.images,
                )
            return replace(once, amount=amount, images=images)
        case Fault(may_be_paid=True):
            return replace(once, images=images)
        case _:
            return replace(at_risk, amount=Decimal(0), images=images)


def _made_twice(outcome: Images) -> bool:
    """Tell whether a repeated submission may have made a second job: at worst it has."""
    return any(
        after.kind == "same_key" and after.job != outcome.job and (after.status or 0) < CLIENT_ERROR
        for after in outcome.after
    )
