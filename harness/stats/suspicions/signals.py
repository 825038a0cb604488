"""What a file's signs amount to: from when on they are told, and which are the same."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from harness.core.inspection import Signs

ENLARGED_FROM: Final = 0.5
"""From when on `Signs.enlarged` is told: what `transport/inspection/resampling` asks of a line."""

HASH_BITS: Final = 256
NEAR_AT_MOST_BITS: Final = 16
"""Two hashes that differ in no more are near-identical. Of 500 natives the nearest two differ in
more than 80; re-encoded, cut by a pixel or brightened, nine in ten copies differ in at most 16."""

ALIKE_WITHIN: Final = {"jpeg": 2, "webp": 16}
"""By how much two files' fineness may differ and still be one: JPEG tables are the same for a
quality, a WebP's index varies by up to 14 with the picture; 40 of the parameter apart, it is 26."""

FAR_APART: Final = 40
"""How far two values of `output_compression` must be apart for their files to have to differ."""

Fineness = tuple[str, int]
"""A format and how finely its encoder was told to quantise: a JPEG's IJG quality, 127 less a lossy
WebP's index; 128 for a lossless one."""


def fineness(signs: Signs) -> Fineness | None:
    """Return how finely a JPEG or a WebP is quantised; None of other formats."""
    if signs.jpeg_quality is not None:
        return "jpeg", signs.jpeg_quality
    if signs.webp_quantiser is not None:
        return "webp", 127 - signs.webp_quantiser
    return ("webp", 128) if "VP8L" in signs.layout.split() else None


def differs(one: Fineness | None, other: Fineness | None) -> bool:
    """Tell whether two files were quantised differently; True where it cannot be told."""
    if one is None or other is None or one[0] != other[0]:
        return True
    return abs(one[1] - other[1]) > ALIKE_WITHIN[one[0]]


def near_pairs(hashes: Mapping[int, str]) -> Iterator[tuple[int, int]]:
    """Yield the pairs whose hashes differ in at most `NEAR_AT_MOST_BITS`, each pair once.

    Of two such hashes, one band at least of `NEAR_AT_MOST_BITS` + 1 is the same, so that only those
    with a band in common are compared: 10,000 images take a second, not all pairs of them.
    """
    values = {key: int(text, 16) for key, text in hashes.items() if len(text) == HASH_BITS // 4}
    bands = NEAR_AT_MOST_BITS + 1
    width = HASH_BITS // bands
    alike: dict[tuple[int, int], list[int]] = defaultdict(list)
    for key, value in values.items():
        own = {
            other for at in range(bands) for other in alike.get((at, _band(value, at, width)), ())
        }
        for other in own:
            if (value ^ values[other]).bit_count() <= NEAR_AT_MOST_BITS:
                yield other, key
        for at in range(bands):
            alike[at, _band(value, at, width)].append(key)


def _band(value: int, at: int, width: int) -> int:
    """Return some bits of a hash, of those that no other band has."""
    return value >> at * width & (1 << width) - 1
