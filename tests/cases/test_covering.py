"""Covering rows, counted again in plain Python and asked of the emulator."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from itertools import chain, combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cases.boundaries import plain_case, single_changes
from harness.cases.build import Builder
from harness.cases.covering import RowBudget, Rows, covering
from harness.cases.levels import LevelTable, describe_value
from harness.cases.packed import count_covered, packed_rows
from harness.core.case import Case, Price
from harness.core.jsonvalue import Json, canonical
from harness.core.placeholders import WEBHOOKS
from harness.spec import price
from tests.cases import served
from tests.cases.independent import broken
from tests.shipped import NAMES, shipped_provider

EVERY = [(name, operation) for name in NAMES for operation in shipped_provider(name).operations]
DOCUMENTED = [one for one in EVERY if one[1] != "respond"]  # of the tool nothing is documented
LIMITED = RowBudget(images=31, rows=24)
EVERYTHING = RowBudget()

SCRIPT = """
from harness.core.jsonvalue import canonical
from tests.cases.test_covering import LIMITED, bought
for one in (("sub2api", "generate"), ("nanobanana", "edit")):
    rows = bought(*one, seed=3, purse=LIMITED)
    print(canonical([case.arguments for case in rows.cases]))
"""

Values = dict[str, dict[str, Json]]
"""Of each argument, what the documents let it be, under names; an omitted one has the name ''."""


@cache
def builder(name: str, operation: str) -> Builder:
    return Builder(shipped_provider(name), operation)


@cache
def each_alone(name: str, operation: str) -> tuple[Case, ...]:
    """The cases that try one value each."""
    return single_changes(builder(name, operation))


def bought(
    name: str, operation: str, *, seed: int = 0, purse: RowBudget = EVERYTHING, strength: int = 2
) -> Rows:
    return rows_of(name, operation, seed, purse, strength)


@cache
def rows_of(name: str, operation: str, seed: int, purse: RowBudget, strength: int) -> Rows:
    return covering(builder(name, operation), seed=seed, budget=purse, strength=strength)


@cache
def values(name: str, operation: str) -> Values:
    """Collect the documented values from the cases that try each alone, and from the base."""
    found: Values = {}
    base = plain_case(builder(name, operation)).arguments
    for case in each_alone(name, operation):
        if case.expect == "accept" and case.about is not None:
            argument = case.about.split(".")[0]
            known = found.setdefault(argument, {called(base, argument): base.get(argument)})
            known[called(case.arguments, argument)] = case.arguments[argument]
    for argument in base:
        without = {key: value for key, value in base.items() if key != argument}
        if may_be_left_out(name, operation, argument) and emulated(name, operation, without):
            found.setdefault(argument, {called(base, argument): base[argument]})[""] = None
    return found


def may_be_left_out(name: str, operation: str, argument: str) -> bool:
    described = shipped_provider(name).operation(operation).arguments[argument]
    asked_for = described.required is not None or described.ours
    return not asked_for and described.status == "documented"


def emulated(name: str, operation: str, arguments: dict[str, Json]) -> bool:
    """Tell whether the emulator, which shares no rule with the harness, serves this."""
    asked = Case(
        id="x", provider=name, operation=operation, expect="accept", about=None, breaks=None,
        covers=(), arguments=arguments,
    )  # fmt: skip
    return served.said(asked) is None


def called(arguments: Mapping[str, Json], argument: str) -> str:
    return canonical(arguments[argument]) if argument in arguments else ""


def tried(name: str, operation: str, arguments: Mapping[str, Json]) -> dict[str, str]:
    """Name the value of each argument that a request holds.

    Any short text is as good a prompt as the plain one, and any address of ours as another.
    """
    held = {}
    for argument, known in values(name, operation).items():
        word = called(arguments, argument)
        if word.startswith(f'"{WEBHOOKS}'):
            word = next(one for one in known if one)
        if argument == "prompt" and word not in known:
            assert len(word) < 200
            word = next(iter(known))
        held[argument] = word
    return held


def sent(name: str, operation: str, rows: Rows) -> Iterator[dict[str, str]]:
    for case in (plain_case(builder(name, operation)), *rows.cases):
        yield tried(name, operation, case.arguments)


def together(
    name: str, operation: str, rows: Rows, strength: int = 2
) -> set[tuple[tuple[str, str], ...]]:
    """Every combination of documented values that the base and the rows hold."""
    known = values(name, operation)
    return {
        some
        for held in sent(name, operation, rows)
        for some in combinations(sorted(held.items()), strength)
        if all(value in known[argument] for argument, value in some)
    }


def cost(name: str, operation: str, arguments: Mapping[str, Json]) -> Price:
    return price.price_of(
        shipped_provider(name), shipped_provider(name).operation(operation), arguments
    )


def spent(name: str, operation: str, rows: Rows) -> tuple[int, Decimal]:
    prices = [cost(name, operation, case.arguments) for case in rows.cases]
    return sum(one.images for one in prices), sum((one.amount for one in prices), Decimal(0))


# --------------------------------------------------------------------------------------- counted
@pytest.mark.parametrize("purse", [RowBudget(images=5), LIMITED, EVERYTHING])
@pytest.mark.parametrize(("name", "operation"), DOCUMENTED)
def test_every_documented_value_is_in_a_row_or_left_out_with_its_price(
    name: str, operation: str, purse: RowBudget
) -> None:
    rows = bought(name, operation, purse=purse)
    held = set(chain.from_iterable(one.items() for one in sent(name, operation, rows)))
    missed = {
        (argument, value)
        for argument, known in values(name, operation).items()
        for value in known
        if (argument, value) not in held
    }
    total = sum(map(len, values(name, operation).values()))
    left_out = {(one.argument, one.value): one.price for one in rows.coverage.left_out}

    assert left_out.keys() == {(argument, describe_value(value)) for argument, value in missed}
    assert rows.coverage.values == (total - len(missed), total)
    for argument, value in missed:
        alone = [
            cost(name, operation, case.arguments)
            for case in each_alone(name, operation)
            if case.expect == "accept" and called(case.arguments, argument) == value
        ]
        if not value:
            base = plain_case(builder(name, operation)).arguments
            without = {key: given for key, given in base.items() if key != argument}
            alone.append(cost(name, operation, without))
        told = left_out[argument, describe_value(value)]
        assert told.amount == min(one.amount for one in alone)
        assert told in alone


@pytest.mark.parametrize("purse", [RowBudget(images=5), LIMITED, EVERYTHING])
@pytest.mark.parametrize(("name", "operation"), DOCUMENTED)
def test_the_reported_pairs_are_those_that_the_requests_hold(
    name: str, operation: str, purse: RowBudget
) -> None:
    rows = bought(name, operation, purse=purse)
    found = together(name, operation, rows)

    assert rows.coverage.combinations[0] == len(found)
    assert found <= packed_rows(builder(name, operation)).feasible(2)


@pytest.mark.parametrize(("name", "operation"), DOCUMENTED)
def test_money_without_end_buys_every_value_and_every_pair(name: str, operation: str) -> None:
    coverage = bought(name, operation).coverage

    assert coverage.values[0] == coverage.values[1]
    assert coverage.combinations[0] == coverage.combinations[1] > 50
    assert coverage.left_out == ()


@pytest.mark.parametrize(("name", "operation"), [("buble", "generate"), ("apiframe", "generate")])
def test_three_at_a_time_are_covered_on_request(name: str, operation: str) -> None:
    rows = bought(name, operation, strength=3)
    pairs, _ = bought(name, operation).coverage.combinations

    assert rows.coverage.strength == 3
    assert rows.coverage.combinations[0] == rows.coverage.combinations[1] > pairs
    assert len(together(name, operation, rows, 3)) == rows.coverage.combinations[1]
    assert len(together(name, operation, rows)) == pairs


def test_what_is_counted_is_what_is_sent() -> None:
    table = LevelTable.of(builder("buble", "generate"))
    request = {**table.base, "resolution": "4K", "aspect_ratio": "1:1", "prompt": "Other words"}
    cells, pairs = count_covered(packed_rows(builder("buble", "generate")), [request])

    assert ("resolution", '"4K"') in cells
    assert ("prompt", canonical(table.base["prompt"])) in cells
    assert (("aspect_ratio", '"1:1"'), ("resolution", '"4K"')) in pairs
    assert len(pairs) == len(cells) * (len(cells) - 1) // 2


# -------------------------------------------------------------------------------------- feasible
SILENT = ({("output_compression", "100")}, {"", '"png"'})
"""A compression that changes nothing, with a format that has none: no document says whether it is
refused, so no row may hold it, and the emulator serves it."""


def is_silent(pair: tuple[tuple[str, str], ...]) -> bool:
    one, of = (dict(pair).get(name) for name in ("output_compression", "output_format"))
    return ("output_compression", one) in SILENT[0] and of in SILENT[1]


def placed(known: Values, arguments: dict[str, Json], *cells: tuple[str, str]) -> dict[str, Json]:
    made = dict(arguments)
    for argument, value in cells:
        made.pop(argument, None)
        if value:
            made[argument] = known[argument][value]
    return made


def distinct(some: Iterable[dict[str, Json]]) -> list[dict[str, Json]]:
    return list({canonical(one): one for one in some}.values())


def holders(
    known: Values, starts: Iterable[dict[str, Json]], pair: tuple[tuple[str, str], ...]
) -> Iterator[dict[str, Json]]:
    """A pair put into valid requests, each as it is and with any third value beside it."""
    for arguments in starts:
        yield placed(known, arguments, *pair)
    for arguments in starts:
        for argument in known.keys() - dict(pair).keys():
            for value in known[argument]:
                yield placed(known, arguments, *pair, (argument, value))


@pytest.mark.usefixtures("each_file_is_decoded_once")
@pytest.mark.parametrize(
    ("name", "operation"), [one for one in DOCUMENTED if one[0] in ("apiframe", "buble", "aimlapi")]
)
def test_a_pair_is_feasible_where_the_emulator_serves_a_request_that_holds_it(
    name: str, operation: str
) -> None:
    known = values(name, operation)
    starts = distinct(
        case.arguments
        for case in (plain_case(builder(name, operation)), *each_alone(name, operation))
        if case.about is None or case.about.startswith("mask.")  # which must fit its image
    )
    cells = [(argument, value) for argument in sorted(known) for value in known[argument]]

    found = {
        pair
        for pair in combinations(cells, 2)
        if pair[0][0] != pair[1][0]
        and not is_silent(pair)
        and any(emulated(name, operation, arguments) for arguments in holders(known, starts, pair))
    }

    assert found == packed_rows(builder(name, operation)).feasible(2)


# ----------------------------------------------------------------------------------------- purse
PURSES = st.builds(
    RowBudget,
    images=st.none() | st.integers(-1, 45),
    amount=st.none() | st.decimals(0, 200, places=2),
    rows=st.none() | st.integers(0, 30),
)


@pytest.mark.parametrize(
    ("name", "operation"),
    [("apiframe", "generate"), ("buble", "generate"), ("aimlapi", "generate")],
)
@given(purse=PURSES, seed=st.integers(0, 2**32))
@settings(max_examples=15, deadline=None)
def test_the_purse_is_never_overdrawn_and_what_is_left_out_does_not_fit_in_it(
    name: str, operation: str, purse: RowBudget, seed: int
) -> None:
    rows = covering(builder(name, operation), seed=seed, budget=purse)
    images, amount = spent(name, operation, rows)
    so_far = Price(amount=amount, unit="any", images=images)

    assert purse.images is None or images <= max(purse.images, 0)
    assert purse.amount is None or amount <= purse.amount
    assert purse.rows is None or len(rows.cases) <= purse.rows
    for one in rows.coverage.left_out:
        assert not purse.carries(so_far, one.price, len(rows.cases))


@pytest.mark.parametrize(("name", "operation"), DOCUMENTED)
@pytest.mark.parametrize("images", [5, 10])
def test_no_image_is_left_while_a_pair_can_be_had_for_it(
    name: str, operation: str, images: int
) -> None:
    rows = bought(name, operation, purse=RowBudget(images=images))

    assert spent(name, operation, rows)[0] == images


# ----------------------------------------------------------------------------------------- valid
@pytest.mark.usefixtures("each_file_is_decoded_once")
@pytest.mark.parametrize(("name", "operation"), EVERY)
def test_a_row_breaks_nothing_by_plain_arithmetic_and_for_the_emulator(
    name: str, operation: str
) -> None:
    for purse in (LIMITED, EVERYTHING):
        rows = bought(name, operation, purse=purse)
        wrong = {case.id: told for case in rows.cases if (told := served.disagreement(case))}

        assert wrong == {}
        assert {case.id for case in rows.cases if broken(name, case.arguments, operation)} == set()
        assert all(case.expect == "accept" and case.about is None for case in rows.cases)


@pytest.mark.parametrize(("name", "operation"), DOCUMENTED)
def test_no_body_is_paid_twice(name: str, operation: str) -> None:
    rows = bought(name, operation)
    base = plain_case(builder(name, operation)).arguments
    bodies = [canonical(one) for one in (base, *(case.arguments for case in rows.cases))]
    plain = [case for case in rows.cases if len(str(case.arguments["prompt"])) < 200]
    ids = {case.id for case in rows.cases}

    assert len(set(bodies)) == len(bodies)
    assert len(ids) == len(rows.cases)
    assert len({canonical(case.arguments["prompt"]) for case in plain}) == len(plain)


@pytest.mark.parametrize("operation", ["generate", "edit"])
def test_no_two_rows_wait_for_the_same_webhook(operation: str) -> None:
    hooks = [
        case.arguments["webhook_url"]
        for case in bought("apiframe", operation).cases
        if "webhook_url" in case.arguments
    ]

    assert len(hooks) > 5
    assert len({str(hook) for hook in hooks}) == len(hooks)


@pytest.mark.parametrize("purse", [LIMITED, EVERYTHING])
@pytest.mark.parametrize(("name", "operation"), DOCUMENTED)
def test_each_row_tries_what_no_other_request_does(
    name: str, operation: str, purse: RowBudget
) -> None:
    rows = bought(name, operation, purse=purse)
    known = values(name, operation)
    cells = [
        sorted(one for one in held.items() if one[1] in known[one[0]])
        for held in sent(name, operation, rows)
    ]
    tried_ = [{*combinations(one, 2)} for one in cells]
    times = Counter(chain.from_iterable(tried_))

    assert all(any(times[pair] == 1 for pair in some) for some in tried_[1:])


# ------------------------------------------------------------------------------------------ seed
def test_a_seed_buys_the_same_rows_in_any_process_and_another_seed_others() -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            env={"PYTHONHASHSEED": hashing, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for hashing in ("1", "2")
    ]
    operations = (("sub2api", "generate"), ("nanobanana", "edit"))
    here, others = (
        [
            canonical([case.arguments for case in bought(*one, seed=seed, purse=LIMITED).cases])
            for one in operations
        ]
        for seed in (3, 4)
    )
    written = [process.communicate()[0].splitlines() for process in started]

    assert written == [here, here]
    assert all(one != other for one, other in zip(here, others, strict=True))


# ----------------------------------------------------------------------------------------- worth
def teaches(name: str, operation: str, cases: tuple[Case, ...]) -> list[int]:
    """How many values and pairs each case tries that the base and those before it do not."""
    seen: set[object] = set()
    new = []
    known = values(name, operation)
    for case in (plain_case(builder(name, operation)), *cases):
        held = tried(name, operation, case.arguments)
        cells = {one for one in held.items() if one[1] in known[one[0]]}
        told = {*cells, *combinations(sorted(cells), 2)}
        new.append(len(told - seen))
        seen |= told
    return new[1:]


@pytest.mark.parametrize(("name", "operation"), DOCUMENTED)
def test_the_first_rows_teach_more_for_their_price_than_the_last(name: str, operation: str) -> None:
    rows = bought(name, operation)
    new = teaches(name, operation, rows.cases)
    prices = [cost(name, operation, case.arguments).amount for case in rows.cases]
    third = len(new) // 3

    assert all(new)
    assert sum(new[:third]) / sum(prices[:third]) > sum(new[-third:]) / sum(prices[-third:])


@pytest.mark.parametrize(("name", "operation"), DOCUMENTED)
def test_more_money_teaches_more_and_rows_teach_more_than_one_value_at_a_time(
    name: str, operation: str
) -> None:
    alone = sorted(
        (case for case in each_alone(name, operation) if case.expect == "accept"),
        key=lambda case: cost(name, operation, case.arguments).images,
    )
    before = 0
    for images in (5, 10, 20):
        rows = bought(name, operation, purse=RowBudget(images=images))
        learnt = sum(teaches(name, operation, rows.cases))
        singly = tuple(
            case
            for place, case in enumerate(alone)
            if sum(cost(name, operation, one.arguments).images for one in alone[: place + 1])
            <= images
        )

        assert learnt > before
        assert learnt > sum(teaches(name, operation, singly))
        before = learnt
