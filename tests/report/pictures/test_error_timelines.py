from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from harness.core.exchange import Reply
from harness.core.outcome import ErrorClass
from harness.core.record import Record
from harness.report.pictures.errors import LETTERS, MOST_BINS, ErrorTimeline, error_timelines
from tests.report import builders as b
from tests.shipped import shipped_provider

PROVIDERS = {name: shipped_provider(name) for name in ("buble", "sub2api")}


def _failed(at_s: float, error: ErrorClass = "server") -> Record:
    return b.record(b.case(id=f"{error}{at_s}"), b.fault(error), start_s=at_s, seconds=1.0)


def _served(at_s: float, name: str = "sub2api") -> Record:
    return b.record(b.case(name=name, id=f"{at_s}"), b.images(), start_s=at_s, seconds=1.0)


def _only(*records: Record) -> ErrorTimeline:
    (row,) = error_timelines(records, PROVIDERS)
    return row


def test_a_burst_stands_where_it_was_and_fills_as_much_as_it_had() -> None:
    row = _only(_served(1.0), _failed(50.0), _failed(50.1), _failed(50.2, "timeout"))

    assert [(block.title, block.height) for block in row.blocks] == [
        ("2 server, 51 to 52 s", 66.67),
        ("1 timeout, 51 to 52 s", 33.33),
    ]
    assert {block.x for block in row.blocks} == {85.0}
    assert [block.title for block in row.behind] == ["1 served, 2 to 3 s"]
    assert [sign.letter for sign in row.signs] == ["S"]


@given(at_s=st.lists(st.floats(0.1, 1e6), min_size=1, max_size=30))
def test_a_run_of_any_length_has_at_most_sixty_bars_within_the_picture(at_s: list[float]) -> None:
    row = _only(*map(_failed, at_s))

    assert max(at_s) + 1 <= row.bin_s * MOST_BINS
    assert len({block.x for block in row.blocks}) <= MOST_BINS
    for block in row.blocks:
        assert 0 <= block.x <= 100
        assert -0.1 <= block.y <= block.y + block.height <= 100.1


def test_a_refusal_that_was_asked_for_is_no_error_and_one_that_was_not_is() -> None:
    asked = b.record(b.case(id="r", expect="refuse", breaks="n.range"), b.refused())
    row = _only(asked, b.record(b.case(id="a"), b.refused()))

    assert [(each.letter, each.count) for each in row.counts] == [("V", 1)]
    assert (row.as_asked, row.ended) == (1, 1)


def test_a_provider_without_any_error_has_no_strip() -> None:
    rows = error_timelines([_served(1.0, "buble"), _failed(90.0)], PROVIDERS)

    assert [row.provider for row in rows] == ["sub2api"]


def test_a_request_without_a_recorded_time_is_counted_and_stands_in_no_bar() -> None:
    untimed = b.record(b.case(id="u"), b.fault("server"), seconds=0.0)
    row = _only(untimed, _failed(3.0))

    assert (row.untimed, len(row.blocks)) == (1, 1)


def test_a_long_run_is_told_in_minutes_and_a_short_one_in_seconds() -> None:
    long, short = _only(_failed(1190.0)).axis, _only(_failed(29.0)).axis

    assert (long.unit, [tick.label for tick in long.ticks]) == ("min", ["0", "5", "10", "15", "20"])
    assert (short.unit, short.ticks[-1].label) == ("s", "30")


def test_a_reply_that_told_us_to_slow_down_shows_even_where_its_request_was_served() -> None:
    made = _served(10.0)
    (one,) = made.exchanges
    slowed = replace(one, answer=Reply(status=429))
    (row,) = error_timelines([replace(made, exchanges=(slowed, one))], PROVIDERS)

    assert (row.counts, len(row.limited)) == ((), 1)


def test_without_any_time_there_is_no_picture() -> None:
    assert error_timelines([b.record(b.case(), b.fault("server"), seconds=0.0)], PROVIDERS) == ()


def test_each_class_has_a_letter_of_its_own() -> None:
    assert len(set(LETTERS.values())) == len(LETTERS)
