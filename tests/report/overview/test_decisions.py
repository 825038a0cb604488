from dataclasses import replace

from harness.report.benchmark.answers import Benchmarked, benchmarked
from harness.report.overview.decisions import decisions
from harness.report.overview.model import Decision, Place
from harness.stats.benchmark.model import Comparison, Ranking, Word
from tests.report import benchmarks as bm


def pair(first: str, second: str, word: Word) -> Comparison:
    return replace(bm.comparison(first, second), word=word)


def decide(ranking: Ranking | None, *pairs: Comparison) -> Decision:
    made = bm.design((bm.SQUARE,))
    held = replace(
        bm.measured(made), rankings=(ranking,) if ranking else (), comparisons=tuple(pairs)
    )
    value: Benchmarked = benchmarked(bm.benchmark(made), held)
    (found,) = decisions(value)
    return found


def ranking(*places: tuple[int, str], decided: bool = False) -> Ranking:
    return Ranking(
        workload="square-draft", places=bm.ranks(*places), decided=decided, why="a word of why"
    )


def test_who_is_not_told_apart_gets_no_rank_and_is_named_in_the_order_of_the_alphabet() -> None:
    found = decide(ranking((1, "sub2api"), (1, "apiframe")), pair("sub2api", "apiframe", "open"))

    assert found.places == ()
    assert found.sentence == "Not decided: apiframe and sub2api are not told apart."
    assert found.undecided == ("sub2api and apiframe",)


def test_a_decided_pair_within_an_undecided_race_is_said_without_a_rank() -> None:
    found = decide(
        ranking((1, "sub2api"), (1, "aimlapi"), (1, "apiframe")),
        pair("sub2api", "aimlapi", "open"),
        pair("sub2api", "apiframe", "first"),
        pair("aimlapi", "apiframe", "open"),
    )

    assert found.places == ()
    assert found.sentence.endswith("Only this is certain: sub2api is faster than apiframe.")


def test_a_rank_is_given_to_what_the_pair_tests_separate() -> None:
    found = decide(
        ranking((1, "sub2api"), (2, "aimlapi"), (2, "apiframe"), decided=True),
        pair("sub2api", "aimlapi", "first"),
        pair("sub2api", "apiframe", "first"),
        pair("aimlapi", "apiframe", "open"),
    )

    assert found.sentence == "Decided: sub2api is the fastest."
    assert found.places == (
        Place(place=1, providers=("sub2api",)),
        Place(place=2, providers=("aimlapi", "apiframe")),
    )
    assert found.undecided == ("aimlapi and apiframe",)


def test_a_shared_first_place_is_equally_fast_only_where_no_pair_of_it_is_open() -> None:
    places = ((1, "sub2api"), (1, "aimlapi"), (3, "apiframe"))
    even = decide(ranking(*places, decided=True), pair("sub2api", "aimlapi", "equal"))
    open_ = decide(ranking(*places), pair("sub2api", "aimlapi", "open"))

    assert even.sentence == "Decided: sub2api and aimlapi are the fastest, and equally fast."
    assert open_.sentence.startswith("Not decided who is the fastest: sub2api and aimlapi")


def test_who_is_only_near_the_workload_or_was_not_served_is_named_without_a_rank() -> None:
    found = decide(ranking((1, "sub2api"), decided=True))

    assert found.sentence == "Nothing to decide: only sub2api served it exactly."
    assert "buble (nearest only)" in found.unranked
    assert "apiframe (nothing that counts)" in found.unranked


def test_a_workload_that_nobody_served_says_so() -> None:
    assert decide(None).sentence == "Not decided: nobody served it exactly."
