from collections.abc import Iterable, Iterator
from dataclasses import replace
from random import Random

from pydantic import TypeAdapter

from harness.adaptive.stopping_rule import StoppingRule, ended_of
from harness.core.benchmark import Design, Stage
from harness.core.case import FitKind, Slot
from harness.core.record import Record
from harness.core.workload import Fit, Workload
from harness.stats.benchmark.model import Ended
from tests.report import builders as b
from tests.shipped import shipped_provider

NAMES = ("buble", "sub2api", "apiframe")
PROVIDERS = {name: shipped_provider(name) for name in NAMES}


def design(*, until_decided: bool = True, **kinds: FitKind) -> Design:
    return Design(
        seed=1,
        workloads=(Workload(name="w", operation="generate"),),
        fits=tuple(
            Fit(workload="w", provider=name, kind=kinds.get(name, "exact"), arguments={})
            for name in NAMES
        ),
        arrivals="closed",
        stages=(Stage(name="c4", blocks=60, concurrency=4),),
        until_decided=until_decided,
    )


def record(name: str, block: int, seconds: float, *, failed: bool = False) -> Record:
    case = b.case(name=name, id=f"bench-c4-w-b{block:03}")
    made = b.record(
        case, b.fault() if failed else b.images(), seconds=seconds, start_s=block * 60.0
    )
    slot = Slot(workload="w", fit="exact", stage="c4", block=block)
    return replace(made, shot=replace(made.shot, slot=slot))


def blocks(number: int, **seconds: float) -> Iterator[Record]:
    for block in range(number):
        for name, took in seconds.items():
            yield record(name, block, took)


def in_turns(number: int, *, apiframe: float | None = None) -> Iterator[Record]:
    """Blocks in which buble and sub2api are the faster one in turns, by a half."""
    for block in range(number):
        yield record("buble", block, 10.0 + block % 2 * 5)
        yield record("sub2api", block, 15.0 - block % 2 * 5)
        if apiframe is not None:
            yield record("apiframe", block, apiframe)


def referee(records: Iterable[Record], plan: Design | None = None) -> StoppingRule:
    made = StoppingRule(plan or design(), PROVIDERS)
    for one in records:
        made.on_record(one)
    return made


def test_before_anything_is_known_nothing_is_over() -> None:
    assert referee([]).over() == {}
    assert referee(blocks(1, buble=10.0, sub2api=20.0, apiframe=30.0)).over() == {}


def test_a_slower_one_is_asked_no_more_and_says_whom_it_lost_to() -> None:
    made = referee(in_turns(14, apiframe=40.0))

    assert dict(made.over()) == {
        "apiframe/w": "decided: buble is faster, at an error rate of 0.05 for the whole race"
    }


def test_once_the_fastest_is_known_all_is_over() -> None:
    made = referee(blocks(20, buble=10.0, sub2api=20.0, apiframe=40.0))
    over = made.over()

    assert set(over) == {"buble/w", "sub2api/w", "apiframe/w"}
    assert over["buble/w"] == "decided: the fastest, at an error rate of 0.05 for the whole race"


def test_equals_are_asked_until_they_are_known_to_be_equal() -> None:
    def alike(number: int) -> Iterator[Record]:
        for block in range(number):
            yield record("buble", block, 10.0 + block % 3 * 0.1)
            yield record("sub2api", block, 10.0 + (block + 1) % 3 * 0.1)

    plan = design(apiframe="unsupported")

    assert referee(alike(8), plan).over() == {}
    assert "equally fast within 10%" in referee(alike(80), plan).over()["buble/w"]
    assert set(referee(alike(80), plan).over()) == {"buble/w", "sub2api/w"}


def test_who_serves_it_only_nearly_ends_with_the_race_and_takes_no_part() -> None:
    plan = design(apiframe="nearest")
    running = referee(blocks(3, buble=10.0, sub2api=30.0, apiframe=1.0), plan)
    decided = referee(blocks(14, buble=10.0, sub2api=30.0, apiframe=1.0), plan)

    assert running.over() == {}
    assert decided.over()["apiframe/w"] == "decided between those that serve it exactly"


def test_a_workload_that_one_alone_serves_exactly_is_asked_as_designed() -> None:
    plan = design(sub2api="nearest", apiframe="unsupported")

    assert referee(blocks(40, buble=10.0, sub2api=90.0), plan).over() == {}


def test_who_serves_nothing_is_given_up_and_the_others_go_on() -> None:
    dead = [record("apiframe", block, 1.0, failed=True) for block in range(10)]
    made = referee([*in_turns(10), *dead])

    assert dict(made.over()) == {"apiframe/w": "served none of its first 10 attempts"}


def test_who_is_left_alone_is_not_called_the_fastest() -> None:
    dead = [
        record(name, block, 1.0, failed=True)
        for name in ("sub2api", "apiframe")
        for block in range(10)
    ]
    made = referee([*blocks(10, buble=10.0), *dead])

    assert made.over()["buble/w"] == "nobody is left who could be compared with it"


def test_what_was_said_stays_said() -> None:
    made = referee(blocks(14, buble=10.0, sub2api=30.0, apiframe=30.0))
    before = dict(made.over())
    for block in range(20, 60):
        made.on_record(record("buble", block, 30.0))
        made.on_record(record("sub2api", block, 10.0))

    assert before.items() <= dict(made.over()).items()


def test_a_run_that_goes_on_hears_of_its_records_by_provider_and_says_the_same() -> None:
    records = list(in_turns(14, apiframe=40.0))
    by_provider = sorted(records, key=lambda one: one.shot.case.provider)

    assert referee(by_provider).over() == referee(records).over() != {}


def test_a_fixed_design_is_never_stopped() -> None:
    plan = design(until_decided=False)

    assert referee(blocks(60, buble=10.0, sub2api=90.0), plan).over() == {}


def test_a_skipped_record_tells_nothing() -> None:
    skipped = [
        replace(one, outcome=None, exchanges=(), skipped="budget")
        for one in blocks(30, buble=10.0, sub2api=90.0)
    ]

    assert referee(skipped).over() == {}


def test_attempts_of_several_processes_come_as_json_in_any_order_and_may_come_again() -> None:
    records = list(in_turns(14, apiframe=40.0))
    sent = [ended_of(one, PROVIDERS[one.shot.case.provider]) for one in records]
    json = TypeAdapter(list[Ended])
    read = json.validate_json(json.dump_json([each for each in sent if each]))
    Random(7).shuffle(read)
    made = StoppingRule(design(), {})
    for one in [*read, *read[:20]]:
        made.on_attempt(one)

    assert made.over() == referee(records).over() != {}


def test_an_attempt_that_comes_again_is_not_another_failure() -> None:
    dead = [record("apiframe", block, 1.0, failed=True) for block in range(9)]
    made = referee([*in_turns(10), *dead, *dead])

    assert made.over() == {}
