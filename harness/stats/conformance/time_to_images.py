"""When the images of one request were there."""

from itertools import pairwise

from harness.core.exchange import delayed_by_us
from harness.core.outcome import Images
from harness.core.record import Record

NEEDED = ("submit", "poll", "result", "download")
"""The steps that lie between a request and its images."""


def seconds_to_images(record: Record) -> float | None:
    """Return the seconds from the request's departure to the end of the last reply it needed.

    What replies waited for a decoder of ours in between is not counted.

    None where no images came, or where the recording kept no times, or times of which a later
    request left before an earlier one: a cassette may answer with the recording of an equal request
    that another case made.
    """
    needed = [exchange for exchange in record.exchanges if exchange.step in NEEDED]
    if not isinstance(record.outcome, Images) or not needed:
        return None
    if any(later.times.sent_s < exchange.times.sent_s for exchange, later in pairwise(needed)):
        return None
    *_, (last, delay_s) = delayed_by_us(needed)
    elapsed = last.end_s - delay_s - needed[0].times.sent_s
    return elapsed if elapsed > 0 else None
