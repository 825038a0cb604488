"""Attempts told one after the other, and the rows that they come to: floats are held, no more."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import inf

import numpy as np

from harness.core.benchmark import Slo
from harness.core.case import Price
from harness.core.outcome import ErrorClass
from harness.core.verdict import Estimate
from harness.stats import survival
from harness.stats.benchmark.model import (
    PHASES,
    Attempt,
    End,
    EndMedians,
    ErrorShare,
    Reliability,
    Saved,
    SloWord,
    Speed,
    Spend,
)
from harness.stats.curves import curve_steps
from harness.stats.intervals import median_estimate, proportion_estimate
from harness.stats.survival import CensoredTimes

NOTHING = Decimal(0)

COUNTED: frozenset[End] = frozenset(("served", "timeout", "cut_off"))
"""Ends that tell something of a time: what was refused or failed is a competing outcome."""


def _floats() -> "array[float]":
    return array("d")


@dataclass(slots=True)
class Times:
    """Times to pixels: ended where they were served, else only waited for."""

    seconds: "array[float]" = field(default_factory=_floats)
    ended: bytearray = field(default_factory=bytearray)

    def add(self, attempt: Attempt) -> None:
        """Take note of an attempt; refused and failed ones are in no time."""
        if attempt.end in COUNTED:
            self.seconds.append(attempt.seconds)
            self.ended.append(attempt.end == "served")

    def extend(self, other: "Times") -> None:
        """Take note of what another one did."""
        self.seconds.extend(other.seconds)
        self.ended.extend(other.ended)

    def censored(self) -> CensoredTimes:
        """Return them as they are by now."""
        return CensoredTimes(
            seconds=np.array(self.seconds, dtype=float), ended=np.array(self.ended, dtype=bool)
        )


@dataclass(slots=True)
class RowTally:
    """The attempts of one provider, workload, stage and basis, warm-up left out."""

    slo: Slo | None = None
    first: Attempt | None = None
    sent: int = 0
    ends: Counter[End] = field(default_factory=Counter)
    times: Times = field(default_factory=Times)
    _errors: Counter[ErrorClass] = field(default_factory=Counter)
    _usable: int = 0
    _judged: int = 0
    _within: int = 0
    _good_images: int = 0
    _rate_limited: int = 0
    _begin_s: float = inf
    _end_s: float = -inf
    _waited_s: "array[float]" = field(default_factory=_floats)
    _phases: "defaultdict[str, array[float]]" = field(default_factory=lambda: defaultdict(_floats))
    _server: "defaultdict[str, array[float]]" = field(default_factory=lambda: defaultdict(_floats))
    _after_s: "array[float]" = field(default_factory=_floats)
    _before_s: "array[float]" = field(default_factory=_floats)
    _body_bytes: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, attempt: Attempt) -> None:
        """Take note of an attempt."""
        if self.first is None:
            self.first = attempt
        self.sent += 1
        self.ends[attempt.end] += 1
        self.times.add(attempt)
        if attempt.error_class is not None:
            self._errors[attempt.error_class] += 1
        self._rate_limited += attempt.rate_limited
        if attempt.waited_s:
            self._waited_s.append(attempt.waited_s)
        self._judge(attempt)
        if attempt.end == "served":
            self._serve(attempt)

    def _judge(self, attempt: Attempt) -> None:
        slo = self.slo
        good = attempt.usable and (slo is None or attempt.seconds <= slo.seconds)
        self._usable += attempt.usable
        self._good_images += attempt.images if good else 0
        self._begin_s = min(self._begin_s, attempt.due_s)
        self._end_s = max(self._end_s, attempt.end_s)
        if slo is not None and (attempt.end != "cut_off" or attempt.seconds >= slo.seconds):
            self._judged += 1
            self._within += good

    def _serve(self, attempt: Attempt) -> None:
        for name, seconds in attempt.phases.items():
            self._phases[name].append(seconds)
        for name, seconds in attempt.server_s.items():
            self._server[name].append(seconds)
        if attempt.completion is not None:
            self._after_s.append(attempt.completion.after_s)
            self._before_s.append(attempt.completion.before_s)
        self._body_bytes.append(attempt.body_bytes)

    def speed(self) -> Speed:
        """Return how fast they were; ValueError without any."""
        attempt, times = self._any(), self.times.censored()
        return Speed(
            provider=attempt.provider,
            basis=attempt.basis,
            emulated=attempt.emulated,
            workload=attempt.workload,
            stage=attempt.stage,
            fit=attempt.fit,
            n=times.n,
            served=self.ends["served"],
            timeouts=self.ends["timeout"],
            cut_off=self.ends["cut_off"],
            median=survival.censored_quantile(times, 0.5),
            p95=survival.censored_quantile(times, 0.95),
            p99=survival.censored_quantile(times, 0.99),
            mean=survival.restricted_mean_estimate(times),
            horizon_s=survival.horizon_s(times),
            phases={
                name: median_estimate(self._phases[name]) for name in PHASES if name in self._phases
            },
            completion=self._completion(),
            server={name: median_estimate(self._server[name]) for name in sorted(self._server)},
            curve=curve_steps(times),
            given_up_s=times.given_up_s,
            body_bytes=median_estimate(self._body_bytes, "bytes"),
        )

    def _completion(self) -> EndMedians | None:
        """Return the medians of both bounds of when jobs ended: the true median lies between them.

        Each end is bounded by the polls on both sides; an interval from the lower interval's low to
        the upper one's high holds the true median at their confidence.
        """
        if not self._after_s:
            return None
        return EndMedians(
            after=median_estimate(self._after_s), before=median_estimate(self._before_s)
        )

    def reliability(self) -> Reliability:
        """Return what became of them; ValueError without any.

        `within` leaves out what we cut off before the ceiling was reached; a timeout counts as not
        within it, however short we waited: nothing had come.
        """
        attempt = self._any()
        ranked = sorted(self._errors.items(), key=lambda item: (-item[1], item[0]))
        within = None if self.slo is None else proportion_estimate(self._within, self._judged)
        minutes = (self._end_s - self._begin_s) / 60
        return Reliability(
            provider=attempt.provider,
            basis=attempt.basis,
            emulated=attempt.emulated,
            workload=attempt.workload,
            stage=attempt.stage,
            fit=attempt.fit,
            sent=self.sent,
            served=proportion_estimate(self.ends["served"], self.sent),
            usable=proportion_estimate(self._usable, self.sent),
            errors=tuple(
                ErrorShare(
                    error_class=name, count=count, share=proportion_estimate(count, self.sent)
                )
                for name, count in ranked
            ),
            within=within,
            slo=None if self.slo is None or within is None else slo_word(within, self.slo.quantile),
            goodput_per_min=self._good_images / minutes if minutes > 0 else None,
            rate_limited=self._rate_limited,
            waited_s=sum(self._waited_s),
        )

    def _any(self) -> Attempt:
        if self.first is None:
            raise ValueError("no attempts")
        return self.first


def slo_word(within: Estimate, quantile: float) -> SloWord:
    """Tell whether a share is known to be at least `quantile`, known to be less, or neither."""
    if within.low is not None and within.low >= quantile:
        return "met"
    if within.high is not None and within.high < quantile:
        return "missed"
    return "open"


@dataclass(slots=True)
class SpendTally:
    """What the attempts of one provider, workload and basis cost, warm-up included.

    An attempt costs what its reply says it was charged, else what the price list says of what was
    delivered; one that brought nothing is free, or unsettled.
    """

    first: Attempt | None = None
    requests: int = 0
    _images: int = 0
    _usable: int = 0
    _listed: Decimal = NOTHING
    _charged: Decimal | None = None
    _spent: Decimal = NOTHING
    _wasted: Decimal = NOTHING
    _unsettled: Decimal = NOTHING
    _at_most: bool = False

    def add(self, attempt: Attempt) -> None:
        """Take note of an attempt."""
        if self.first is None:
            self.first = attempt
        self.requests += 1
        charge = _charge(attempt)
        if attempt.charged is not None:
            self._charged = (self._charged or NOTHING) + attempt.charged
        if charge is not None:
            self._spent += charge
            self._wasted += NOTHING if attempt.usable else charge
        elif attempt.may_be_paid:
            self._unsettled += attempt.listed
        if attempt.end == "served":
            self._images += attempt.images
            self._usable += attempt.images if attempt.usable else 0
            self._listed += attempt.listed
            self._at_most |= attempt.bounded and attempt.charged is None

    def spend(self) -> Spend:
        """Return the row; ValueError without any attempt."""
        attempt = self.first
        if attempt is None:
            raise ValueError("no attempts")
        return Spend(
            provider=attempt.provider,
            basis=attempt.basis,
            emulated=attempt.emulated,
            workload=attempt.workload,
            fit=attempt.fit,
            unit=attempt.unit,
            requests=self.requests,
            images=self._images,
            usable=self._usable,
            listed=self._listed,
            charged=self._charged,
            spent=self._spent,
            per_image=self._spent / self._usable if self._usable else None,
            wasted=self._wasted,
            unsettled=self._unsettled,
            at_most=self._at_most,
        )


@dataclass(slots=True)
class SavedTally:
    """What each provider's part of the design would have cost, and what was spent of it.

    `designed` is by the price list. Where a provider charges otherwise, or fails for nothing, its
    whole design is taken to cost more or less in the proportion of what was asked. What may have
    been paid for what never came counts as spent.
    """

    designed: Mapping[str, Price]
    _spent: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    _asked: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def add(self, attempt: Attempt) -> None:
        """Take note of an attempt."""
        charge = _charge(attempt)
        if charge is None and attempt.may_be_paid:
            charge = attempt.listed
        self._spent[attempt.provider] += charge or NOTHING
        self._asked[attempt.provider] += attempt.listed

    def saved(self) -> tuple[Saved, ...]:
        """Return a row for each provider of the design."""
        return tuple(self._saved(name, price) for name, price in self.designed.items())

    def _saved(self, name: str, price: Price) -> Saved:
        spent, asked = self._spent[name], self._asked[name]
        designed = price.amount * spent / asked if asked else price.amount
        return Saved(provider=name, unit=price.unit, spent=spent, designed=max(designed, spent))


def _charge(attempt: Attempt) -> Decimal | None:
    """Return what an attempt cost; None where nothing came and nothing was charged."""
    if attempt.charged is not None:
        return attempt.charged
    return attempt.listed if attempt.end == "served" else None


def times_of(attempts: Iterable[Attempt]) -> CensoredTimes:
    """Return the times to pixels of attempts; refused and failed ones are in none."""
    times = Times()
    for attempt in attempts:
        times.add(attempt)
    return times.censored()


def tallied(attempts: Iterable[Attempt], slo: Slo | None = None) -> RowTally:
    """Return the tally of attempts of one provider, workload, stage and basis."""
    tally = RowTally(slo)
    for attempt in attempts:
        tally.add(attempt)
    return tally


def spend(attempts: Iterable[Attempt]) -> Spend:
    """Return what attempts of one provider, workload and basis cost; ValueError without any."""
    tally = SpendTally()
    for attempt in attempts:
        tally.add(attempt)
    return tally.spend()


def saved(attempts: Sequence[Attempt], designed: Mapping[str, Price]) -> tuple[Saved, ...]:
    """Return what each provider's part of the design would have cost, and what was spent of it."""
    tally = SavedTally(designed)
    for attempt in attempts:
        tally.add(attempt)
    return tally.saved()
