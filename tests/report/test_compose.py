import pytest

from harness.report.compose import compose
from tests.report import builders as b
from tests.shipped import NAMES, shipped_provider

REFUSE = b.case(id="n=11", expect="refuse", breaks="n.range")
SHOP = {"sub2api": shipped_provider("sub2api")}


def test_providers_stand_in_the_order_given() -> None:
    assert [row.provider for row in b.sample().providers] == list(NAMES)


def test_results_of_a_provider_that_was_not_given_are_refused() -> None:
    with pytest.raises(KeyError, match="no provider given for results of buble"):
        b.report([b.record(b.case(name="buble"), b.images())], names=("sub2api",))


def test_equal_input_gives_an_equal_report() -> None:
    assert b.sample() == b.sample()


def test_an_empty_run_says_that_nothing_was_tested() -> None:
    report = compose(b.header(), [], [], [], SHOP)

    assert report.banner.level == "empty"
    assert report.providers[0].standing == "untested"
    assert report.providers[0].sentence == "sub2api was not tested: no case was planned."
    assert report.matrix.rows == ()
    assert [column.operation for column in report.matrix.unplanned] == [
        "generate",
        "edit",
        "respond",
    ]


def test_a_kept_provider_is_said_to_keep_what_was_tested() -> None:
    served = b.record(b.case(covers=("n.range=10", "n.integer")), b.images())
    report = b.report([served], [b.verdict(served)])

    assert report.providers[0].standing == "held"
    assert report.providers[0].sentence.startswith("sub2api keeps all 3 promises tested.")


def test_a_broken_promise_is_named_in_the_sentence() -> None:
    served = b.record(REFUSE, b.images(11))
    report = b.report(
        [served], [b.verdict(served, "fail", constraint="n.range")], [b.finding(served)]
    )

    assert report.providers[0].standing == "broken"
    assert report.providers[0].sentence.startswith("sub2api breaks 1 of 1 promise tested: n.range.")


def test_a_provider_that_never_answered_is_unclear_and_not_convicted() -> None:
    down = [b.record(b.case(id=str(at)), b.fault("network")) for at in range(3)]
    report = b.report(down, [b.verdict(item, "inconclusive", why="network") for item in down])

    assert report.providers[0].standing == "unclear"
    assert (
        report.providers[0].sentence
        == "sub2api could not be judged: 3 of 3 cases failed (network 3)."
    )


def test_a_provider_of_which_all_was_skipped_is_untested_with_the_reason() -> None:
    left = [b.record(b.case(id=str(at)), None, skipped="budget spent") for at in range(3)]
    report = b.report(left, [b.verdict(item, "skip", why="budget spent") for item in left])

    assert report.providers[0].standing == "untested"
    assert "all 3 cases were skipped (budget spent)" in report.providers[0].sentence
    assert (report.providers[0].cases, report.providers[0].skipped) == (0, 3)


def test_an_emulated_provider_is_called_emulated_in_its_sentence() -> None:
    served = b.record(b.case(), b.images(), evidence=b.REPLAY)
    report = b.report([served], [b.verdict(served)])

    assert report.providers[0].sentence.startswith("Emulated sub2api keeps")
    assert not report.providers[0].about_provider


def test_one_emulated_record_makes_the_whole_no_statement_about_the_provider() -> None:
    records = [
        b.record(b.case(id="a"), b.images(), evidence=b.LIVE),
        b.record(b.case(id="b"), b.images(), evidence=b.EMULATOR),
    ]
    report = compose(b.header({"sub2api": b.LIVE}), records, [], [], SHOP)

    assert report.banner.level == "emulated"
    assert not report.providers[0].about_provider


def test_an_observation_says_what_was_asked_and_what_came() -> None:
    arguments: b.Arguments = {"model": "gpt-image-2", "prompt": "fox", "response_format": "url"}
    asked = b.case(expect="observe", about="response_format.one_of", arguments=arguments)
    report = b.report(
        [
            b.record(asked, b.images(2)),
            b.record(asked, b.refused("Unknown parameter", code="unknown_parameter")),
            b.record(asked, b.fault("network", why="reset")),
            b.record(asked, None, skipped="budget"),
        ]
    )

    assert {item.asked for item in report.observations} == {'response_format = "url"'}
    assert [(item.outcome, item.came) for item in report.observations] == [
        ("served", "2 images: png 1024x1024"),
        ("refused", "HTTP 400, validation: unknown_parameter: Unknown parameter"),
        ("no answer", "network: reset"),
        ("not sent", "budget"),
    ]


def test_a_long_prompt_that_was_observed_tells_its_own_length() -> None:
    asked = b.case(expect="observe", about="prompt.max_length", arguments={"prompt": "狐" * 32_001})
    report = b.report([b.record(asked, b.images())])

    assert report.observations[0].asked.endswith('狐… (32,001 characters)"')


def test_a_finding_names_the_place_of_its_promise() -> None:
    served = b.record(REFUSE, b.images(11))
    report = b.report([served], [], [b.finding(served), b.finding(served, constraint=None)])

    assert report.findings[0].source == "001_5b0aab872a4ee831.txt: Generation Parameters"
    assert report.findings[1].source == "001_5b0aab872a4ee831.txt: Endpoints"
