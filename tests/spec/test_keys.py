import pytest

from harness.spec.expressions import Expression
from harness.spec.keys import keys
from harness.spec.load import NAMES, shipped_provider


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("error.message", ("error.message",)),
        ("data[*].[b64_json || url][]", ("data.*.b64_json", "data.*.url")),
        ("output[?type=='image_generation_call'].result", ("output.*.result",)),
        ("output[*].quality | [0]", ("output.*.quality",)),
        ("usage.details.[text, image]", ("usage.details.text", "usage.details.image")),
        (
            "[result, (result.images[*].[url || @][])][] | [?type(@)=='string']",
            ("result", "result.images.*.url", "result.images.*"),
        ),
    ],
)
def test_an_expression_of_names_and_lists_is_keys(text: str, places: tuple[str, ...]) -> None:
    assert keys((Expression(text),)) == places


@pytest.mark.parametrize("text", ["details && 'details'", "keys(details)[0]", "type(@) == 'x'"])
def test_an_expression_that_computes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="more than keys"):
        keys((Expression(text),))


@pytest.mark.parametrize("name", NAMES)
def test_the_images_jobs_and_uploads_of_every_provider_are_found_by_keys(name: str) -> None:
    for operation in shipped_provider(name).operations.values():
        paths = [operation.reply.images]
        paths += [operation.job.id, operation.job.state] if operation.job else []
        paths += [operation.upload.url] if operation.upload else []

        assert all(keys(path) for path in paths)
