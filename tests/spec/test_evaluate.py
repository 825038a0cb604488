import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.core.jsonvalue import Json
from harness.spec.evaluate import broken, evaluate, of_type
from harness.spec.expressions import Source
from harness.spec.load import parse_provider
from harness.spec.provider import Operation, Provider
from harness.spec.rules.files import MaxBytes
from tests.shipped import shipped_provider
from tests.spec import small
from tests.spec.small import picture

CITED = Source(document="page.txt", section="Rules")
BASE: dict[str, Json] = {"prompt": "x"}
EDIT: dict[str, Json] = {"prompt": "x", "images": [picture()]}


def said(constraint_id: str, operation: str = "generate", /, **arguments: Json) -> str:
    """What one rule of the small provider says of a request."""
    described = small.operation(operation)
    constraint = described.constraint(constraint_id)
    assert constraint is not None
    return evaluate(constraint, described, {**(EDIT if operation == "edit" else BASE), **arguments})


def breaks(operation: str = "generate", /, **arguments: Json) -> list[str]:
    """Every rule of the small provider that a request breaks."""
    base = EDIT if operation == "edit" else BASE
    found, _ = broken(small.operation(operation), {**base, **arguments})
    return [item.id for item in found]


@pytest.mark.parametrize("operation", ["generate", "edit"])
def test_a_plain_request_breaks_nothing(operation: str) -> None:
    assert breaks(operation) == []


def test_a_missing_required_argument_breaks_required_alone() -> None:
    found, unsaid = broken(small.operation(), {})

    assert [item.id for item in found] == ["prompt.required"]
    assert unsaid == ()


def test_an_argument_to_be_left_out_breaks_absent_alone() -> None:
    assert breaks("edit", input_fidelity="high") == ["input_fidelity.absent"]
    assert breaks("edit", input_fidelity=7) == ["input_fidelity.absent"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"prompt": "x" * 100}, []),
        ({"prompt": "x" * 101}, ["prompt.max_length"]),
        ({"prompt": "\u00e9" * 100}, []),
        ({"prompt": "\U0001f30a" * 100}, []),
        ({"prompt": "\U0001f30a" * 101}, ["prompt.max_length"]),
        ({"prompt": 123}, ["prompt.format"]),
        ({"prompt": ["x"]}, ["prompt.format"]),
        ({"n": 1}, []),
        ({"n": 4}, []),
        ({"n": 0}, ["n.range"]),
        ({"n": 5}, ["n.range"]),
        ({"n": -(10**30)}, ["n.range"]),
        ({"n": 1.5}, ["n.integer"]),
        ({"n": 1.0}, []),  # JSON calls it an integer, too: left open
        ({"n": None}, []),  # may mean that it is left out
        ({"n": "2"}, ["n.integer"]),
        ({"n": True}, ["n.integer"]),
        ({"quality": "low"}, []),
        ({"quality": "Low"}, ["quality.one_of"]),
        ({"quality": 1}, ["quality.one_of"]),
        ({"quality": {}}, ["quality.one_of"]),
        ({"stream": True}, []),
        ({"stream": 1}, ["stream.one_of"]),
        ({"stream": "true"}, ["stream.one_of"]),
        ({"webhook_url": "https://a.test"}, []),
        ({"webhook_url": "ftp://a.test"}, ["webhook_url.format"]),
        ({"webhook_url": 5}, ["webhook_url.format"]),
        ({"size": "auto"}, []),
        ({"size": "1024x1024"}, []),
        ({"size": "1024X1024"}, ["size.format"]),
        ({"size": "1024x"}, ["size.format"]),
        ({"size": "0x1024"}, ["size.format"]),
        ({"size": " 1024x1024"}, ["size.format"]),
        ({"size": "1024x1024\n"}, ["size.format"]),
        ({"size": "\uff11024x1024"}, ["size.format"]),
        ({"size": 1024}, ["size.format"]),
        ({"size": "1025x1024"}, ["size.multiple_of"]),
        ({"size": "4112x2064"}, ["size.max_edge"]),
        ({"size": "1024x496"}, ["size.max_ratio"]),
        ({"size": "1024x512"}, []),
        ({"size": "240x256"}, ["size.min_pixels"]),
        ({"size": "256x256"}, []),
        ({"size": "3072x3072"}, []),
        ({"size": "3088x3072"}, ["size.max_pixels"]),
    ],
)  # fmt: skip
def test_a_request_breaks_the_rules_it_should(
    arguments: dict[str, Json], expected: list[str]
) -> None:
    assert breaks(**arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"images": []}, ["images.count"]),
        ({"images": [picture()] * 2}, []),
        ({"images": [picture()] * 3}, ["images.count"]),
        ({"images": "https://a.test/1.png"}, ["images.count"]),
        ({"images": [7]}, ["images.count"]),
        ({"images": ["https://a.test/1.png"]}, []),
        ({"images": [picture(bytes=1000)]}, []),
        ({"images": [picture(bytes=1001)]}, ["images.max_bytes"]),
        ({"images": [picture(), picture(bytes=1001)]}, ["images.max_bytes"]),
        ({"images": [picture(media_type="image/gif")]}, ["images.media_type"]),
        ({"mask": picture()}, []),
        ({"mask": picture(bytes=999)}, []),
        ({"mask": picture(bytes=1000)}, ["mask.max_bytes"]),
        ({"mask": picture(alpha=False)}, ["mask.alpha"]),
        ({"mask": picture(alpha=True)}, []),
        ({"mask": picture(width=65)}, ["mask.same_size"]),
        ({"mask": picture(media_type="image/webp")}, ["mask.same_format"]),
        ({"mask": picture(width=65), "images": [picture(width=65)]}, []),
    ],
)
def test_an_edit_breaks_the_rules_it_should(
    arguments: dict[str, Json], expected: list[str]
) -> None:
    assert breaks("edit", **arguments) == expected


def limited(*, under: bool = False, or_bytes: int | None = 1_100) -> Operation:
    """The small provider's edit, its references limited to 1,000 bytes."""
    raw = small.tables()
    images = raw["operations"]["edit"]["arguments"]["images"]
    images["max_bytes"] = {"bytes": 1000, "under": under, "source": "page: Edit"}
    if or_bytes is not None:
        images["max_bytes"]["or_bytes"] = or_bytes
    found = parse_provider(raw)
    assert isinstance(found, Provider), found
    return found.operation("edit")


def said_of(described: Operation, *sizes: Json) -> str:
    """What the limit says of files of these sizes."""
    rule = described.constraint("images.max_bytes")
    assert rule is not None
    return evaluate(rule, described, {"images": [picture(bytes=size) for size in sizes]})


@pytest.mark.parametrize(
    ("size", "up_to", "under"),
    [
        (0, "satisfied", "satisfied"),
        (998, "satisfied", "satisfied"),
        (999, "satisfied", "satisfied"),
        (1000, "satisfied", "unspecified"),
        (1001, "unspecified", "unspecified"),
        (1099, "unspecified", "unspecified"),
        (1100, "unspecified", "violated"),
        (1101, "violated", "violated"),
        (10**12, "violated", "violated"),
    ],
)
def test_between_two_readings_of_a_limit_nothing_is_said(size: int, up_to: str, under: str) -> None:
    assert said_of(limited(), size) == up_to
    assert said_of(limited(under=True), size) == under


@pytest.mark.parametrize(
    ("size", "up_to", "under"),
    [
        (999, "satisfied", "satisfied"),
        (1000, "satisfied", "violated"),
        (1001, "violated", "violated"),
    ],
)
def test_a_limit_of_one_reading_leaves_nothing_open(size: int, up_to: str, under: str) -> None:
    assert said_of(limited(or_bytes=None), size) == up_to
    assert said_of(limited(or_bytes=None, under=True), size) == under


@given(st.integers(1, 10**9), st.integers(1, 10**6), st.sampled_from((True, False)))
def test_a_limit_is_exact_at_each_of_its_ends(
    first: int,
    more: int,
    under: bool,  # noqa: FBT001 - drawn
) -> None:
    rule = MaxBytes(bytes=first, or_bytes=first + more, under=under, source=CITED)

    def allowed(size: int, limit: int) -> bool:
        return size < limit or (size == limit and not under)

    for limit in (first, first + more):
        for size in (limit - 1, limit, limit + 1):
            assert (size <= rule.most) is allowed(size, first)
            assert (size < rule.least_too_big) is allowed(size, first + more)


@pytest.mark.parametrize("or_bytes", [1, 999, 1000])
def test_the_larger_reading_of_a_limit_is_larger(or_bytes: int) -> None:
    with pytest.raises(ValidationError, match=f"or_bytes {or_bytes} is not above bytes 1000"):
        MaxBytes(bytes=1000, or_bytes=or_bytes, source=CITED)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((999, 1050), "unspecified"),
        ((1050, 1101), "violated"),
        ((1101, 1050), "violated"),
        ((None, 1000), "satisfied"),
        ((None, 1101), "violated"),
        (("1101", 1.5, True), "satisfied"),
        ((), "satisfied"),
    ],
)
def test_the_heaviest_file_that_is_known_decides(sizes: tuple[Json, ...], expected: str) -> None:
    assert said_of(limited(), *sizes) == expected


def test_a_request_between_two_readings_breaks_nothing_and_leaves_a_rule_unsaid() -> None:
    breaks_, unsaid = broken(limited(), {"prompt": "x", "images": [picture(bytes=1050)]})

    assert breaks_ == ()
    assert [item.id for item in unsaid] == ["images.max_bytes"]


def test_a_file_that_is_an_address_tells_nothing_of_itself() -> None:
    assert said("mask.same_size", "edit", mask="https://a.test/m.png") == "unspecified"
    assert said("mask.same_size", "edit", mask=picture(width=None)) == "unspecified"
    assert (
        said("mask.same_format", "edit", mask=picture(), images=["https://a.test"]) == "unspecified"
    )
    assert said("mask.max_bytes", "edit", mask="https://a.test/m.png") == "satisfied"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"partial_images": 2, "stream": True}, "satisfied"),
        ({"partial_images": 2, "stream": False}, "violated"),
        ({"partial_images": 2}, "unspecified"),
        ({"partial_images": 2, "stream": 1}, "violated"),
        ({"stream": True}, "satisfied"),
    ],
)
def test_only_with_needs_its_partner_and_says_nothing_where_no_default_is_named(
    arguments: dict[str, Json], expected: str
) -> None:
    assert said("partial_images.only_with", **arguments) == expected


def test_only_with_takes_a_documented_default_for_an_omitted_partner() -> None:
    sub2api = shipped_provider("sub2api").operation("generate")
    rule = sub2api.constraint("partial_images.only_with")

    assert rule is not None
    assert evaluate(rule, sub2api, {"prompt": "x", "partial_images": 1}) == "violated"


def test_only_with_says_nothing_of_a_value_that_changes_nothing() -> None:
    aimlapi = shipped_provider("aimlapi").operation("generate")
    rule = aimlapi.constraint("output_compression.only_with")
    alone: dict[str, Json] = {"output_format": "png", "output_compression": 100}

    assert rule is not None
    assert evaluate(rule, aimlapi, alone) == "unspecified"
    assert evaluate(rule, aimlapi, {**alone, "output_compression": 99}) == "violated"
    assert evaluate(rule, aimlapi, {**alone, "output_format": "webp"}) == "satisfied"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"stream": True, "n": 2}, "violated"),
        ({"stream": True, "n": 1}, "satisfied"),
        ({"stream": True}, "satisfied"),
        ({"stream": False, "n": 2}, "satisfied"),
        ({"stream": True, "n": "2"}, "satisfied"),
    ],
)
def test_never_with_looks_at_the_values_named(arguments: dict[str, Json], expected: str) -> None:
    assert said("stream.never_with", **arguments) == expected


def test_url_only_refuses_data_and_base64() -> None:
    edit = shipped_provider("nanobanana").operation("edit")
    base: dict[str, Json] = {"model": "gpt-image-2", "prompt": "x"}

    def found(*images: Json) -> list[str]:
        return [item.id for item in broken(edit, {**base, "images": list(images)})[0]]

    assert found("https://a.test/1.png") == []
    assert found("data:image/png;base64,AAAA") == ["images.url_only"]
    assert found("iVBORw0KGgo=") == ["images.url_only"]
    assert found("https://a.test/1.png", "data:image/png;base64,AA") == ["images.url_only"]
    assert found(picture()) == ["images.url_only"]
    assert found(*["https://a.test/1.png"] * 14) == []
    assert found(*["https://a.test/1.png"] * 15) == ["images.count"]


@pytest.mark.parametrize("value", [123, {"value": "x"}, ["x"], True, 1.5])
def test_a_value_of_a_wrong_type_breaks_one_rule_only(value: Json) -> None:
    for name in ("size", "quality", "prompt", "webhook_url"):
        assert len(breaks(**{name: value})) == 1, name


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [("n", 3, True), ("n", True, False), ("stream", True, True), ("stream", 1, False)],
)
def test_types_are_those_of_json(name: str, value: Json, fits: bool) -> None:  # noqa: FBT001
    assert of_type(small.operation().arguments[name], value) is fits
