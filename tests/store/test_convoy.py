"""Passes over one spool take turns, and each block is read for all of them."""

import pytest

from harness.store.convoy import Passes
from harness.store.spool import Spool, picked

NUMBER = 2_000


class CountedSpool(Spool[int]):
    """A spool that counts how often a block is read from the disk."""

    loads = 0

    def load(self, number: int) -> list[int]:
        self.loads += 1
        return super().load(number)


def _spool() -> CountedSpool:
    return CountedSpool(range(NUMBER), block=10, in_memory=2)


def test_passes_at_once_come_to_what_they_come_to_alone() -> None:
    spool = _spool()

    def both() -> int:
        with Passes(spool) as inner:
            odd = inner.begin(lambda: sum(picked(spool, lambda value: value % 2 == 1)))
            even = inner.begin(lambda: sum(value for value in spool if value % 2 == 0))
        return odd.result + even.result

    with Passes(spool) as passes:
        total = passes.begin(sum, spool)
        largest = passes.begin(max, spool)
        nested = passes.begin(both)
        nothing = passes.begin(lambda: "no pass")

    assert total.result == nested.result == sum(range(NUMBER))
    assert (largest.result, nothing.result) == (NUMBER - 1, "no pass")


def test_a_block_is_read_once_for_all_that_pass() -> None:
    spool = _spool()

    with Passes(spool) as passes:
        for _ in range(8):
            passes.begin(sum, spool)

    assert spool.loads <= NUMBER // 10


@pytest.mark.parametrize("number", [10, NUMBER])
def test_what_a_pass_raises_is_raised_where_it_was_begun(number: int) -> None:
    spool = Spool(range(number), block=10, in_memory=2)

    def fails() -> int:
        for value in spool:
            if value == number - 1:
                raise ValueError(f"{value} is wrong")
        return 0

    with pytest.raises(ValueError, match="is wrong"), Passes(spool) as passes:
        passes.begin(sum, spool)
        passes.begin(fails)


def test_a_disk_that_fails_ends_all_passes() -> None:
    class Broken(Spool[int]):
        def load(self, number: int) -> list[int]:
            if number == 50:
                raise OSError("gone")
            return super().load(number)

    spool = Broken(range(NUMBER), block=10, in_memory=2)

    with pytest.raises(OSError, match="gone"), Passes(spool) as passes:
        passes.begin(sum, spool)
        passes.begin(max, spool)
