"""How often each method of suspicion is wrong on natives, from `tests/benchmarks/suspicions.md`.

A test holds these figures to the page, and their bounds to `stats.intervals`. They are written down
and not computed, so that no command loads SciPy for them.
"""

from typing import Final, NamedTuple

from harness.core.verdict import Estimate

SHOWN_UP_TO: Final = 0.01
"""A method that may be wrong in more than this share of natives is not shown by default."""

METHOD: Final = (
    "{wrong} of {n} natives ({of}); exact binomial interval (C. J. Clopper, E. S. Pearson,"
    " Biometrika 26, 1934); tests/benchmarks/suspicions.md"
)


class Measured(NamedTuple):
    """False alarms: `wrong` of `n`, with the exact bounds at 95 %, and what these natives are."""

    wrong: int
    n: int
    low: float
    high: float
    of: str


MEASURED: Final = {
    "identical_images": Measured(0, 500, 0.0, 0.00735, "pictures drawn and photograph-like"),
    "near_identical_images": Measured(0, 500, 0.0, 0.00735, "the same"),
    "enlarged": Measured(2, 1000, 0.000242, 0.00721, "others, drawn after the last change"),
    "compression_ignored": Measured(0, 500, 0.0, 0.00735, "the same at 10 and 90, JPEG and WebP"),
    "reencoded": Measured(0, 5, 0.0, 0.5218, "real files of the maker, all that we have"),
}


def false_positives(kind: str) -> Estimate:
    """Return how often a method is wrong; KeyError for one that was not measured."""
    wrong, n, low, high, of = MEASURED[kind]
    return Estimate(
        value=wrong / n,
        low=low,
        high=high,
        confidence=0.95,
        n=n,
        unit="share",
        method=METHOD.format(wrong=wrong, n=n, of=of),
    )
