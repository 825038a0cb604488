import re
import tomllib
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import Mistake, SpecError, UsageError
from harness.spec.catalogue import entry_of_text
from harness.spec.load import load_provider_file, parse_provider
from harness.spec.provider import Provider
from tests.shipped import FOLDER, NAMES, SHIPPED, shipped_provider
from tests.spec import small

TEXTS = {name: (FOLDER / f"{name}.toml").read_text(encoding="utf-8") for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_toml_loads_under_its_own_name(name: str) -> None:
    assert shipped_provider(name).name == name


def test_the_small_toml_loads(tmp_path: Path) -> None:
    assert load_provider_file(small.written(tmp_path)) == small.provider()


BROKEN = {
    "an unknown key": (
        'title = "Small"',
        'title = "Small"\ncolour = 1',
        "colour: unknown key",
    ),
    "an unknown key in a rule": (
        "characters = 100,",
        "characters = 100, words = 3,",
        "operations.generate.arguments.prompt.max_length.words: unknown key",
    ),
    "a missing key": ('unit = "credit"\n', "", "prices.unit: missing"),
    "a number without a source": (
        "characters = 100, source",
        "characters = 100, note",
        "operations.generate.arguments.prompt.max_length.source: missing",
    ),
    "a wait without a source": (
        'large_s = 120\nsource = "page: Start"',
        "large_s = 120",
        "timeouts.source: missing",
    ),
    "a source in an unknown document": (
        'characters = 100, source = "page:',
        'characters = 100, source = "leaflet:',
        (
            "operations.generate.arguments.prompt.max_length.source: 'leaflet' is not among the "
            "documents of this file; allowed: page"
        ),
    ),
    "a source without a section": (
        'characters = 100, source = "page: Generate',
        'characters = 100, source = "page',
        (
            "operations.generate.arguments.prompt.max_length.source: 'page' names no section; "
            "write 'document: section'"
        ),
    ),
    "an expression that is no JMESPath": (
        '"error.code"',
        '"error..code"',
        "errors.code.0: 'error..code' is no JMESPath expression",
    ),
    "an expression with a misspelt function": (
        '"error.code"',
        '"lenght(error)"',
        (
            "errors.code.0: 'lenght(error)' calls lenght, which JMESPath does not have; "
            "did you mean 'length'?"
        ),
    ),
    "a pattern that is no regular expression": (
        'code = "bad"',
        'code = "bad("',
        "errors.classes.0.code: 'bad(' is no regular expression",
    ),
    "a number written as a text": (
        "characters = 100",
        'characters = "100"',
        (
            "operations.generate.arguments.prompt.max_length.characters: write a whole number, not "
            'the text "100"; write 100'
        ),
    ),
    "a negative amount": ("amount = 9", "amount = -9", "prices.rows.2.amount: "),
    "an amount as a text": (
        "amount = 9",
        'amount = "9"',
        'prices.rows.2.amount: write an amount as a number, not "9"',
    ),
    "an endless wait": ("normal_s = 60", "normal_s = inf", "timeouts.normal_s: "),
    "an unknown status": (
        'status = "documented"',
        'status = "certain"',
        (
            'prices.status: "certain" is none of its values; '
            "allowed: documented, undocumented, contradictory"
        ),
    ),
    "an unknown rule": (
        'integer = { source = "page: Generate" }\nrange',
        'whole = { source = "page: Generate" }\nrange',
        "operations.generate.arguments.n.whole: unknown key",
    ),
    "a parameter that is misspelt": (
        "[operations.generate.arguments.quality]",
        "[operations.generate.arguments.qualty]",
        "operations.generate.arguments.qualty: unknown parameter (if the name is the provider's",
    ),
    "a parameter that ids have another meaning for": (
        "[operations.generate.arguments.quality]",
        "[operations.generate.arguments.body]",
        "operations.generate.arguments.body: 'body' has a meaning of its own in ids",
    ),
    "a name of an operation that is none": (
        "[operations.edit]",
        "[operations.Up-scale]",
        'operations.Up-scale: "Up-scale" does not fit the pattern ^[a-z][a-z0-9_]*$; write "up_sc',
    ),
    "an operation of an unknown kind": (
        'title = "Edit"',
        'title = "Edit"\nkind = "upscale"',
        'operations.edit.kind: "upscale" is none of its values; allowed: generate, edit, respond',
    ),
    "a range upside down": (
        "min = 1, max = 4",
        "min = 5, max = 4",
        "operations.generate.arguments.n.range: min 5 is above max 4",
    ),
    "a range without ends": (
        "min = 1, max = 4, ",
        "",
        "operations.generate.arguments.n.range: give min, max or both",
    ),
    "a count upside down": (
        "min = 1, max = 2",
        "min = 3, max = 2",
        "operations.edit.arguments.images.count: min 3 is above max 2",
    ),
    "a price example that the rows do not give": (
        "amount = 6,",
        "amount = 7,",
        "prices.examples.0: the document says 7, the rows come to 6",
    ),
}


@pytest.mark.parametrize(("right", "wrong", "told"), BROKEN.values(), ids=BROKEN)
def test_a_mistake_is_told_with_file_key_and_reason(
    tmp_path: Path, right: str, wrong: str, told: str
) -> None:
    assert small.TOML.count(right) >= 1
    path = small.written(tmp_path, small.TOML.replace(right, wrong, 1))

    with pytest.raises(SpecError) as caught:
        load_provider_file(path)

    first = small.TOML[: small.TOML.index(right)].count("\n") + 1
    found = [mistake for mistake in caught.value.mistakes if str(mistake).startswith(told)]
    assert found, caught.value.message
    assert found[0].line in range(first, first + wrong.count("\n") + 1) or "missing" in told
    assert f"small.toml:{found[0].line}: {told}" in caught.value.message


def test_all_mistakes_are_told_at_once_one_a_line(tmp_path: Path) -> None:
    text = small.TOML
    # Not together: the examples can only be worked where everything else is right.
    apart = ("a name of an operation that is none", "a price example that the rows do not give",
             "a parameter that is misspelt", "a range without ends", "an unknown key in a rule",
             "a number without a source", "a source in an unknown document",
             "a source without a section", "an expression with a misspelt function",
             "a negative amount")  # fmt: skip
    together = {name: broken for name, broken in BROKEN.items() if name not in apart}
    for right, wrong, _ in together.values():
        assert text.count(right) >= 1, right
        text = text.replace(right, wrong, 1)

    with pytest.raises(SpecError) as caught:
        load_provider_file(small.written(tmp_path, text))

    lines = caught.value.message.splitlines()
    assert lines[0] == f"small.toml has {len(caught.value.mistakes)} mistakes:"
    assert len(lines) == 1 + len(caught.value.mistakes)
    for _, _, told in together.values():
        pattern = rf"  small\.toml:\d+: {re.escape(told)}"
        assert sum(re.match(pattern, line) is not None for line in lines) == 1, told


def test_a_text_that_is_no_toml_is_one_mistake(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="not valid TOML") as caught:
        load_provider_file(small.written(tmp_path, "name = "))

    assert len(caught.value.mistakes) == 1


def test_bytes_that_are_no_text_are_one_mistake(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_bytes(b"name = \xff\xfe")

    with pytest.raises(SpecError, match=r"small\.toml:1: name: byte 0xff is no UTF-8"):
        load_provider_file(path)


def test_a_text_nested_too_deep_is_one_mistake(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="not valid TOML"):
        load_provider_file(small.written(tmp_path, "name = " + "[" * 100_000))


def test_an_empty_file_misses_everything_and_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        load_provider_file(small.written(tmp_path, ""))

    assert len(caught.value.mistakes) == 8
    assert {mistake.reason for mistake in caught.value.mistakes} == {"missing"}


def test_a_missing_file_is_told_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml: No such file") as caught:
        load_provider_file(tmp_path / "none.toml")

    assert not isinstance(caught.value, SpecError)


def test_an_unknown_provider_is_told_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"unknown provider 'dalle'.*nanobanana"):
        shipped_provider("dalle")


def test_a_spec_digest_follows_the_content_and_not_the_layout() -> None:
    buble, length = TEXTS["buble"], "characters = 20000"
    assert length in buble
    texts = [f"{buble}\n# a remark\n", buble.replace(length, "characters = 20001")]
    same, other = (digest_of(text) for text in texts)

    assert same == SHIPPED.entry("buble").digest
    assert other != same


def test_a_spec_digest_does_not_follow_what_is_quoted() -> None:
    buble, quote = TEXTS["buble"], "Prompt max 20000 chars"
    assert buble.count(quote) > 1
    unquoted = re.sub(r", quote = '[^']*'|, quote = \"[^\"]*\"", "", buble)
    assert len(unquoted) < len(buble)
    texts = [buble.replace(quote, "Prompts have no end"), unquoted]

    assert {digest_of(text) for text in texts} == {SHIPPED.entry("buble").digest}


def digest_of(text: str) -> str:
    return entry_of_text(text, "buble.toml", kind="file", origin="buble.toml").digest


# ------------------------------------------------------------------------------------ mutations
Place = tuple[str | int, ...]
Change = Callable[[Any], None]


def places(value: object, at: Place = ()) -> Iterator[Place]:
    """Name every key and every index in parsed TOML."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield (*at, key)
        yield from places(inner, (*at, key))


RAW = {name: tomllib.loads(text) for name, text in TEXTS.items()}
PLACES = {name: tuple(places(raw)) for name, raw in RAW.items()}

VALUES = st.one_of(
    st.sampled_from(
        [
            "", "seed: Pricing", "nowhere: Pricing", "seed:", "generate", "edit", "length(", "(",
            "n", "size", "job", "reply", "documented", "{id}", 0, 1, -1, 10**30, 1.5, True, False,
            [], {}, float("nan"), float("inf"), date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC),
            ["generate"], [[]], [{}], {"": ""}, {"source": 3}, {"extends": "edit"}, ["a", 1, True],
        ]
    ),
    st.text(max_size=6),
    st.integers(),
    st.lists(st.integers() | st.text(max_size=3), max_size=3),
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a shipped TOML with one to four of its keys removed, replaced or swapped."""
    name = draw(st.sampled_from(NAMES))
    raw = deepcopy(RAW[name])
    for _ in range(draw(st.integers(1, 4))):
        _mutate(draw, raw, draw(st.sampled_from(PLACES[name])), name)
    return raw


def _mutate(draw: st.DrawFn, raw: Any, place: Place, name: str) -> None:  # noqa: ANN401
    holder = raw
    for key in place[:-1]:
        try:
            holder = holder[key]
        except (KeyError, IndexError, TypeError):
            return  # an earlier change took it away
    last = place[-1]
    try:
        match draw(st.sampled_from(("delete", "replace", "borrow"))):
            case "delete":
                del holder[last]
            case "replace":
                holder[last] = draw(VALUES)
            case _:
                other: Any = RAW[name]
                for key in draw(st.sampled_from(PLACES[name])):
                    other = other[key]
                holder[last] = deepcopy(other)
    except (KeyError, IndexError, TypeError):
        return


# A file that fails is long to print: the warning of that would stand in the place of the failure.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@settings(max_examples=400, deadline=None)
@given(mutated())
def test_a_mutated_toml_loads_or_tells_its_mistakes(raw: dict[str, Any]) -> None:
    before = deepcopy(raw)
    found = parse_provider(raw)

    assert repr(raw) == repr(before)
    if not isinstance(found, Provider):
        assert found
        assert all("\n" not in str(mistake) and mistake.reason for mistake in found), found


def mistakes(path: Path) -> tuple[Mistake, ...]:
    """What loading a file tells; nothing where it loads. Any other exception ends the test."""
    try:
        load_provider_file(path)
    except SpecError as error:
        return error.mistakes
    return ()


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(NAMES),
    st.integers(0, 10_000),
    st.sampled_from(("", '"', "[", "=", "{", "\n", "\x00", "é", "source = 1", "]]", "inf")),
    st.integers(0, 40),
)
def test_a_damaged_file_loads_or_tells_its_mistakes(
    tmp_path_factory: pytest.TempPathFactory, name: str, at: int, put: str, cut: int
) -> None:
    text = TEXTS[name]
    at %= len(text)
    path = tmp_path_factory.getbasetemp() / f"{name}.toml"
    path.write_text(text[:at] + put + text[at + cut :], encoding="utf-8")
    told = mistakes(path)

    lines = path.read_text(encoding="utf-8").count("\n") + 1

    assert all("\n" not in str(mistake) for mistake in told)
    assert all(mistake.line is not None and 1 <= mistake.line <= lines for mistake in told)
    assert told or load_provider_file(path).operations
