"""Images signed by a maker that does not exist, as a reader of manifests sees them."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.conftest import KEY, Emulator, decoded, emulating, running
from tests.emulator.files import layout
from tests.loopback import ANY, HUNG_S, loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

c2pa = pytest.importorskip("c2pa")

FORMATS = ["png", "jpeg", "webp"]
EXTENDED_KEY_USAGES = "1.3.6.1.5.5.7.3.36\n1.3.6.1.4.1.62558.2.1\n"
MISMATCH, UNTRUSTED = "assertion.dataHash.mismatch", "signingCredential.untrusted"
PROVIDERS = ["buble", "sub2api", "apiframe", "nanobanana", "aimlapi", "openai"]


@pytest.fixture(scope="module")
def alive() -> Iterator[Emulator]:
    """An emulator that signs."""
    with emulating("--signed") as emulator:
        yield emulator


@pytest.fixture
def emulator(alive: Emulator) -> Emulator:
    alive.reset()
    return alive


def served(emulator: Emulator, provider: str = "sub2api", /, **changes: object) -> bytes:
    """The image of one request."""
    if provider in ("buble", "apiframe"):
        job = emulator.job(provider, **changes)
        (one,) = job["result"]["images"]
        return emulator.client.get(one["url"] if isinstance(one, dict) else one).content
    reply = emulator.submit(provider, emulator.body(provider, **changes)).json()["data"]
    if isinstance(reply, list) and reply[0].get("b64_json"):
        return base64.b64decode(reply[0]["b64_json"])
    return emulator.client.get(reply[0]["url"] if isinstance(reply, list) else reply["url"]).content


def seen(emulator: Emulator, data: bytes, encoding: str = "png") -> dict[str, Any]:
    """What a reader tells of a file: its state, failures, signer, time, program."""
    anchors = emulator.client.get(f"{emulator.urls['sub2api']}/__emulator/trust_anchors").text
    settings = {
        "verify": {"remote_manifest_fetch": False, "verify_trust": True},
        "trust": {"trust_anchors": anchors, "trust_config": EXTENDED_KEY_USAGES},
    }
    with c2pa.Context(settings=c2pa.Settings.from_dict(settings)) as context:
        reader = c2pa.Reader(f"image/{encoding}", io.BytesIO(data), context=context)
        told = json.loads(reader.json())
    manifest = told["manifests"][told["active_manifest"]]
    results = told["validation_results"]["activeManifest"]
    (actions,) = (one for one in manifest["assertions"] if "actions" in one["label"])
    created, at = actions["data"]["actions"][0], manifest["signature_info"].get("time")
    return {
        "state": told["validation_state"],
        "failures": {one["code"] for one in results["failure"]},
        "successes": {one["code"] for one in results["success"]},
        "signer": manifest["signature_info"]["issuer"],
        "notes": {one["code"] for one in results["informational"]},
        "time": None if at is None else datetime.fromisoformat(at).timestamp(),
        "agent": " ".join(created["softwareAgent"][key] for key in ("name", "version")),
    }


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_serves_what_the_maker_signed(emulator: Emulator, provider: str) -> None:
    before = time.time()
    data = served(emulator, provider)
    after = time.time()

    encoding = decoded(data)[0]
    told = seen(emulator, data, encoding)
    assert (told["state"], told["failures"]) == ("Trusted", set())
    assert {"timeStamp.trusted", "signingCredential.trusted"} <= told["successes"]
    assert (told["signer"], told["agent"]) == ("Emulated Image Maker", "gpt-image 2.0")
    assert before - 0.001 <= told["time"] <= after + 0.001


@pytest.mark.parametrize(
    ("encoding", "background"),
    [*((one, "auto") for one in FORMATS), ("png", "transparent"), ("webp", "transparent")],
)
def test_every_format_is_signed(emulator: Emulator, encoding: str, background: str) -> None:
    data = served(emulator, "openai", output_format=encoding, background=background)

    assert decoded(data) == (encoding, (1254, 1254))
    assert seen(emulator, data, encoding)["state"] == "Trusted"


def test_the_manifest_of_a_png_follows_its_header(emulator: Emulator) -> None:
    data = served(emulator)

    assert layout(data)[:2] == ["IHDR", "caBX"]


FAULTS = [
    ("signed_by_stranger", "Valid", {UNTRUSTED}),
    ("manifest_moved", "Invalid", {MISMATCH}),
    ("manifest_altered", "Invalid", {MISMATCH}),
    ("other_family", "Trusted", set()),
    ("stamped_by_stranger", "Trusted", set()),
    ("held_after_signing", "Trusted", set()),
]


@pytest.mark.parametrize("encoding", FORMATS)
@pytest.mark.parametrize(("name", "state", "failures"), FAULTS)
def test_a_fault_of_signatures_shows_in_the_manifest_alone(
    emulator: Emulator, name: str, state: str, failures: set[str], encoding: str
) -> None:
    changes = {"size": "1024x1024", "output_format": encoding}
    emulator.switch("sub2api", name).raise_for_status()
    data = served(emulator, **changes)

    told = seen(emulator, data, encoding)
    assert (told["state"], told["failures"]) == (state, failures)
    assert told["signer"] == "Emulated Image Maker"  # also where a stranger says so
    assert told["agent"] == ("gpt-image pre-2.0" if name == "other_family" else "gpt-image 2.0")
    assert decoded(data) == (encoding, (1024, 1024))


def test_a_stamp_of_nobody_known_is_told_and_trusted_by_nobody(emulator: Emulator) -> None:
    emulator.switch("sub2api", "stamped_by_stranger").raise_for_status()
    told = seen(emulator, served(emulator))

    assert "timeStamp.untrusted" in told["notes"]
    assert "timeStamp.trusted" not in told["successes"]


def test_a_manifest_without_a_stamp_tells_no_time(emulator: Emulator) -> None:
    emulator.switch("sub2api", "unstamped").raise_for_status()
    told = seen(emulator, served(emulator))

    assert told["time"] is None
    assert not any(code.startswith("timeStamp") for code in told["successes"])


@pytest.mark.parametrize("encoding", FORMATS)
def test_a_file_written_anew_has_no_manifest(emulator: Emulator, encoding: str) -> None:
    emulator.switch("sub2api", "reencoded").raise_for_status()
    data = served(emulator, output_format=encoding)

    assert decoded(data)[0] == encoding
    assert b"c2pa" not in data
    with pytest.raises(c2pa.C2paError):
        seen(emulator, data, encoding)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_cached_was_signed_before_anybody_asked(emulator: Emulator, provider: str) -> None:
    emulator.switch(provider, "cached").raise_for_status()
    asked = time.time()
    first = served(emulator, provider, prompt="a cat")
    second = served(emulator, provider, prompt="a dog")

    told = seen(emulator, first, decoded(first)[0])
    assert first == second
    assert told["state"] == "Trusted"
    assert told["time"] < asked - 3000


def test_a_cache_by_prompt_serves_the_same_prompt_again_and_no_other(emulator: Emulator) -> None:
    emulator.switch("sub2api", "cached_by_prompt").raise_for_status()
    asked = time.time()
    cat, dog, again = (served(emulator, prompt=prompt) for prompt in ("a cat", "a dog", "a cat"))

    assert again == cat != dog
    assert seen(emulator, cat)["time"] >= asked - 0.001


@pytest.mark.parametrize(
    ("faults", "least", "most"),
    [((), 0.6, 1.0), (("--fault", "sub2api:held_after_signing"), 0.1, 0.5)],
)
def test_an_image_is_signed_near_the_end_of_its_request(
    faults: tuple[str, ...], least: float, most: float
) -> None:
    long = ("--seconds-per-image", "2", "--time-scale", "1")
    arguments = ("--signed", *long, "--key", "any-key", *faults)
    with running(*arguments) as (_, urls), loopback(authorization=KEY) as client:
        emulator = Emulator(urls, client)
        asked = time.time()
        data = served(emulator)
        replied = time.time()
        signed = seen(emulator, data)["time"]

    # 0.95 and 0.33 on a machine that does nothing else
    assert least < (signed - asked) / (replied - asked) < most


def test_the_ready_line_names_a_file_of_trust_anchors_that_ends_with_the_process(
    tmp_path: Path,
) -> None:
    kept = tmp_path / "anchors.pem"
    for arguments in (["--signed", str(kept)], ["--signed"], ["--fault", "openai:other_family"]):
        with _started(arguments) as process:
            assert process.stdout is not None
            line = json.loads(process.stdout.readline())
            anchors = Path(line["trust_anchors"])
            text = anchors.read_text("ascii")
            url = f"{line['providers']['openai']}/__emulator/trust_anchors"
            assert ANY.get(url).text == text
            process.terminate()
            process.communicate(timeout=HUNG_S)
        assert text.count("BEGIN CERTIFICATE") == 2
        assert anchors.exists() is (anchors == kept)


def _started(arguments: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "harness.emulator", "--json", "--time-scale", "0", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_signatures_do_not_depend_on_a_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    arguments = ("--signed", "--time-scale", "0", "--key", "any-key")
    with running(*arguments) as (_, urls), loopback(authorization=KEY) as client:
        emulator = Emulator(urls, client)
        state = seen(emulator, served(emulator))["state"]

    assert state == "Trusted"
