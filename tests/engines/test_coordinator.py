"""One stopping rule for all slices: what decides in one process decides over four, for all."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.adaptive.stopping_rule import ended_of
from harness.core.record import Record
from harness.engines.coordinator import Coordinator
from harness.stats.benchmark.model import Ended
from tests.adaptive.test_stopping_rule import NAMES, PROVIDERS, blocks, design

SLICES = 4


def _by_slice(records: Sequence[Record]) -> Iterator[list[Ended]]:
    """Yield what each of four slices tells: every fourth block, at a vantage point of its own."""
    for part in range(SLICES):
        mine = (
            each for each in records if each.shot.slot and each.shot.slot.block % SLICES == part
        )
        told = (ended_of(each, PROVIDERS[each.shot.case.provider]) for each in mine)
        yield [replace(each, vantage=f"v{part}") for each in told if each]


def test_what_four_slices_tell_decides_for_all_of_them() -> None:
    coordinator = Coordinator()
    coordinator.begin(design())
    told = [*_by_slice([*blocks(24, buble=10.0, sub2api=20.0, apiframe=40.0)])]
    alone = [Coordinator() for _ in told]
    for each, attempts in zip(alone, told, strict=True):
        each.begin(design())
        each.tell(attempts)
    for attempts in told:
        coordinator.tell(attempts)

    assert [dict(each.tell(())) for each in alone] == [{}] * SLICES
    assert {*coordinator.tell(())} == {f"{name}/w" for name in NAMES}
