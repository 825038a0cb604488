"""What the budget still carries, by what it has skipped."""

import pytest

from harness.adaptive.sent import SentCases
from harness.core.record import Record
from harness.planning.plan import planned_request
from tests.adaptive.world import base, row
from tests.checks.build import LIVE
from tests.shipped import shipped_provider as shipped

SUB2API = shipped("sub2api")


@pytest.mark.parametrize(
    ("skipped", "fits"),
    [
        ("budget: --max-images 6 is too low", {1: True, 2: True, 3: False, 4: False}),
        ("generate/base was not served", {1: True, 2: True, 3: True, 4: True}),
    ],
)
def test_what_costs_less_than_what_was_too_dear_still_fits(
    skipped: str, fits: dict[int, bool]
) -> None:
    sent = SentCases(SUB2API)
    dear = planned_request(SUB2API, row(3, n=3))
    sent.on_record(Record(shot=dear, evidence=LIVE, outcome=None, skipped=skipped))

    assert {n: sent.fits(row(9, n=n)) for n in fits} == fits
    assert {n: sent.fits_arguments("generate", row(9, n=n).arguments) for n in fits} == fits
    assert sent.fits_arguments("edit", row(9, n=9).arguments)


def test_a_probe_of_a_probe_goes_back_to_the_planned_request() -> None:
    sent = SentCases(SUB2API)
    first = sent.add(row(1, n=2))
    probe = sent.probe("generate", row(2, n=3).arguments, stage="isolate", follows=first.id)
    assert probe is not None
    last = sent.probe("generate", row(3).arguments, stage="shrink", follows=sent.add(probe).id)
    assert last is not None

    assert (sent.root(last), sent.root(base())) == (first.id, "generate/base")
