"""10,000 drawn cases per provider, against two checks that share nothing with the harness."""

import tomllib
from collections import Counter

import pytest

from harness.cases.build import Builder
from harness.cases.draw import accepted, drawn, refused, valid_arguments
from harness.cases.tokens import tokens
from harness.core.case import Case
from harness.emulator import validate
from harness.spec.dialect import request
from harness.spec.load import NAMES, parse, provider
from harness.spec.provider import Provider
from tests.cases.independent import broken
from tests.spec import small

SEEDS = range(5)
EACH = 1_000


@pytest.fixture(scope="module")
def cases() -> dict[str, tuple[Case, ...]]:
    """Drawn cases by provider: made once per worker and provider."""
    return {}


def ten_thousand(name: str, known: dict[str, tuple[Case, ...]]) -> tuple[Case, ...]:
    if name not in known:
        builder = Builder(provider(name), "generate")
        known[name] = tuple(
            case
            for seed in SEEDS
            for strategy in (accepted(builder), refused(builder))
            for case in drawn(strategy, count=EACH, seed_=seed)
        )
    return known[name]


def disagreement(case: Case) -> str | None:
    """What the emulator or the plain arithmetic says against a case; nothing where both agree."""
    one = provider(case.provider)
    body = request(one, one.operation("generate"), case.arguments).body
    served = validate(case.provider, "generate", body)
    found = broken(case.provider, case.arguments)
    if case.expect == "accept":
        return None if served is None and not found else f"{served} {found}"
    same = served is not None and served.partition(".")[0] == str(case.breaks).partition(".")[0]
    return None if same and found == {case.breaks} else f"{served} {found}"


@pytest.mark.parametrize("name", NAMES)
def test_ten_thousand_drawn_cases_agree_with_the_emulator_and_with_plain_arithmetic(
    name: str, cases: dict[str, tuple[Case, ...]]
) -> None:
    found = ten_thousand(name, cases)
    wrong = {case.id: told for case in found if (told := disagreement(case))}
    kinds = Counter(case.expect for case in found)
    varied = {case.id for case in found}
    judged = {
        item.id for item in provider(name).operation("generate").constraints if item.documented
    }

    assert wrong == {}
    assert len(found) == 10_000
    assert kinds == {"accept": 5_000, "refuse": 5_000}
    assert len(varied) > 5_000
    assert {case.breaks for case in found if case.breaks} == judged


def test_equal_seeds_draw_equal_cases_and_others_do_not() -> None:
    builder = Builder(provider("sub2api"), "generate")
    first, again, other = (drawn(refused(builder), count=20, seed_=seed) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def sixth(text: str = small.TOML) -> Provider:
    found = parse(tomllib.loads(text))
    assert isinstance(found, Provider), found
    return found


def test_a_sixth_provider_needs_no_code() -> None:
    builder = Builder(sixth(), "generate")
    arguments = [case.arguments for case in drawn(accepted(builder), count=300, seed_=0)]
    names = {name for given in arguments for name in given}
    breaks = {case.breaks for case in drawn(refused(builder), count=600, seed_=0)}

    assert names == set(builder.operation.arguments)
    assert breaks == {item.id for item in builder.operation.constraints}


def test_an_argument_is_drawn_though_its_partner_stands_later_in_the_document() -> None:
    start = small.TOML.index("[operations.generate.arguments.stream]")
    middle = small.TOML.index("[operations.generate.arguments.partial_images]")
    end = small.TOML.index("[operations.generate.arguments.webhook_url]")
    turned = (
        small.TOML[:start] + small.TOML[middle:end] + small.TOML[start:middle] + small.TOML[end:]
    )
    builder = Builder(sixth(turned), "generate")
    cases = drawn(accepted(builder), count=300, seed_=0)

    assert any("partial_images" in case.arguments for case in cases)


def test_a_default_counts_as_the_partner_that_it_is() -> None:
    text = small.TOML.replace(
        'never_with = { when = [true], argument = "n", above = 1, source = "page: Generate" }',
        'never_with = { when = [true], argument = "quality", values = ["low"], '
        'source = "page: Generate" }',
    )
    builder = Builder(sixth(text), "generate")
    found = drawn(accepted(builder), count=300, seed_=0)

    assert any(case.arguments.get("stream") is True for case in found)
    assert all(
        case.arguments.get("quality") == "high" for case in found if case.arguments.get("stream")
    )


def test_a_range_that_ends_at_zero_is_kept() -> None:
    builder = Builder(
        sixth(small.TOML.replace("min = 0, max = 3", "min = -2, max = 0")), "generate"
    )
    drawn_values = {
        case.arguments["partial_images"]
        for case in drawn(accepted(builder), count=300, seed_=0)
        if "partial_images" in case.arguments
    }

    assert drawn_values == {-2, -1, 0}


@pytest.mark.parametrize("name", NAMES)
def test_cheap_requests_ask_for_few_images_and_short_prompts(name: str) -> None:
    builder = Builder(provider(name), "generate")
    found = drawn(accepted(builder, cheap=True), count=200, seed_=0)

    for case in found:
        n, prompt = case.arguments.get("n", 1), case.arguments["prompt"]
        assert isinstance(n, int)
        assert n <= 3
        assert isinstance(prompt, str)
        assert len(prompt) < 200


def test_drawn_arguments_stand_on_boundaries_too() -> None:
    builder = Builder(provider("nanobanana"), "generate")
    arguments = valid_arguments(builder)
    assert arguments is not None
    found = {
        token
        for case in drawn(accepted(builder), count=500, seed_=0)
        for token in tokens(builder.operation, case.arguments)
    }

    assert {"prompt.max_length=2000", "size.format=auto", "quality.one_of=high"} <= found
