import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.cli.main import status
from tests.loopback import HUNG_S
from tests.runner.processes import HARNESS, KEYS, Emulator, Ended, emulator, environment, harness

Typed = Callable[..., Ended]

LIVE = ("run", "--against", "live", "--provider", "sub2api")
HERE = "sub2api=http://127.0.0.1:1"


@pytest.fixture(scope="module")
def provider() -> Iterator[Emulator]:
    with emulator("--time-scale", "0") as found:
        yield found


@pytest.fixture(scope="module")
def _recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    options = ("--provider", "buble", "--record", "--cassettes", folder / "cassettes")
    done = harness("run", "--against", "emulator", *options, "--out", folder / "run")
    assert done.code == 0, done.err
    return folder / "cassettes"


@pytest.fixture
def cassettes(_recorded: Path, tmp_path: Path) -> Path:
    """Cassettes recorded just now, to be spoiled."""
    shutil.copytree(_recorded, tmp_path / "cassettes")
    return tmp_path / "cassettes"


@pytest.fixture
def typed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Typed:
    """Run a command in an empty folder, in this process: a new one takes seconds to import."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)

    def run(*arguments: str | Path) -> Ended:
        code = status([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Ended(code=code, out=out, err=err)

    return run


def one_line(done: Ended, code: int) -> str:
    """The one line with which a command has ended."""
    assert done.code == code, done.err
    assert "Traceback" not in done.out + done.err
    lines = [line for line in done.err.splitlines() if line.startswith("harness: ")]
    assert len(lines) == 1, done.err
    return lines[0]


def replay(typed: Typed, cassettes: Path, out: Path) -> Ended:
    return typed("run", "--provider", "buble", "--cassettes", cassettes, "--out", out)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--provider", "bubble"), "unknown provider 'bubble' (did you mean buble? one of"),
        (("providers", "show", "nobody"), "unknown provider 'nobody' (one of buble"),
        (("run", "--budget", "buble"), "--budget buble: write NAME=AMOUNT"),
        (("run", "--budget", "buble=many"), "--budget buble=many: 'many' is not an amount"),
        (("run", "--budget", "buble=-1"), "--budget buble=-1: '-1' is not an amount"),
        (("run", "--budget", "buble=nan"), "--budget buble=nan: 'nan' is not an amount"),
        (("run", "--budget", "bubble=1"), "unknown provider 'bubble'"),
        (("run", "--base-url", "buble=ftp://x"), "'ftp://x' is not an http(s) address"),
        (("run", "--base-url", "buble=http://"), "'http://' is not an http(s) address"),
        (("run", "--base-url", "buble=http://[::1"), "'http://[::1' is not an http(s) address"),
        (("run", "--base-url", "buble=http://x:99999"), "is not an http(s) address"),
        (("run", "--base-url", "buble=http://me:pw@x"), "the address contains a user, a query"),
        (("run", "--base-url", "buble=http://x?key=pw"), "the address contains a user, a query"),
        (("run", "--seed", "-1", "--against", "emulator"), "Invalid value for '--seed'"),
        (("run", "--seed", "x"), "Invalid value for '--seed'"),
        (("run", "--seed", "1"), "--seed: cassettes are replayed with the plan"),
        (("run", "--record"), "--record needs replies to record"),
        (("run", "--fault", "reset"), "--fault, --port, --natural and --signed are the emulator's"),
        (("run", "--agains", "live"), "No such option"),
        (("runn",), "No such command 'runn'"),
        (("run", "--resume", "nonsense"), "nonsense is no run folder: run.json: No such file"),
        (("report", "nonsense"), "nonsense is no run folder"),
        (("run", "--cassettes", "nowhere"), "nowhere holds no recording of buble, "),
        (("judge", "nothing.har", "--provider", "buble"), "none of these files is a recording"),
        (("providers", "validate", "nothing.toml"), "nothing.toml"),
    ],
)
def test_wrong_usage_ends_with_one_line_and_2(
    typed: Typed, arguments: tuple[str, ...], said: str
) -> None:
    line = one_line(typed(*arguments), 2)

    assert said in line
    assert "pw" not in line


def test_every_mistake_of_a_toml_is_named(typed: Typed, tmp_path: Path) -> None:
    file = tmp_path / "broken.toml"
    file.write_text('name = "x"\ntitle = 7\nsurprise = true\n[auth]\nheader = "A"\n')

    done = typed("providers", "validate", file)

    line = one_line(done, 2)
    assert line.startswith(f"harness: {file} has ")
    mistakes = done.err.splitlines()[1:]
    assert len(mistakes) >= 3
    assert all(mistake.startswith(f"  {file}:") for mistake in mistakes)
    assert any(mistake.startswith(f"  {file}:3: surprise: ") for mistake in mistakes)


@pytest.mark.parametrize("text", ["name = ", "\x00", "name = 'x'\nname = 'y'", "[a\n"])
def test_a_toml_that_is_none_is_said_to_be_none(typed: Typed, tmp_path: Path, text: str) -> None:
    file = tmp_path / "broken.toml"
    file.write_text(text)

    assert file.name in one_line(typed("providers", "validate", file), 2)


def test_a_host_that_cannot_be_reached_is_unreachable(typed: Typed, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = typed(*LIVE, "--base-url", HERE, "--max-images", "3", "--out", out)

    assert done.code == 4
    assert "Traceback" not in done.err
    assert "sub2api: not judged, because generate/base met network: " in done.err
    assert (out / "index.html").exists()


@pytest.mark.parametrize("unset", ["", "  "])
def test_a_missing_key_is_named(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unset: str
) -> None:
    monkeypatch.setenv("SUB2API_API_KEY", unset)
    done = typed(*LIVE, "--base-url", HERE, "--max-images", "3")

    assert "SUB2API_API_KEY is not set" in one_line(done, 2)
    assert list((tmp_path / "here").iterdir()) == []


def test_a_provider_without_an_address_of_its_own_asks_for_one(typed: Typed) -> None:
    line = one_line(typed(*LIVE, "--max-images", "3"), 2)

    assert "sub2api has no address of its own" in line


def test_a_live_run_without_a_budget_prints_its_price_and_sends_nothing(
    typed: Typed, provider: Emulator, tmp_path: Path
) -> None:
    aimed = provider.at("sub2api", "apiframe")
    done = typed("run", "--against", "live", *aimed)

    line = one_line(done, 2)
    assert "needs a budget for sub2api, apiframe; nothing was sent" in line
    assert re.search(r"\(--budget sub2api=\d[\d.]* --budget apiframe=\d[\d.]*\)$", line)
    assert "requests" in done.err.splitlines()[0]
    assert "images" in done.err.splitlines()[1]
    assert provider.ledger("sub2api") == []
    assert provider.ledger("apiframe") == []
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.999])
def test_a_truncated_cassette_is_refused(
    typed: Typed, cassettes: Path, tmp_path: Path, share: float
) -> None:
    file = cassettes / "buble" / "generate.yaml"
    raw = file.read_bytes()
    file.write_bytes(raw[: int(len(raw) * share)])

    assert str(file) in one_line(replay(typed, cassettes, tmp_path / "run"), 2)


def test_a_cassette_edited_by_hand_is_refused(
    typed: Typed, cassettes: Path, tmp_path: Path
) -> None:
    file = cassettes / "buble" / "generate.yaml"
    text = file.read_text()
    file.write_text(text.replace("success", "failed", 1))

    line = one_line(replay(typed, cassettes, tmp_path / "run"), 2)

    assert "was altered after it was recorded" in line
    assert "harness run --against emulator --record" in line


@pytest.mark.parametrize("spoilt", ["", "{", "[]", '{"provider": "buble"}'])
def test_a_spoilt_plan_is_refused(
    typed: Typed, cassettes: Path, tmp_path: Path, spoilt: str
) -> None:
    file = cassettes / "buble" / "plan.json"
    file.write_text(spoilt)

    assert str(file) in one_line(replay(typed, cassettes, tmp_path / "run"), 2)


def test_a_plan_with_another_price_is_refused(
    typed: Typed, cassettes: Path, tmp_path: Path
) -> None:
    file = cassettes / "buble" / "plan.json"
    plan = json.loads(file.read_text())
    plan["cases"][0]["price"]["amount"] = 0
    file.write_text(json.dumps(plan))

    assert str(file) in one_line(replay(typed, cassettes, tmp_path / "run"), 2)


def test_a_cassette_without_one_of_its_images_is_refused(
    typed: Typed, cassettes: Path, tmp_path: Path
) -> None:
    image = next((cassettes / "buble" / "images").iterdir())
    image.unlink()

    assert image.name in one_line(replay(typed, cassettes, tmp_path / "run"), 2)


def test_a_refused_replay_leaves_its_folder_to_the_next(
    typed: Typed, cassettes: Path, tmp_path: Path
) -> None:
    file = cassettes / "buble" / "plan.json"
    plan = file.read_text()
    file.write_text("")
    one_line(replay(typed, cassettes, tmp_path / "run"), 2)
    file.write_text(plan)

    assert replay(typed, cassettes, tmp_path / "run").code == 0


def test_a_folder_that_is_in_use_is_refused(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    line = one_line(typed("run", "--against", "emulator", "--out", tmp_path), 2)

    assert "is there already and not empty" in line
    assert {file.name for file in tmp_path.iterdir()} == {"mine.txt", "here"}


@pytest.mark.parametrize("out", ["file/run", "/proc/nowhere"])
def test_a_folder_that_cannot_be_made_is_our_own_failure(typed: Typed, out: str) -> None:
    Path("file").write_text("")

    line = one_line(typed("run", "--against", "emulator", "--out", out), 3)

    assert f"cannot write to {out}" in line


def test_a_port_that_is_taken_is_named(typed: Typed, provider: Emulator, tmp_path: Path) -> None:
    port = provider.urls["buble"].rpartition(":")[2]

    here = ("run", "--against", "emulator", "--provider", "buble", "--out", tmp_path / "run")
    done = typed(*here, "--port", port)

    assert f"port {port}" in one_line(done, 2)


def test_an_unknown_fault_is_named(typed: Typed, tmp_path: Path) -> None:
    here = ("run", "--against", "emulator", "--provider", "buble", "--out", tmp_path / "run")
    done = typed(*here, "--fault", "nonsense")

    assert "nonsense" in one_line(done, 2)


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--provider", "buble"),
        ("plan", "--json", "--provider", "sub2api"),
        ("providers", "show", "sub2api"),
        ("--help",),
    ],
)
def test_a_reader_that_has_read_enough_is_no_failure_of_anybody(arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*HARNESS, *arguments],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=HUNG_S,
        env=environment(),
    )
    os.close(writing)

    assert done.stderr == ""
    assert done.returncode == 141


def test_a_full_disk_ends_with_one_line_and_all_that_came_can_be_read(
    provider: Emulator, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=17000k", "none", str(disk)],  # noqa: S607 - on the path
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"no file system of our own can be mounted here: {mounted.stderr.strip()}")
    try:
        out = disk / "run"
        aimed = provider.at("sub2api")
        limits = ("--operation", "generate", "--max-images", "40")
        done = harness("run", "--against", "live", *aimed, *limits, "--out", out)

        line = one_line(done, 3)
        report = harness("report", out, "--out", tmp_path / "report")
        journal = (out / "journal.jsonl").read_bytes()
    finally:
        subprocess.run(["umount", str(disk)], check=True)  # noqa: S607 - on the path

    assert "disk" in line or "No space left on device" in line
    assert report.code in (0, 1)
    assert journal.endswith(b"\n")
    summary = json.loads((tmp_path / "report" / "summary.json").read_text())
    assert summary["providers"]["sub2api"]["requests"] > 5
