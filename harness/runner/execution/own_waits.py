"""What a run waited for on our own machine, and a note where that held requests back."""

from collections.abc import Iterator

from harness.core.benchmark import OwnWaits
from harness.core.limited import limited_by
from harness.runner.execution.conversation import Journal
from harness.transport.bodies.decoder import ImageDecoder


def own_waits(journal: Journal, decoder: ImageDecoder) -> OwnWaits:
    """Return what has been waited for so far, since this process began."""
    queue = decoder.queue
    return OwnWaits(
        decoders=decoder.decoders,
        replies=queue.replies,
        decoder_full=queue.full,
        decoder_s=queue.waited_s,
        decoder_longest_s=queue.longest_s,
        journal_lines=journal.lines,
        journal_s=journal.waited_s,
        journal_longest_s=journal.longest_s,
        paused_s=decoder.spool.paused_s,
    )


def limit_notes(waits: OwnWaits) -> Iterator[str]:
    """Yield a sentence for each part of this machine, not of a provider, that held a run back."""
    for limit in limited_by(waits):
        yield f"this machine was the limit: {limit.text} {limit.remedy}"
