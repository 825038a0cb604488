"""Tests of the client against a twin of the provider, and against a cassette."""

import io

import httpx
import pytest
import vcr
from images_client import CarelessClient, ImagesClient, JobFailedError
from PIL import Image

LOST_ONCE = {"faults": ["unanswered@0.5:quality=high"], "seed": 3}
"""Half of the replies to quality=high are lost; with this seed the first is, the second is not."""


@pytest.fixture
def client(image_provider):
    return ImagesClient(image_provider.url, image_provider.key)


@pytest.mark.image_provider("apiframe")
def test_an_image_comes_as_it_was_asked_for(client, image_provider):
    (raw,) = client.generate("a cat", quality="low", output_format="png")
    (submitted,) = image_provider.ledger.submissions

    assert Image.open(io.BytesIO(raw)).format == "PNG"
    assert submitted.json["gptImage2Params"] == {"quality": "low", "output_format": "png"}
    assert image_provider.ledger.images == 1


@pytest.mark.image_provider("apiframe", **LOST_ONCE)
def test_a_lost_reply_is_paid_once(client, image_provider):
    client.generate("a cat", quality="high")

    assert len(image_provider.ledger.submissions) == 2
    assert image_provider.ledger.paid_twice == ()


@pytest.mark.image_provider("apiframe", **LOST_ONCE)
def test_a_client_that_submits_twice_pays_twice(image_provider):
    CarelessClient(image_provider.url, image_provider.key).generate("a cat", quality="high")
    ledger = image_provider.ledger
    ((first, second),) = ledger.paid_twice

    assert first.charged == second.charged > 0
    assert ledger.charged == 2 * first.charged


@pytest.mark.image_provider("apiframe", faults=["failed_job"])
def test_a_failed_job_is_an_error_and_free(client, image_provider):
    with pytest.raises(JobFailedError):
        client.generate("a cat")

    assert image_provider.ledger.charged == 0


@pytest.mark.image_provider("apiframe")
def test_a_refusal_is_an_error_that_names_its_rule(client, image_provider):
    with pytest.raises(httpx.HTTPStatusError):
        client.generate("a cat", quality="enormous")

    assert [each.rule for each in image_provider.ledger.refused] == ["quality.one_of"]


def test_own_vcr(provider_cassette):
    cassette = provider_cassette("apiframe", base_url="https://gateway.example")
    with vcr.use_cassette(cassette, record_mode="none"):
        (raw,) = ImagesClient("https://gateway.example", "any key").generate("a cat")

    assert Image.open(io.BytesIO(raw)).size == (1024, 1024)
