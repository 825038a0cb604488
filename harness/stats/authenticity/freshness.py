"""Whether images were signed for these very requests, and how long they took from there to us."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.core.inspection import Manifest
from harness.core.record import ClockReading
from harness.core.verdict import Estimate
from harness.stats.authenticity.clocks import DATE_RESOLUTION_S, Timing, timing, unix_s
from harness.stats.authenticity.deliveries import Contradictions, Delivery, images
from harness.stats.authenticity.model import Contradiction, Count, Label
from harness.stats.authenticity.signing import signer_words
from harness.stats.intervals import median_estimate
from harness.store.spool import Spool, picked

SLACK_S = 2.0
"""By how much a signing time has to be earlier than a departure on each of two clocks: a `Date` and
a time stamp may both be cut to the second."""

LONE_SLACK_S = 900.0
"""The same where there is one clock only, which nobody knows to be right."""

DISAGREE_S = 5.0
"""Clocks that are further apart are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How many images were signed after their requests left, and what lies behind the signing.

    `overheads_s` has one value for each request: the reply less the last signing of its images.
    """

    fresh: Count
    contradictions: tuple[Contradiction, ...]
    overheads_s: tuple[float, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dated:
    """A signed image with the seconds from its request's departure, on each clock that there is."""

    delivery: Delivery
    manifest: Manifest
    signed_s: float
    timing: Timing
    offset_s: float | None

    @property
    def after_s(self) -> tuple[float, ...]:
        """How long after the departure it was signed, on each clock."""
        windows = (self.timing.ours, self.timing.theirs)
        lefts = (window.left_s for window in windows if window is not None)
        return tuple(self.signed_s - left_s for left_s in lefts if left_s is not None)

    @property
    def before_came_s(self) -> tuple[float, ...]:
        """How long before the reply it was signed, on each clock."""
        windows = (self.timing.ours, self.timing.theirs)
        return tuple(window.came_s - self.signed_s for window in windows if window is not None)

    @property
    def stale(self) -> bool:
        """Whether it was signed before its request left, on every clock that there is.

        A recording that does not say how long its request took tells by its reply.
        """
        slack_s = SLACK_S if len(self.after_s) > 1 else LONE_SLACK_S
        if not self.after_s:
            return bool(self.before_came_s) and min(self.before_came_s) > 2 * LONE_SLACK_S
        return max(self.after_s) < -slack_s

    @property
    def undecided(self) -> bool:
        """Whether it was signed long before its request by one clock, and not by another."""
        noted_s = self.timing.noted_s
        noted = noted_s is not None and noted_s - self.signed_s > 2 * LONE_SLACK_S
        return not self.stale and (noted or min(self.after_s, default=0.0) < -LONE_SLACK_S)

    @property
    def too_late(self) -> bool:
        """Whether it was signed long after its reply, which nobody can do."""
        return min(self.before_came_s, default=0.0) < -LONE_SLACK_S

    @property
    def early(self) -> float:
        """By how much it was signed before its request left, or before its reply, at the least."""
        return -max(self.after_s) if self.after_s else min(self.before_came_s)

    @property
    def overhead_s(self) -> float | None:
        """The reply less the signing, on our clock set right by that of the replies."""
        if self.timing.ours is not None:
            return self.timing.ours.came_s + correction(self.offset_s) - self.signed_s
        theirs = self.timing.theirs
        return None if theirs is None else theirs.came_s - self.signed_s


def correction(offset_s: float | None) -> float:
    """Return what is added to our clock: nothing within what a `Date` tells."""
    return 0.0 if offset_s is None or abs(offset_s) <= DATE_RESOLUTION_S else offset_s


def freshness(
    found: Iterable[Delivery], readings: Sequence[ClockReading], offset_s: float | None
) -> Freshness:
    """Return how many of one provider's images were drawn for their requests, as far as is known.

    Only manifests with a whole signature over these bytes count, and of those whose chain leads to
    none on the trust list only what they say against the image: anybody can write the rest.
    `offset_s` is how far the clock of the provider's replies is ahead of ours.
    """
    dated: Spool[_Dated] = Spool(_dated(found, readings, offset_s))
    stale = picked(dated, lambda each: each.stale)
    counted = picked(
        dated,
        lambda each: (
            bool(each.before_came_s) and each.manifest.chain != "untrusted" and not each.undecided
        ),
    )
    overheads = _overheads(each for each in counted if not each.stale)
    known = picked(counted, lambda each: not each.too_late)
    return Freshness(
        fresh=Count(count=sum(not each.stale for each in known), of=len(known)),
        contradictions=_contradictions(stale),
        overheads_s=tuple(value for value in overheads if value >= -SLACK_S),
        notes=tuple(_notes(dated, overheads, offset_s)),
    )


def _dated(
    found: Iterable[Delivery], readings: Sequence[ClockReading], offset_s: float | None
) -> Iterator[_Dated]:
    """Yield the images that say when they were signed, without the round trips of their records."""
    reply, times = -1, Timing()
    for each in found:
        signed_s = _signed_s(each.manifest)
        if each.manifest is None or signed_s is None:
            continue
        if each.reply != reply:
            reply, times = each.reply, timing(each.record, readings)
        yield _Dated(
            delivery=replace(each, record=replace(each.record, exchanges=()), inspection=None),
            manifest=each.manifest,
            signed_s=signed_s,
            timing=times,
            offset_s=offset_s,
        )


def overhead_estimate(overheads_s: Sequence[float]) -> Estimate | None:
    """Return the median of the overheads with its interval, in seconds; None without any."""
    return median_estimate(overheads_s) if overheads_s else None


def share_estimate(own: Estimate, reference: Estimate) -> Estimate | None:
    """Return by how much one median is above another, in seconds: the reseller's own share.

    The bounds are missing where one of the two has none.
    """
    if own.value is None or reference.value is None:
        return None
    value, bounds = own.value - reference.value, (own.low, own.high, reference.low, reference.high)
    low = high = None
    method = NO_BOUNDS
    if None not in bounds:
        low = value - _added(own.value, own.low, reference.high, reference.value)
        high = value + _added(own.high, own.value, reference.value, reference.low)
        method = SHARE
    return Estimate(
        value=value,
        low=low,
        high=high,
        confidence=min(own.confidence, reference.confidence),
        n=own.n,
        unit=own.unit,
        method=method,
    )


SHARE = (
    "difference of two medians; interval by squaring and adding those of each (G. Y. Zou and A."
    " Donner, Statistics in Medicine 27, 2008), which lie between binomial order statistics"
)
NO_BOUNDS = "difference of two medians; too few samples of one for an interval"


def _added(*bounds: float | None) -> float:
    first, second, third, fourth = (bound or 0.0 for bound in bounds)
    return float(((first - second) ** 2 + (third - fourth) ** 2) ** 0.5)


def _signed_s(manifest: Manifest | None) -> float | None:
    """Return when these bytes were signed; None where nobody says so of these bytes."""
    if manifest is None or not manifest.signature_valid or manifest.bytes == "altered":
        return None
    return unix_s(manifest.signed_at)


def _overheads(fresh: Iterable[_Dated]) -> list[float]:
    """Return one value for each request, of the image that was signed last."""
    least: list[float] = []
    reply = -1
    for each in fresh:
        value = each.overhead_s
        if value is not None and not each.delivery.again:
            if each.delivery.reply != reply:
                reply = each.delivery.reply
                least.append(value)
            least[-1] = min(value, least[-1])
    return least


def _contradictions(stale: Collection[_Dated]) -> tuple[Contradiction, ...]:
    found, early = Contradictions(), dict[tuple[Label, str], tuple[float, float]]()
    for each in stale:
        least, most = early.get(_topic(each), (each.early, each.early))
        early[_topic(each)] = min(least, each.early), max(most, each.early)
    for each in stale:
        label, words = _topic(each)
        span = " to ".join(dict.fromkeys(map(lasting, early[label, words])))
        found.add("signed_before", label, each.delivery, words.format(span=span))
    return found.told()


def _topic(each: _Dated) -> tuple[Label, str]:
    """Return what it rests on and the sentence, with a place for how much too early it was."""
    proof = each.manifest.genuine and each.manifest.time == "trusted"
    told = "; an earlier request had brought the same bytes" if each.delivery.again else ""
    event = "request left" if each.after_s else "reply, longer than any request takes"
    doubt = "" if proof else f" ({_doubt(each.manifest)})"
    who = signer_words(each.manifest).replace("{", "{{").replace("}", "}}")
    text = f"{who} {{span}} before the {event}: not drawn for it{doubt}{told}"
    return ("signed" if proof else "says"), text


def _doubt(manifest: Manifest) -> str:
    if manifest.genuine:
        state = "not checked" if manifest.time == "unchecked" else "not of a trusted authority"
        return f"no proof: its time stamp is {state}"
    return "no proof: its manifest is not known to be genuine"


def _notes(
    dated: Sequence[_Dated], overheads: Sequence[float], offset_s: float | None
) -> Iterable[str]:
    if dated and offset_s is not None and abs(offset_s) > DISAGREE_S:
        ahead = "behind" if offset_s > 0 else "ahead of"
        yield (
            f"our clock is {lasting(abs(offset_s))} {ahead} the Date of the replies: an image"
            " counts as signed too early only by both, and the overhead is by that Date"
        )
    undecided = sum(each.undecided for each in dated)
    if undecided:
        yield (
            f"{images(undecided)} signed long before the request left by one clock, and not by"
            " another (the Date of the replies is the provider's own word): not counted as fresh"
        )
    doubtful = sum(each.manifest.time != "trusted" for each in dated)
    if doubtful:
        yield (
            f"{images(doubtful)} with a signing time whose authority is not known to be"
            " trusted: it is what the manifest says, and no proof"
        )
    wrong = sum(value < -SLACK_S for value in overheads)
    if wrong:
        yield f"{wrong} replies came before their images were signed: a clock is wrong, left out"
    if any(-SLACK_S <= value < 0 for value in overheads):
        yield "an overhead below 0 is one that is shorter than these clocks can tell"
    if len(overheads) > wrong:
        ours = any(each.timing.ours for each in dated) and not correction(offset_s)
        yield (
            "overhead: from the signing to the end of the reply that holds or names the image, its"
            f" download left out; by {'our clock' if ours else 'the Date of the replies'}, to about"
            " a second"
        )


_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400


def lasting(seconds: float) -> str:
    """Return a duration in words: `12 s`, `5 min`, `3.2 h`, `4 days`."""
    if seconds < 2 * _MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    if seconds < 2 * _DAY_S:
        return f"{seconds / _HOUR_S:.1f} h"
    return f"{seconds / _DAY_S:,.0f} days"
