"""Whether one of two shares is larger, exactly, however few were counted."""

from math import comb

METHOD = (
    "one-sided exact test of two shares (R. A. Fisher, Journal of the Royal Statistical Society 98,"
    " 1935)"
)


def chance_of_more(failed: int, tried: int, other_failed: int, others: int) -> float:
    """Return how likely so many of all failures are among the `tried` if both shares are equal.

    The upper tail of the hypergeometric distribution: Fisher's exact test, one-sided. 1 where
    nothing was counted on one side. ValueError where more failed than were tried.
    """
    if not (0 <= failed <= tried and 0 <= other_failed <= others):
        raise ValueError(f"{failed} of {tried} and {other_failed} of {others} are no shares")
    if not tried or not others:
        return 1.0
    total, failures = tried + others, failed + other_failed
    ways = sum(
        comb(failures, count) * comb(total - failures, tried - count)
        for count in range(failed, min(tried, failures) + 1)
    )
    return ways / comb(total, tried)
