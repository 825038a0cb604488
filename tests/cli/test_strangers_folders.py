"""A run folder of somebody else: it names addresses, and the user's key goes to none of them."""

import asyncio
import json
import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from zlib import crc32

import pytest
from pydantic import TypeAdapter

from harness.core.errors import UsageError
from harness.core.exchange import Request
from harness.core.jsonvalue import Json
from harness.core.record import RunHeader
from harness.planning.options import Options, Output, RunLimits
from harness.runner.addresses import OwnAddresses, resumed_addresses, seal
from harness.runner.preflight import decided
from harness.store.line import HEADER, JOURNAL
from harness.transport.bodies.images import ImageCollector
from harness.transport.client import Live, LiveEndpoint
from harness.transport.redaction import Redactor
from tests.runner.processes import KEYS, KNOWN, Emulator, Ended, emulator, environment, harness
from tests.shipped import SHIPPED, shipped_provider
from tests.store.journals import resealed

NAME = "buble"
KEY = KEYS["BUBLE_API_KEY"]
FEW = ("--max-images", "1", "--max-requests", "6", "--operation", "generate")


@dataclass(slots=True)
class Trap:
    """A server that keeps all that it is sent, heads and bodies."""

    url: str
    received: list[str] = field(default_factory=list)


@contextmanager
def trap() -> Iterator[Trap]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length", 0))
            body = self.rfile.read(length).decode("latin-1")
            caught.received.append(f"{self.requestline}\n{self.headers}\n{body}")
            self.send_error(400)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    caught = Trap(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield caught
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def provider() -> Iterator[Emulator]:
    with emulator("--time-scale", "0", *KNOWN) as found:
        yield found


@pytest.fixture(scope="module")
def begun(provider: Emulator, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    folder = tmp_path_factory.mktemp("begun") / "run"
    done = harness("run", "--against", "live", *provider.at(NAME), *FEW, "--out", folder)
    assert done.code in (0, 4), done.err
    return folder, done.code


@pytest.fixture
def folder(begun: tuple[Path, int], tmp_path: Path) -> Path:
    """A live run that was cut off before its end."""
    copied = tmp_path / "their run"
    shutil.copytree(begun[0], copied)
    altered(copied, finished=None)
    return copied


def resume(folder: Path, *more: str, **variables: str) -> Ended:
    return harness("run", "--resume", folder, *FEW, *more, env=environment(**variables))


def altered(folder: Path, **changes: object) -> dict[str, Any]:
    header: dict[str, Any] = json.loads((folder / HEADER).read_bytes())
    header |= changes
    header.pop("crc", None)
    body = json.dumps(header, indent=2).removesuffix("\n}").encode()
    (folder / HEADER).write_bytes(body + b',\n  "crc": "%08x"\n}\n' % crc32(body))
    return header


def readdressed(folder: Path, url: str) -> None:
    evidence = json.loads((folder / HEADER).read_bytes())["evidence"]
    evidence[NAME]["source"] = url
    altered(folder, evidence=evidence, finished=None)


def refused(done: Ended) -> str:
    assert done.code == 2, done.err
    lines = [line for line in done.err.splitlines() if line.startswith("harness: ")]
    assert len(lines) == 1, done.err
    return lines[0]


def test_the_key_never_goes_to_an_address_that_only_the_folder_names(
    folder: Path,
) -> None:
    with trap() as caught:
        readdressed(folder, caught.url)
        line = refused(resume(folder))
        typed = shlex.split(line[line.index("harness run") : line.rindex(")")])
        elsewhere = refused(resume(folder, "--base-url", f"{NAME}=http://127.0.0.1:9"))

    assert caught.received == []
    assert caught.url in line
    assert "nothing was sent" in line
    assert typed[1:6] == ["run", "--resume", str(folder), "--base-url", f"{NAME}={caught.url}"]
    assert {*typed[6::2]} == {"--max-images", "--max-requests"}  # another key's limits do not hold
    assert f"this run began at {caught.url}" in elsewhere


def test_the_printed_command_sends_to_the_address_that_the_user_has_read(
    folder: Path,
) -> None:
    with trap() as caught:
        readdressed(folder, caught.url)
        (folder / JOURNAL).write_bytes(b"")
        done = resume(folder, "--base-url", f"{NAME}={caught.url}")

    assert any(KEY in each for each in caught.received)
    assert f"{NAME}: this run goes on at {caught.url}" in done.err


def test_a_run_goes_on_as_printed_where_this_key_was_sent_before_and_with_no_other(
    provider: Emulator, begun: tuple[Path, int], folder: Path
) -> None:
    with_another = refused(resume(folder, BUBLE_API_KEY="another-key-of-buble"))
    went_on = resume(folder)

    assert "have not confirmed for this key" in with_another
    assert went_on.code == begun[1], went_on.err
    assert f"this run goes on at {provider.urls[NAME]}" in went_on.err
    kept = (folder / HEADER).read_text()
    assert KEY not in kept


def test_a_run_that_was_confirmed_once_goes_on_without_it(provider: Emulator, folder: Path) -> None:
    altered(folder, seals={})
    refused(resume(folder))

    confirmed = resume(folder, "--base-url", f"{NAME}={provider.urls[NAME]}/")
    altered(folder, finished=None)
    again = resume(folder)

    assert confirmed.code in (0, 4), confirmed.err
    assert again.code in (0, 4), again.err


@pytest.mark.parametrize(
    "changes",
    [
        {"against": "recordings"},
        {"against": "emulator\u001b[2J"},
        {"evidence": {}},
        {"evidence": {"nobody": {"kind": "live", "source": "x", "date": "x", "by": "x"}}},
    ],
)
def test_a_header_of_no_run_is_refused_in_one_line(folder: Path, changes: dict[str, Any]) -> None:
    altered(folder, **changes)

    line = refused(resume(folder))

    assert "\u001b" not in line


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "http://me:pw@127.0.0.1:1",
        "http://127.0.0.1:99999",
        "http://[::1",
        "https://x?key=1",
        "",
        "http://a b",
        "http://\u0000",
    ],
)
def test_what_is_no_address_is_never_confirmed(tmp_path: Path, address: str) -> None:
    header = TypeAdapter(RunHeader).validate_python(
        {
            **dict.fromkeys(("run", "harness", "created"), "x"),
            "against": "live",
            "seed": 0,
            "spec_digests": {},
            "plan_digests": {},
            "evidence": {NAME: {"kind": "live", "source": address, "date": "x", "by": "x"}},
        }
    )
    own = OwnAddresses(typed={}, documented={}, keys={NAME: KEY})

    with pytest.raises(UsageError, match="is no address of buble"):
        resumed_addresses(header, tmp_path, own)


LIMITS: dict[str, Json] = {
    "budgets": {NAME: "100000"},
    "max_images": 100000,
    "max_requests": 100000,
    "quick": True,
}


def of_documented_address(choices: dict[str, Json], sealed: dict[str, Json] | None) -> RunHeader:
    """The header of a live run at the provider's own address, sealed with these choices or none."""
    url = shipped_provider(NAME).base_url
    assert url is not None
    seals = {}
    if sealed is not None:
        seals = {NAME: seal(KEY, provider=NAME, address=url, word="w", choices=sealed)}
    return TypeAdapter(RunHeader).validate_python(
        {
            **dict.fromkeys(("run", "harness", "created"), "x"),
            "against": "live",
            "seed": 0,
            "word": "w",
            "spec_digests": {},
            "plan_digests": {},
            "choices": choices,
            "seals": seals,
            "evidence": {NAME: {"kind": "live", "source": url, "date": "x", "by": "x"}},
        }
    )


NOTHING = RunLimits()


def as_resumed(
    folder: Path, past: RunHeader, limits: RunLimits = NOTHING
) -> tuple[Options, list[str]]:
    """The options of a run that goes on, and what the user reads; nothing is sent for that."""
    notes: list[str] = []
    options = Options(limits=limits, output=Output(resume=folder))
    environment = {"BUBLE_API_KEY": KEY}
    ready = decided(options, past, catalogue=SHIPPED, environment=environment, note=notes.append)
    return ready.options, notes


@pytest.mark.parametrize("sealed", [None, {"max_images": 3}], ids=["no seal", "others sealed"])
def test_limits_of_a_strangers_folder_are_no_promise_to_pay(
    folder: Path, sealed: dict[str, Json] | None
) -> None:
    theirs = of_documented_address(LIMITS, sealed)

    with pytest.raises(UsageError, match="a live run needs a budget for buble") as refusal:
        as_resumed(folder, theirs)
    typed, notes = as_resumed(folder, theirs, RunLimits(max_images=2))

    assert re.fullmatch(rf"--budget {NAME}=\d+(\.\d+)?", refusal.value.hint)
    assert typed.limits == RunLimits(max_images=2)
    assert not typed.planning.quick
    assert any("nothing proves that this run began with your key" in note for note in notes)


def test_limits_of_a_run_that_this_key_began_hold_as_it_goes_on(folder: Path) -> None:
    resumed, notes = as_resumed(folder, of_documented_address(LIMITS, LIMITS))

    assert resumed.limits.max_images == LIMITS["max_images"]
    assert resumed.limits.budgets == {NAME: Decimal(100000)}
    assert resumed.planning.quick
    assert notes == []


def test_a_seal_is_of_one_key_address_provider_and_run() -> None:
    about = {"provider": NAME, "address": "https://a.example", "word": "w"}
    few: dict[str, Json] = {"max_images": 3}
    first = seal("k", **about, choices=few)

    others = [seal("l", **about, choices=few), seal("k", **about, choices={"max_images": 4})]
    others += [seal("k", **{**about, name: "other"}, choices=few) for name in about]

    assert first == seal("k", **about, choices=few)
    assert first not in others
    assert first != "k"


@pytest.mark.parametrize(
    "target", ["HTTPS://{}/x", "HTTP://{}/x", "//{}/x", "@{}/x", "\\\\{}\\x", "{}"]
)
def test_a_target_out_of_a_journal_never_takes_the_key_elsewhere(target: str) -> None:
    with trap() as caught, trap() as own:

        async def go() -> None:
            live = Live(
                LiveEndpoint(base_url=own.url, auth=shipped_provider(NAME).auth, key=KEY),
                pictures=ImageCollector(lambda _name, _raw: None),
                redactor=Redactor({}),
                now_s=lambda: 0.0,
            )
            place = target.format(caught.url.removeprefix("http://"))
            await live.send(Request(method="GET", target=place), due_s=0)
            await live.aclose()

        asyncio.run(go())

    assert not any(KEY in each for each in caught.received)


def test_a_request_of_the_journal_that_is_not_its_arguments_is_not_sent(folder: Path) -> None:
    lines = (folder / JOURNAL).read_bytes().splitlines(keepends=True)
    first = json.loads(lines[0])
    body, _, seal = lines[0].rpartition(b',"seq":')
    path = first["shot"]["request"]["target"].encode()
    altered = body.replace(b'"' + path + b'"', b'"https://127.0.0.1:9/v1"', 1)
    (folder / JOURNAL).write_bytes(resealed(altered + b',"seq":' + seal))

    line = refused(resume(folder))

    assert "is not what buble's TOML makes of its arguments" in line
