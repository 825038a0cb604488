from dataclasses import replace

import pytest

from harness.core.exchange import Reply
from harness.core.outcome import Fault
from harness.core.record import Record
from harness.stats.conformance.behaviour import Behaviour
from harness.stats.conformance.limits import limits, named_limit
from tests.checks.build import case, picture, record, refused, served
from tests.shipped import shipped_provider as shipped
from tests.wire.by_hand import said

GIVEN_UP = Fault(error_class="rate_limit", why="slow down", may_be_paid=False, status=429)


def turned_away(words: str, status: int = 429, **headers: str) -> Reply:
    return said({"error": {"message": words, "code": "rate_limit_exceeded"}}, status, **headers)


def rows(*records: Record) -> tuple[Behaviour, ...]:
    return limits(records, {"sub2api": shipped("sub2api")})


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("Rate limit reached: 5 images per minute", "5 images per minute"),
        ("Limit 100/day", "100/day"),
        ("at most 20 requests every 10 minutes", "20 requests every 10 minutes"),
        ("You exceeded your daily image quota", "daily image quota"),
        ("Too many concurrent requests", "concurrent"),
        ("only 2 generations in parallel", "in parallel"),
        ("images per request must be at most 10", ""),
        ("Insufficient credits", ""),
        ("size must be a multiple of 16", ""),
    ],
)
def test_the_limit_is_named_by_its_words(words: str, limit: str) -> None:
    assert named_limit(words) == limit


def test_a_limit_is_told_with_its_words_its_headers_and_what_came_of_it() -> None:
    words = "Rate limit reached: 5 images per minute, try again in {} s"
    first, second = (
        turned_away(
            words.format(seconds), retry_after="20", x_ratelimit_limit_images="5", x_request_id="r"
        )
        for seconds in (20, 7)
    )
    ended = served(picture())

    (row,) = rows(
        record(case(id="a"), ended, answers=[first, second]),
        record(case(id="b"), GIVEN_UP, answers=[first]),
        record(case(id="c"), ended),
    )

    assert (row.kind, row.times, row.cases) == ("limit", 3, ("generate/a", "generate/b"))
    assert row.text == (
        "limit named: 5 images per minute; HTTP 429, 3 times: "
        '"Rate limit reached: 5 images per minute, try again in 20 s" '
        "(retry-after: 20, x-ratelimit-limit-images: 5); "
        "after waiting, 1 of 2 requests got another answer"
    )


def test_a_429_without_words_is_told_too() -> None:
    (row,) = rows(record(case(), GIVEN_UP, answers=[Reply(status=429)]))

    assert row.text.startswith("HTTP 429, 1 times without a word")


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (turned_away("You have exceeded your limit of 50 images per day", 400), 1),
        (turned_away("too many concurrent requests", 503), 1),
        (turned_away("n must be at most 10", 400), 0),
        (turned_away("a video has 24 frames per second", 400), 0),
        (turned_away("overloaded, try again in a minute", 503), 0),
        (said({"created": 1, "data": []}), 0),
    ],
)
def test_another_error_is_a_limit_only_where_it_names_one(reply: Reply, told: int) -> None:
    assert len(rows(record(case(), refused(), answers=[reply]))) == told


def test_a_result_that_cannot_be_fetched_is_no_limit_of_the_provider() -> None:
    sent = record(case(), served(picture()), answers=[turned_away("slow: 5 per minute limit", 403)])
    downloads = tuple(replace(exchange, step="download") for exchange in sent.exchanges)

    assert rows(replace(sent, exchanges=downloads)) == ()
