"""Which part of our own machine held requests back, and what to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from harness.core.benchmark import OwnWaits

LONGEST_S = 3.0
"""One wait as long is seen by whoever watches a run."""

MEAN_S = 0.25
"""As long for each reply, or line, and a run takes visibly longer than its provider does."""

DecoderOrDisk = Literal["decoder_queue", "slow_journal", "slow_disk"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A part of our machine that was too slow, in a sentence, and the remedy in another."""

    kind: DecoderOrDisk
    text: str
    remedy: str


def limited_by(waits: OwnWaits) -> Iterator[Limit]:
    """Yield what held requests back, the most frequent first; nothing where all kept up."""
    if _long(waits.decoder_s, waits.replies, waits.decoder_longest_s):
        yield Limit(
            kind="decoder_queue",
            text=f"{waits.decoder_full:,} of {waits.replies:,} replies found all decoders"
            f" ({waits.decoders}) busy and waited up to {waits.decoder_longest_s:.1f} s,"
            f" {waits.decoder_s:.1f} s in all; no provider's time holds that, and fewer requests"
            " left meanwhile.",
            remedy=f"Give --decoders {waits.decoders * 2} where cores are idle, lower the load"
            " (--concurrency, --rate), or take a larger machine.",
        )
    if _long(waits.journal_s, waits.journal_lines, waits.journal_longest_s):
        yield Limit(
            kind="slow_journal",
            text=f"the journal's disk took up to {waits.journal_longest_s:.1f} s for a line,"
            f" {waits.journal_s:.1f} s for {waits.journal_lines:,} lines; what left after one left"
            " as much later.",
            remedy="Write --out to a local disk that is not busy, or lower the load"
            " (--concurrency, --rate).",
        )
    if waits.paused_s >= LONGEST_S:
        yield Limit(
            kind="slow_disk",
            text=f"the disk took replies more slowly than they came, and for {waits.paused_s:.1f} s"
            " nothing more was read of them; by as much replies may be stamped late.",
            remedy="Write --out to a faster disk, or lower the load (--concurrency, --rate).",
        )


def _long(seconds: float, number: int, longest_s: float) -> bool:
    return longest_s >= LONGEST_S or seconds > MEAN_S * max(number, 1)
