"""Verdicts as a stream, and beside the records that they are about."""

import pickle

from harness.checks.verdicts import BLOCK, IN_MEMORY, Verdicts, beside
from harness.core.verdict import Verdict
from harness.store.spool import Spool
from tests.checks.build import case, picture, record, served

RECORDS = [record(case(id=f"case{at}"), served(picture())) for at in range(3)]


def _verdict(at: int, why: str = "") -> Verdict:
    return Verdict(
        provider="sub2api",
        operation="generate",
        case=f"generate/case{at}",
        constraint=None if at % 2 else "n.range",
        check="images_decode",
        status="pass",
        why=why,
    )


def test_what_left_memory_is_read_back_as_it_was() -> None:
    number = BLOCK * (IN_MEMORY + 2) + 3
    verdicts = Verdicts(_verdict(at, f"\ud800 {at}") for at in range(number))

    assert len(verdicts) == number
    assert [each.case for each in verdicts] == [f"generate/case{at}" for at in range(number)]
    assert verdicts[1] == _verdict(1, "\ud800 1")
    assert verdicts[-1] == _verdict(number - 1, f"\ud800 {number - 1}")
    assert verdicts[:2] == [_verdict(0, "\ud800 0"), _verdict(1, "\ud800 1")]


def test_verdicts_equal_any_sequence_of_the_same() -> None:
    verdicts = Verdicts(map(_verdict, range(5)))

    assert verdicts == tuple(map(_verdict, range(5)))
    assert verdicts == Spool(map(_verdict, range(5)), block=2)
    assert verdicts[3:0:-2] == [_verdict(3), _verdict(1)]
    assert verdicts == pickle.loads(pickle.dumps(verdicts))  # noqa: S301 - our own
    assert verdicts != [_verdict(0)]
    assert verdicts != "verdicts"


def test_verdicts_stand_beside_their_records_whatever_the_order() -> None:
    said = [_verdict(0), _verdict(0), _verdict(2), _verdict(7), _verdict(1)]

    told = [(name, len(each)) for name, each in beside(RECORDS, said, lambda one: one.shot.case.id)]

    assert told == [
        ("generate/case0", 2),
        ("generate/case2", 1),
        (None, 1),
        ("generate/case1", 1),
    ]
