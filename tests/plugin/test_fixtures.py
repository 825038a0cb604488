"""The fixtures, in this very session: their plugin is installed with the harness."""

import asyncio
import base64
import io
import re
from decimal import Decimal
from pathlib import Path

import pytest
import requests
import vcr
from PIL import Image
from urllib3.util import Retry
from vcr.cassette import Cassette

from harness.api import export_cassette
from harness.core.outcome import Fault, Images, Refused
from harness.emulator.serving import NAMES
from harness.pytest_plugin.twins.cassettes import CassetteWriter
from harness.pytest_plugin.twins.client import ProviderClient
from harness.pytest_plugin.twins.errors import TwinError, TwinUsageError
from harness.pytest_plugin.twins.names import PROVIDERS
from harness.pytest_plugin.twins.twins import FAST, ReceivedFile, Twin
from harness.runner.recording import sample_folder
from tests.loopback import HUNG_S, loopback

KEPT: list[Twin] = []


def post(twin: Twin, operation: str | None = None, **arguments: object) -> int:
    """Send an example as a user's own client does; return the status."""
    with loopback() as client:
        return client.request(**twin.example(operation, **arguments).parts).status_code  # type: ignore[arg-type]  # as httpx takes them


def decoded(raw: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(raw)) as image:
        image.load()
        return image.size


def test_there_is_a_twin_of_each_emulated_provider() -> None:
    assert set(PROVIDERS) == set(NAMES)


def test_an_example_is_served_by_every_twin(image_provider: Twin) -> None:
    for operation in image_provider.provider.operations:
        assert post(image_provider, operation) < 300
    ledger = image_provider.ledger

    assert next(each.operation for each in ledger.submissions) == "generate"
    assert ledger.images == len(image_provider.provider.operations)
    assert ledger.charged > 0
    assert not ledger.refused


@pytest.mark.image_provider("openai")
def test_a_ledger_tells_what_was_received_without_keys(image_provider: Twin) -> None:
    with loopback(Authorization=f"Bearer {image_provider.key}") as client:
        url = f"{image_provider.url}/v1/images/generations?key={image_provider.key}"
        client.post(url, json={"model": "gpt-image-2", "prompt": "a cat", "n": 2})
        client.post(url, content=b'{"half')
    post(image_provider, "edit")
    served, broken, form = image_provider.ledger.requests

    assert (served.method, served.path, served.status) == ("POST", "/v1/images/generations", 200)
    assert served.json == {"model": "gpt-image-2", "prompt": "a cat", "n": 2}
    assert served.headers["authorization"] == "Bearer ***"
    assert image_provider.key not in repr(served) + repr(served.headers)
    assert (served.images, served.operation, served.rule) == (2, "generate", None)
    assert (broken.json, broken.text, broken.outcome) == (None, '{"half', "refused")
    assert form.form is not None
    assert isinstance(form.form["image[]"][0], ReceivedFile)
    assert form.form["prompt"]


@pytest.mark.image_provider("apiframe")
def test_a_client_that_submits_twice_is_seen_to_pay_twice(image_provider: Twin) -> None:
    post(image_provider)
    once = image_provider.ledger
    post(image_provider)
    ledger = image_provider.ledger

    assert once.paid_twice == ()
    assert [len(group) for group in ledger.paid_twice] == [2]
    assert ledger.charged == 2 * once.charged
    assert [job.charged for job in ledger.jobs] == [once.charged] * 2
    assert "1 paid twice" in repr(ledger)


@pytest.mark.parametrize("nothing", [1, 2])
@pytest.mark.image_provider("apiframe")
def test_every_test_begins_with_an_empty_ledger(image_provider: Twin, nothing: int) -> None:
    before = image_provider.ledger
    post(image_provider)
    image_provider.reset()

    assert before.requests == image_provider.ledger.requests == ()
    assert nothing


@pytest.mark.image_provider("nanobanana")
def test_a_ledger_outlives_a_reset(image_provider: Twin) -> None:
    post(image_provider)
    kept = image_provider.ledger
    image_provider.reset()

    assert kept.images == 1
    assert image_provider.ledger.images == 0


@pytest.mark.image_provider("buble")
class TestTwinThatIsKept:
    def test_first(self, image_provider: Twin) -> None:
        KEPT.append(image_provider)

        assert image_provider.ledger.requests == ()

    def test_second(self, image_provider: Twin) -> None:
        post(image_provider)

        with pytest.raises(TwinError, match="belonged to a test that is over"):
            _ = KEPT[0].ledger


@pytest.mark.image_provider("apiframe", faults=["wrong_format_of_webp", "buble:queue_stuck"])
def test_a_fault_of_the_marker_is_on_and_those_of_others_are_not(
    provider_client: ProviderClient,
) -> None:
    sent = provider_client.send("generate", output_format="webp")

    assert isinstance(sent.outcome, Images)
    assert sent.outcome.pictures[0].format == "png"
    assert decoded(sent.images[0]) == (1024, 1024)


@pytest.mark.image_provider("apiframe")
def test_faults_are_off_in_the_next_test(provider_client: ProviderClient) -> None:
    sent = provider_client.send("generate", output_format="webp")

    assert isinstance(sent.outcome, Images)
    assert sent.outcome.pictures[0].format == "webp"


@pytest.mark.image_provider("sub2api")
def test_a_fault_is_switched_in_the_middle(
    image_provider: Twin, provider_client: ProviderClient
) -> None:
    image_provider.switch("html_error")
    broken = provider_client.send()
    image_provider.switch()

    assert isinstance(broken.outcome, Fault)
    with pytest.raises(AssertionError, match="no images"):
        _ = broken.images
    assert provider_client.send().images
    with pytest.raises(TwinUsageError, match="no fault 'html_eror'; close: html_error"):
        image_provider.switch("html_eror")


@pytest.mark.image_provider("buble", "apiframe")
def test_the_harness_client_sees_requests_through(
    image_provider: Twin, provider_client: ProviderClient
) -> None:
    sent = provider_client.send("edit", prompt="a cat")

    assert [decoded(raw) for raw in sent.images]
    assert {each.step for each in sent.exchanges} >= {"submit", "poll", "download"}
    assert image_provider.ledger.submissions[-1].json
    assert image_provider.settings.time_scale == FAST


@pytest.mark.image_provider("openai")
def test_the_harness_client_sends_what_breaks_rules_and_several_images(
    provider_client: ProviderClient,
) -> None:
    refused = provider_client.send("generate", n=11)
    three = provider_client.send("generate", n=3)

    assert isinstance(refused.outcome, Refused)
    assert len(three.images) == 3
    with pytest.raises(TwinUsageError, match="no argument 'sise'"):
        provider_client.send("generate", sise="1x1")
    wrong = provider_client.at(provider_client.url, key="another-key").send()
    assert isinstance(wrong.outcome, Fault)
    assert wrong.outcome.error_class == "auth"


@pytest.mark.image_provider("openai", seed=7, time_scale=0)
def test_a_twin_has_the_settings_of_its_marker(image_provider: Twin) -> None:
    assert image_provider.settings.time_scale == 0
    assert post(image_provider, n=2) == 200
    assert image_provider.ledger.charged == image_provider.ledger.requests[0].charged
    assert isinstance(image_provider.ledger.charged, Decimal)


def test_stock_vcrpy_replays_bytes_of_images_through_httpx(
    provider_cassette: CassetteWriter,
) -> None:
    path = provider_cassette("apiframe")
    with vcr.use_cassette(path, record_mode="none") as cassette, loopback() as client:
        submitted = client.post("https://api.apiframe.ai/v2/images/generate", json={})
        job = f"https://api.apiframe.ai/v2/jobs/{submitted.json()['jobId']}"
        while (found := client.get(job).json()["result"]) is None:
            pass
        raw = client.get(found["images"][0]).content

        assert decoded(raw) == (1024, 1024)
        assert cassette.all_played


def test_stock_vcrpy_replays_base64_through_requests(provider_cassette: CassetteWriter) -> None:
    path = provider_cassette("sub2api", base_url="https://gateway.example/api")
    url = "https://gateway.example/api/v1/images/generations"
    with vcr.use_cassette(path, record_mode="none") as cassette, requests.Session() as session:
        session.mount("https://", requests.adapters.HTTPAdapter(max_retries=Retry(0)))
        found = session.post(url, json={}, timeout=HUNG_S).json()

        assert decoded(base64.b64decode(found["data"][0]["b64_json"])) == (1024, 1024)
        assert cassette.all_played


def test_a_recording_that_does_not_exist_is_a_line(provider_cassette: CassetteWriter) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"no recording of 'paint'.*one of edit, gener"):
        provider_cassette("buble", "paint")


@pytest.mark.image_provider("sub2api")
def test_the_harness_client_sends_from_a_running_loop(provider_client: ProviderClient) -> None:
    async def sends() -> int:
        return len(provider_client.send().images)

    assert asyncio.run(sends()) == 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_recording_is_whole_as_a_stock_cassette(provider: str, tmp_path: Path) -> None:
    recorded = sample_folder()
    assert recorded is not None
    for tape in sorted((recorded / provider).glob("[!b]*.yaml")):
        path = tmp_path / tape.name
        written = export_cassette(provider, path, operation=tape.stem, conversations=None)
        cassette = Cassette.load(path=str(path))
        bodies = [response["body"]["string"] for response in cassette.responses]
        found = [raw for body in bodies for raw in images_in(body)]

        assert len(bodies) == written.round_trips
        assert len(found) == written.images > 0
        assert decoded(found[0]) > (0, 0)
        assert b"sha256:" not in path.read_bytes()
        assert b"emulator-key" not in path.read_bytes()


def images_in(body: bytes) -> list[bytes]:
    """Return the images of a body: one of bytes, or all that stand in its JSON as base64."""
    if body[:4] in {b"\x89PNG", b"RIFF"} or body[:3] == b"\xff\xd8\xff":
        return [body]
    texts = re.findall(rb'"((?:iVBORw0|/9j/|UklGR)[A-Za-z0-9+/=]+)"', body)
    return [base64.b64decode(text) for text in texts]
