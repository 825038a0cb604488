"""What a reply counts, read for a price that depends on it: tokens of each kind, and seconds."""

from decimal import Decimal

import pytest

from harness.core.jsonvalue import Json
from harness.core.outcome import Images, Usage
from harness.planning.plan import make_plan
from harness.spec.provider import Provider
from harness.wire.protocol import speak
from tests.checks.build import case
from tests.spec.priced import USAGE, provider
from tests.wire.by_hand import IMAGE, said, talked

ONE = provider({"rows": [{"amount": 1}]})


def counted(one: Provider, ended: dict[str, Json]) -> Usage | None:
    """The usage of a job whose last poll holds this."""
    asked = case("sub2api", model=None, quality=None, n=None, id="plain")
    shot = make_plan(one, [asked], seed=0, spec_digest="").shots[0]
    done = said({"id": "job-1", "state": "done", "urls": ["https://cdn.test/a.png"], **ended})
    answers = [said({"id": "job-1", "state": "queued"}), done, IMAGE]
    wire = speak(one, one.operation("generate"), shot)
    outcome = talked(wire, lambda place, _send: answers[place]).outcome
    assert isinstance(outcome, Images), outcome
    return outcome.usage


@pytest.mark.parametrize(
    ("ended", "usage"),
    [
        ({}, None),
        ({"usage": {}, "metrics": {"predict_time": None}}, None),
        (
            {
                "usage": {
                    "input_tokens": 76,
                    "output_tokens": 120,
                    "total_tokens": 196,
                    "input_tokens_details": {"image_tokens": 64, "text_tokens": 12},
                }
            },
            Usage(input=76, output=120, total=196, kinds={"text_input": 12, "image_input": 64}),
        ),
        (
            {"metrics": {"predict_time": 12.5}},
            Usage(input=None, output=None, total=None, seconds=Decimal("12.5")),
        ),
        ({"metrics": {"predict_time": -1}, "usage": {"input_tokens": "76 tokens"}}, None),
        ({"usage": {"output_tokens": "-1"}}, None),
        ({"usage": {"output_tokens": "\u0667"}}, None),
        ({"usage": {"output_tokens": "9" * 16}}, None),
        ({"usage": {"output_tokens": "196"}}, Usage(input=None, output=196, total=None)),
        ({"usage": {"output_tokens": 196.0}}, Usage(input=None, output=196, total=None)),
        ({"usage": {"output_tokens": 196.5}}, None),
        (
            {"usage": {"input_tokens_details": {"cached_tokens": 7, "text_tokens": True}}},
            Usage(input=None, output=None, total=None, kinds={"cached_input": 7}),
        ),
    ],
)
def test_a_reply_is_read_for_what_it_counts(ended: dict[str, Json], usage: Usage | None) -> None:
    assert counted(ONE, ended) == usage


def test_every_kind_that_a_price_may_have_can_be_named_in_a_usage() -> None:
    operation = ONE.operation("generate")

    assert operation.reply.usage is not None
    assert set(operation.reply.usage.places) == set(USAGE) - {"source"}
