"""The command: readiness, usage errors, signals, seeds, variants, life without the harness."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import harness.emulator
from harness.emulator.__main__ import main
from harness.emulator.jobs import EmulatedJob
from harness.emulator.serving import build
from harness.emulator.state import REFUSAL_S, LatencyModel, ProviderState, Settings
from tests.emulator.conftest import POLL, SUBMIT, Emulator
from tests.loopback import ANY, HUNG_S, loopback

if TYPE_CHECKING:
    from tests.emulator.conftest import Start

NAMES = ["buble", "sub2api", "apiframe", "nanobanana", "aimlapi", "openai"]
KEY = {"authorization": "Bearer k"}
SUB2API = {"model": "gpt-image-2", "prompt": "a cat"}


def _free_ports() -> int:
    """The first of six neighbouring free ports."""
    for first in range(20_000, 60_000, 7):
        held: list[socket.socket] = []
        try:
            for offset in range(len(NAMES)):
                one = socket.socket()
                held.append(one)
                one.bind(("127.0.0.1", first + offset))
        except OSError:
            continue
        else:
            return first
        finally:
            for one in held:
                one.close()
    raise AssertionError("no six free ports")


def test_one_line_says_that_all_six_are_ready(start: Start) -> None:
    first = _free_ports()
    with start("--port", str(first), "--time-scale", "0") as (_, urls):
        replies = [ANY.get(f"{url}/__emulator/ledger") for url in urls.values()]

    assert list(urls) == NAMES
    assert list(urls.values()) == [
        f"http://127.0.0.1:{first + offset}" for offset in range(len(NAMES))
    ]
    assert [reply.status_code for reply in replies] == [200] * len(NAMES)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0_even_while_a_request_is_open(
    start: Start, number: signal.Signals
) -> None:
    with start("--fault", "stall") as (process, urls):
        headers_are_here = threading.Event()

        def hang() -> None:
            url = f"{urls['sub2api']}/v1/models"
            with ANY.stream("GET", url, headers=KEY):
                headers_are_here.set()

        client = threading.Thread(target=hang)
        client.start()
        headers_are_here.wait(HUNG_S)
        process.send_signal(number)
        code = process.wait(HUNG_S)
        client.join(10)

        assert code == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_error_of_ours(start: Start) -> None:
    with start("--time-scale", "0") as (process, urls):
        address = httpx.URL(urls["aimlapi"])
        with socket.create_connection((address.host, address.port or 80)) as client:
            client.sendall(b"POST /v1/images/generations HTTP/1.1\r\nHost: x\r\n")
            client.sendall(b"Content-Length: 100\r\n\r\nhalf")
        reply = ANY.get(f"{urls['aimlapi']}/__emulator/ledger")
        process.terminate()
        process.wait(HUNG_S)

        assert reply.json()["totals"]["requests"] == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_busy_port_is_said_in_one_line_with_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    first = _free_ports()
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", first + 2))
        busy.listen()
        code = main(["--port", str(first)])

    output = capsys.readouterr()
    assert code == 2
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert f"apiframe on 127.0.0.1 port {first + 2}" in output.err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--fault", "wrong_dimension"], "wrong_dimensions"),
        (["--fault", "buble:fewer_images"], "buble:fewer_images"),
        (["--variant", "buble:none"], "buble:create_202"),
        (["--port", "70000"], "six ports"),
        (["--time-scale", "-1"], "0 or more"),
        (["--seconds-per-image", "soon"], "no number"),
        (["--host", "no such host"], "no such host"),
        (["--what"], "--what"),
    ],
)
def test_wrong_usage_is_said_in_one_line_with_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], hint: str
) -> None:
    code = main(arguments)

    output = capsys.readouterr()
    assert code == 2
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert hint in output.err


def test_the_list_of_faults_is_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--list-faults", "--json"])

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 0
    assert {tuple(line) for line in lines} == {
        ("provider", "name", "family", "breaks", "meaning", "operations")
    }
    assert {line["provider"] for line in lines} == set(NAMES)
    assert len({(line["provider"], line["name"]) for line in lines}) == len(lines)


FAMILIES = {
    *("single_rule", "boundary", "interaction", "content", "job_and_stream", "charging"),
    *("valid_request", "content_interaction", "count", "type", "refusal_shape"),
    *("alpha", "hidden_limit", "keys", "outage", "authenticity"),
}


def test_every_fault_has_one_of_the_families_and_each_is_large_enough(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["--list-faults", "--json"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    main(["--list-faults"])
    listing = capsys.readouterr().out

    assert {row["family"] for row in rows} == FAMILIES
    names = {row["name"] for row in rows if row["family"] != "outage"}
    assert len(names) >= 200
    assert [row for row in rows if row["operations"] == []] == []
    assert all(family in listing for family in FAMILIES)


def test_a_fault_on_the_command_line_is_on_at_its_provider_only(start: Start) -> None:
    with start("--fault", "aimlapi:outage", "--time-scale", "0") as (_, urls):
        down = ANY.post(f"{urls['aimlapi']}/v1/images/generations", headers=KEY, json={})
        up = ANY.post(f"{urls['sub2api']}/v1/images/generations", headers=KEY, json=SUB2API)

    assert (down.status_code, up.status_code) == (503, 200)


def test_variants_are_other_readings(start: Start) -> None:
    variants = [
        "buble:create_202", "sub2api:no_model", "apiframe:result_string",
        "nanobanana:errors_in_200", "aimlapi:created_201",
    ]  # fmt: skip
    arguments = [word for name in variants for word in ("--variant", name)]
    with start("--time-scale", "0", *arguments) as (_, urls), loopback(**KEY) as client:
        body = {"model": "openai/gpt-image-2", "prompt": "a cat"}
        buble = client.post(f"{urls['buble']}/api/v1/generations", json=body)
        sub2api = client.post(f"{urls['sub2api']}/v1/images/generations", json=SUB2API)
        job = client.post(f"{urls['apiframe']}/v2/images/generate", json=SUB2API).json()["jobId"]
        apiframe = client.get(f"{urls['apiframe']}/v2/jobs/{job}")
        nanobanana = client.post(f"{urls['nanobanana']}/v1/images/generate", json={})
        aimlapi = client.post(f"{urls['aimlapi']}/v1/images/generations", json=body)

    assert (buble.status_code, aimlapi.status_code) == (202, 201)
    assert "model" not in sub2api.json()
    assert "revised_prompt" not in sub2api.json()["data"][0]
    assert apiframe.json()["result"].startswith("http://")
    assert nanobanana.status_code == 200
    assert nanobanana.json()["code"] == -1


def _durations(start: Start, seed: str) -> tuple[list[str], list[bytes]]:
    """What a seed decides: durations in ms and the bytes of replies without their time stamp."""
    durations, bodies = [], []
    with start("--seed", seed, "--time-scale", "0.002") as (_, urls):
        for quality in ("low", "medium", "high"):
            url = f"{urls['sub2api']}/v1/images/generations"
            reply = ANY.post(url, headers=KEY, json=SUB2API | {"quality": quality})
            durations.append(reply.headers["openai-processing-ms"])
            bodies.append(reply.content.partition(b'"data"')[2])
            durations.append(reply.headers["x-request-id"])
    return durations, bodies


def test_the_same_seed_gives_the_same_bytes_ids_and_durations(start: Start) -> None:
    first = _durations(start, "7")

    assert _durations(start, "7") == first
    assert _durations(start, "8")[0] != first[0]


def test_durations_grow_with_quality_size_and_count() -> None:
    def median_s(quality: str, pixels: int, images: int) -> float:
        latency = LatencyModel(seed="1", time_scale=1.0)
        draws = sorted(
            latency.generation_s(quality=quality, pixels=pixels, images=images) for _ in range(999)
        )
        return draws[499]

    usual_s = median_s("medium", 1_048_576, 1)
    assert usual_s == pytest.approx(15, rel=0.05)
    assert median_s("low", 1_048_576, 1) < usual_s < median_s("high", 1_048_576, 1)
    assert median_s("medium", 8_294_400, 1) > 2 * usual_s
    assert median_s("medium", 1_048_576, 10) > 2 * usual_s


SIZES: dict[str, dict[str, Any]] = {
    "buble": {"resolution": "4K"},
    "sub2api": {"size": "3840x2160", "quality": "high", "n": 10},
    "apiframe": {"quality": "low", "number_of_images": 5},
    "nanobanana": {"size": "3840x2160"},
    "aimlapi": {"quality": "low"},
}


async def _answered(
    monkeypatch: pytest.MonkeyPatch, provider: str, body: object, *, polled_s: float
) -> tuple[list[float], str]:
    """What a server sleeps before it answers, and what it says; a job is asked for at `polled_s`.

    Its clock stands still until then.
    """
    waited_s: list[float] = []
    now_s = 0.0

    async def sleep(seconds: float) -> None:
        waited_s.append(seconds)

    monkeypatch.setattr(ProviderState, "now_s", lambda _state: now_s)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    server = build(Settings(time_scale=0.2, seconds_per_image=2.0), {}, {})[provider]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(server), base_url="http://emulator.test", headers=KEY
    ) as client:
        reply = await client.post(SUBMIT[provider], json=body)
        if provider in POLL:
            now_s = polled_s
            told = reply.json()
            job = told["data"]["id"] if provider == "buble" else told["jobId"]
            reply = await client.get(POLL[provider] + job)
    return waited_s, reply.text


@pytest.mark.parametrize("provider", SIZES)
def test_every_generation_takes_the_seconds_given_and_a_refusal_none(
    monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    asked = Emulator({}, ANY).body(provider, **SIZES[provider])

    def answered(body: object, polled_s: float) -> tuple[list[float], str]:
        return asyncio.run(_answered(monkeypatch, provider, body, polled_s=polled_s))

    if provider in POLL:
        assert "cdn" not in answered(asked, 0.399)[1]
        assert "cdn" in answered(asked, 0.401)[1]
    else:
        assert answered(asked, 0.0)[0] == pytest.approx([0.4])
        assert answered({"model": "x"}, 0.0)[0] == pytest.approx([0.2 * REFUSAL_S])


def test_the_seconds_of_a_generation_are_an_option(start: Start) -> None:
    arguments = ("--seconds-per-image", "2", "--time-scale", "0.2")
    with start(*arguments) as (_, urls):
        url = f"{urls['sub2api']}/v1/images/generations"
        reply = ANY.post(url, headers=KEY, json=SUB2API)

    assert reply.headers["openai-processing-ms"] == "400"


def test_fixed_seconds_are_the_same_whatever_is_asked() -> None:
    latency = LatencyModel(seed="1", time_scale=0.5, fixed_s=20.0)
    drawn = {
        latency.generation_s(quality=quality, pixels=pixels, images=images)
        for quality in ("low", "high")
        for pixels in (655_360, 8_294_400)
        for images in (1, 10)
    }

    assert drawn == {10.0}
    assert latency.fixed_s(4.0) == 2.0


def test_a_job_only_moves_forward() -> None:
    job = EmulatedJob(
        id="a", start_s=100.0, created_at=0.0, duration_s=10.0, price=1.0, base_url=""
    )  # fmt: skip

    stages = [job.stage(now_s) for now_s in (100.0, 101.4, 101.5, 109.9, 110.0, 1e9)]
    assert stages == ["waiting", "waiting", "working", "working", "done", "done"]
    assert [job.progress(now_s) for now_s in (100.0, 105.0, 110.0)] == [0, 50, 100]


ISLAND = """
import runpy, sys
sys.modules["harness"] = None  # any import of it fails from here on
sys.argv = ["emulator", "--json", "--time-scale", "0"]
runpy.run_module("emulator", run_name="__main__", alter_sys=True)
"""


def test_a_copy_of_the_folder_serves_every_provider_without_the_harness(tmp_path: Path) -> None:
    source = Path(str(harness.emulator.__file__)).parent
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source, tmp_path / "emulator", ignore=ignore)
    statuses = {}
    with subprocess.Popen(
        [sys.executable, "-c", ISLAND], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            urls = json.loads(process.stdout.readline())["providers"]
            for name, url in urls.items():
                path, model = {
                    "buble": ("/api/v1/generations", "openai/gpt-image-2"),
                    "sub2api": ("/v1/images/generations", "gpt-image-2"),
                    "apiframe": ("/v2/images/generate", "gpt-image-2"),
                    "nanobanana": ("/v1/images/generate", "gpt-image-2"),
                    "aimlapi": ("/v1/images/generations", "openai/gpt-image-2"),
                    "openai": ("/v1/images/generations", "gpt-image-2"),
                }[name]
                reply = ANY.post(url + path, headers=KEY, json={"model": model, "prompt": "a cat"})
                statuses[name] = reply.status_code
        finally:
            process.terminate()  # else a failure here would wait for its end for ever

    assert statuses == dict.fromkeys(NAMES, 200) | {"apiframe": 202}


def test_no_module_of_the_island_names_the_harness_or_its_data() -> None:
    source = Path(str(harness.emulator.__file__)).parent
    texts = {path: path.read_text() for path in source.rglob("*.py")}

    assert [path for path, text in texts.items() if "import harness" in text] == []
    assert [path for path, text in texts.items() if "from harness" in text] == []
    assert [path for path, text in texts.items() if "toml" in text.lower()] == []


def test_the_ledger_empties_on_reset(emulator: Emulator) -> None:
    emulator.submit("sub2api", emulator.body("sub2api"))
    url = f"{emulator.urls['sub2api']}/__emulator/reset"

    assert emulator.ledger("sub2api")["totals"]["requests"] == 1
    assert ANY.post(url).json() == {"reset": "sub2api"}
    assert emulator.ledger("sub2api")["totals"] == {
        "requests": 0, "images": 0, "amount": 0, "unit": "image",
    }  # fmt: skip


def test_it_ends_when_whoever_started_it_is_gone() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.emulator", "--json", "--until-eof"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert "providers" in process.stdout.readline()

    process.stdin.close()

    assert process.wait(timeout=HUNG_S) == 0
    process.stdout.close()
