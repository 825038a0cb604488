"""Words of a size whose pixels the documents give: images are held to them, and priced by them."""

from decimal import Decimal

import pytest

from harness.checks.judge import judge_records
from harness.core.jsonvalue import Json
from harness.core.record import Provenance, Record
from harness.spec.price import price_of
from harness.spec.provider import Provider
from tests.spec.test_validate_wire import changed
from tests.wires import shapes
from tests.wires.serving import PNG, Answer, Asked, planned, served, talk

SIZE = """
[operations.generate.arguments.size]
wire = "image_size"
type = "string"
default = "square"
source = "page: Edits"
{rule}
word_sizes = {{ square = "{square}", wide = "32x16" }}
"""
WORDS = 'words = ["square", "wide", "auto"], source = "page: Edits"'
FORMAT = f'format = {{ shape = "size", {WORDS} }}'
LISTED = f"one_of = {{ {WORDS.replace('words', 'values')} }}"


def provider(*, rule: str = FORMAT, square: str = "256x256") -> Provider:
    return shapes.provider("edits", shapes.EDITS, more=SIZE.format(rule=rule, square=square))


def judged(known: Provider, size: Json) -> list[tuple[str, str]]:
    """What is said of the dimensions of the small image that a server answers with."""

    def answers(asked: Asked, url: str) -> Answer:
        image: Json = {"data": [{"url": f"{url}/1.png"}]}
        return (200, PNG) if asked.method == "GET" else (200, image)

    said: dict[str, Json] = {} if size is None else {"size": size}
    asked: dict[str, Json] = {"prompt": "a fox", **said}
    shot = planned(known, asked)
    with served(answers) as api:
        talked = talk(known, shot, api.url)
    record = Record(
        shot=shot,
        evidence=Provenance(kind="live", source=api.url, date="2026-12-01", by="test"),
        outcome=talked.outcome,
        exchanges=tuple(talked.exchanges),
    )
    verdicts = judge_records([record], {known.name: known})
    return [
        (one.status, one.why) for one in verdicts if one.check == "images_have_the_asked_dimensions"
    ]


@pytest.mark.parametrize("rule", [FORMAT, LISTED])
@pytest.mark.parametrize("size", ["square", None])
def test_a_word_is_held_to_its_pixels(rule: str, size: Json) -> None:
    (right,) = judged(provider(rule=rule), size)
    (wrong,) = judged(provider(rule=rule, square="1024x1024"), size)

    assert right == ("pass", "dimensions 256x256")
    assert wrong == ("fail", "dimensions 1024x1024 wanted, decoded 256x256")


def test_a_word_without_pixels_is_not_judged() -> None:
    assert judged(provider(), "auto") == []


def test_a_word_is_priced_by_its_pixels() -> None:
    head = shapes.HEAD.replace("amount = 0.04", 'amount = 2, per = "megapixel"').replace(
        'unit = "usd"', 'unit = "usd"\nat_most = [{{ amount = 20 }}]'
    )
    text = head.format(name="edits", auth=shapes.HEADER) + shapes.EDITS
    known = shapes.read(text + SIZE.format(rule=FORMAT, square="1000x500"))

    price = price_of(known, known.operation("generate"), {"prompt": "a fox", "size": "square"})

    assert (price.amount, price.at_most) == (Decimal(1), False)


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        (
            'size]\nword_sizes = { squares = "256x256" }',
            "size.word_sizes.squares: 'squares' is no word of this size: auto",
        ),
        (
            'size]\nword_sizes = { auto = "16 by 16" }',
            'size.word_sizes.auto: "16 by 16" does not fit the pattern',
        ),
        (
            'quality]\nword_sizes = { low = "256x256" }',
            "quality.word_sizes: only the argument `size` has pixels",
        ),
    ],
)
def test_pixels_of_what_is_no_word_of_a_size_are_a_mistake(argument: str, said: str) -> None:
    found = changed(f"[operations.generate.arguments.{argument}")

    assert isinstance(found, tuple)
    assert [one for one in found if said in one], found
