import pytest

from tests.shipped import shipped_provider
from tests.spec import small


@pytest.mark.parametrize(
    ("operation", "constraint_id", "phrase"),
    [
        ("generate", "prompt.required", "prompt is required"),
        ("generate", "prompt.format", "prompt is a string"),
        ("generate", "prompt.max_length", "prompt has at most 100 characters"),
        ("generate", "n.integer", "n is a whole number"),
        ("generate", "n.range", "n is between 1 and 4"),
        ("generate", "size.format", "size is auto or WIDTHxHEIGHT"),
        ("generate", "size.multiple_of", "size has edges that are multiples of 16 px"),
        ("generate", "size.max_ratio", "size has a ratio of at most 2:1"),
        ("generate", "size.min_pixels", "size has at least 65,536 pixels"),
        ("generate", "stream.one_of", "stream is one of true, false"),
        ("generate", "stream.never_with", "stream excludes n above 1"),
        ("generate", "partial_images.only_with", "partial_images counts only where stream is true"),
        ("generate", "webhook_url.format", "webhook_url is a URL"),
        ("edit", "images.count", "images has 1 to 2 entries"),
        ("edit", "images.max_bytes", "images has at most 1,000 bytes"),
        ("edit", "mask.max_bytes", "mask has fewer than 1,000 bytes"),
        ("edit", "mask.alpha", "mask has an alpha channel"),
        ("edit", "mask.same_size", "mask has the dimensions of images"),
        ("edit", "input_fidelity.absent", "input_fidelity must be left out"),
    ],
)
def test_a_constraint_is_described_in_words(
    operation: str, constraint_id: str, phrase: str
) -> None:
    constraint = small.operation(operation).constraint(constraint_id)

    assert constraint is not None
    assert constraint.describe() == phrase


@pytest.mark.parametrize(
    ("name", "constraint_id", "phrase"),
    [
        ("buble", "images.max_bytes", "images has at most 10,000,000 (or 10,485,760) bytes"),
        ("sub2api", "mask.max_bytes", "mask has fewer than 50,000,000 (or 52,428,800) bytes"),
        ("sub2api", "mask.same_format", "mask has the format of images"),
        ("nanobanana", "images.url_only", "images are public URLs only"),
        ("aimlapi", "mask.media_type", "mask is of type image/png"),
    ],
)
def test_a_rule_about_references_is_described_in_words(
    name: str, constraint_id: str, phrase: str
) -> None:
    constraint = shipped_provider(name).operation("edit").constraint(constraint_id)

    assert constraint is not None
    assert constraint.describe() == phrase


def test_a_range_of_one_value_is_described_as_that_value() -> None:
    constraint = shipped_provider("nanobanana").operation("generate").constraint("n.range")

    assert constraint is not None
    assert constraint.describe() == "n is 1"
