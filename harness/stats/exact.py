"""Whether one of two shares is larger, exactly, however few were counted."""

from scipy.stats import hypergeom  # type: ignore[import-untyped]  # scipy ships no types

METHOD = (
    "one-sided exact test of two shares (R. A. Fisher, Journal of the Royal Statistical Society 98,"
    " 1935)"
)


def chance_of_more(failed: int, tried: int, other_failed: int, others: int) -> float:
    """Return how likely so many of all failures are among the `tried` if both shares are equal.

    1 where nothing was counted on one side. ValueError where more failed than were tried.
    """
    if not (0 <= failed <= tried and 0 <= other_failed <= others):
        raise ValueError(f"{failed} of {tried} and {other_failed} of {others} are no shares")
    if not tried or not others:
        return 1.0
    return float(hypergeom.sf(failed - 1, tried + others, failed + other_failed, tried))
