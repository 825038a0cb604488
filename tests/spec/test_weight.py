import pytest

from harness.spec.weight import MARGIN, PIXELS, reply_bounds
from tests.shipped import NAMES, shipped_provider


@pytest.mark.parametrize("name", NAMES)
def test_the_largest_documented_reply_is_below_half_of_its_bound(name: str) -> None:
    provider = shipped_provider(name)
    bounds = reply_bounds(provider)

    for operation in provider.operations.values():
        n = operation.arguments.get("n")
        images = n.range.max if n and n.range and n.range.max else 1
        size = operation.arguments.get("size")
        pixels = size.max_pixels.pixels if size and size.max_pixels else PIXELS
        in_base64 = images * pixels * 4 * 4 // 3
        assert MARGIN * in_base64 <= bounds.reply_bytes
        assert MARGIN * pixels * 8 <= bounds.download_bytes


def test_without_a_provider_the_bounds_are_those_of_most() -> None:
    assert reply_bounds() == reply_bounds(shipped_provider("sub2api"))
