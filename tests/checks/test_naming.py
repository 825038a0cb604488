import pytest

from harness.checks.naming import blames, mentions, names_of, same_name
from harness.core.outcome import ErrorReply
from tests.shipped import shipped_provider as shipped


def error(parameter: str | None) -> ErrorReply:
    return ErrorReply(
        error_class="validation",
        status=400,
        code=None,
        message="",
        parameter=parameter,
        recognised=True,
    )


@pytest.mark.parametrize(
    "blamed",
    [
        "gptImage2Params.number_of_images",
        "number_of_images",
        "numberOfImages",
        "body.gptImage2Params.number_of_images",
        "/gptImage2Params/number_of_images",
        "gptImage2Params",
        "n",
    ],
)
def test_apiframes_spellings_of_the_number_of_images_are_one(blamed: str) -> None:
    names = names_of("n.range", shipped("apiframe").operation("generate"))

    assert same_name(blamed, names)


@pytest.mark.parametrize("blamed", ["gptImage2Params.quality", "model", "prompt", ""])
def test_another_parameter_is_not_taken_for_the_number_of_images(blamed: str) -> None:
    names = names_of("n.range", shipped("apiframe").operation("generate"))

    assert not same_name(blamed, names)


@pytest.mark.parametrize("blamed", ["images[0].image_url", "image[]", "image[1]", "images"])
def test_openais_names_of_images_are_one(blamed: str) -> None:
    names = names_of("images.count", shipped("sub2api").operation("edit"))

    assert same_name(blamed, names)


def test_a_rule_about_two_parameters_may_blame_either() -> None:
    names = names_of("output_compression.only_with", shipped("sub2api").operation("generate"))

    assert same_name("output_compression", names)
    assert same_name("output_format", names)
    assert not same_name("quality", names)


@pytest.mark.parametrize(
    "message",
    [
        "Invalid size '9x9'. Width and height must both be divisible by 16.",
        "Width and height must both be divisible by 16.",
        "Requested resolution exceeds the current pixel budget.",
    ],
)
def test_a_message_about_the_size_says_so_in_words(message: str) -> None:
    assert mentions(message, ("size",))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("n must be greater than 0", True),
        ("Invalid 'n': integer above maximum value.", True),
        ("The number of images is at most 10", True),
        ("invalid request", False),
        ("not in range", False),
    ],
)
def test_a_name_of_one_letter_counts_as_a_word_only(message: str, *, expected: bool) -> None:
    assert mentions(message, ("n",)) is expected


def test_an_error_blames_the_token_of_its_own_parameter_only() -> None:
    operation = shipped("apiframe").operation("generate")

    assert blames(error("gptImage2Params.quality"), "quality.one_of=low", operation)
    assert not blames(error("gptImage2Params.quality"), "n.range=10", operation)
    assert not blames(error("gptImage2Params"), "n.range=10", operation)
    assert not blames(error(None), "n.range=10", operation)
    assert not blames(error("n"), "unheard.of", operation)
