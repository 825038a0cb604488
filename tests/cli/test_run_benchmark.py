import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from harness.cli.main import status
from harness.core.outcome import Fault, Images
from harness.core.record import Record
from harness.runner.execution.budget import charged_reservation
from harness.stats.benchmark.attempts import attempt_of
from harness.store.line import JOURNAL
from harness.store.reader import StoredRun, read_run
from tests.loopback import HUNG_S
from tests.runner.processes import KEYS, Emulator, emulator, started
from tests.shipped import NAMES
from tests.shipped import shipped_provider as shipped

BENCHMARK = ("run", "--only", "benchmark", "--no-calibrate")
LIMITS = ("--max-images", "400")


@pytest.fixture(scope="module")
def _served() -> Iterator[Emulator]:
    with emulator("--time-scale", "0.02") as found:
        yield found


@pytest.fixture
def shop(_served: Emulator) -> Emulator:
    """An emulator with empty books and no fault."""
    _served.reset()
    return _served


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run in this process need keys as those in their own do."""
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)


def at(shop: Emulator, *names: str) -> tuple[str, ...]:
    return (*BENCHMARK, "--against", "live", *shop.at(*names), *LIMITS)


def ran(*arguments: str | Path) -> int:
    """Run the command to its end, in this process: what it imports is here already."""
    return status([*map(str, arguments)])


def of(past: StoredRun, name: str) -> list[Record]:
    return [record for record in past.records if record.shot.case.provider == name]


def agrees(shop: Emulator, past: StoredRun, name: str) -> None:
    """The provider's ledger and our records tell of the same requests and the same money."""
    records = of(past, name)
    entries = shop.ledger(name)
    made = [one.request.method for record in records for one in record.exchanges]
    assert Counter(one["method"] for one in entries) == Counter(made)
    spent = [
        charged_reservation(
            record.shot, record.outcome, record.exchanges, provider=shipped(name)
        ).price
        for record in records
        if record.outcome is not None
    ]
    assert sum(one["images"] for one in entries) == sum(one.images for one in spent)
    if shipped(name).prices.unit != "image":
        charged = sum((Decimal(str(one["cost"]["amount"])) for one in entries), Decimal(0))
        booked = sum((one.amount for one in spent), Decimal(0))
        assert abs(charged - booked) < Decimal("1e-12")  # the ledger adds tokens up in floats


def test_the_ledgers_of_all_five_agree_with_our_records_to_the_last_request_and_credit(
    shop: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = ran(*at(shop, *NAMES), "--blocks", "1", "--json", "--out", tmp_path / "run")

    assert code == 0
    past = read_run(tmp_path / "run")
    for name in NAMES:
        assert [type(one.outcome) for one in of(past, name)] == [Images] * 2
        agrees(shop, past, name)
    assert past.header.benchmark is not None
    assert len(past.header.benchmark.watched) == 1
    assert {
        row["provider"] for row in json.loads(capsys.readouterr().out)["benchmark"]["speeds"]
    } == set(NAMES)


def test_the_ledgers_agree_where_replies_break_and_others_are_measured_on(
    shop: Emulator, tmp_path: Path
) -> None:
    faults = {"sub2api": "reset", "nanobanana": "half_json", "aimlapi": "rate_limit"}
    for name, fault in faults.items():
        shop.switch(name, fault)

    code = ran(*at(shop, *faults), "--blocks", "3", "--out", tmp_path / "run")

    assert code == 0
    past = read_run(tmp_path / "run")
    for name in faults:
        assert len(of(past, name)) == 6
        agrees(shop, past, name)
    classes = [
        {one.outcome.error_class for one in of(past, name) if isinstance(one.outcome, Fault)}
        for name in faults
    ]
    assert classes == [{"network"}, {"protocol"}, set()]
    assert all(isinstance(one.outcome, Images) for one in of(past, "aimlapi"))


def begun(
    shop: Emulator, folder: Path, lines: int, *more: str, of: tuple[str, ...]
) -> "subprocess.Popen[str]":
    """A benchmark whose journal has so many lines."""
    process = started(*at(shop, *of), *more, "--out", folder)
    journal = folder / JOURNAL
    while process.poll() is None:
        if journal.exists() and journal.read_bytes().count(b"\n") >= lines:
            return process
        time.sleep(0.01)  # it needs the processor more than we do
    raise AssertionError(f"it ended before: {process.communicate()}")


def gone_on(shop: Emulator, folder: Path) -> StoredRun:
    """Go on to the end; nothing was paid twice, and every shot has one record."""
    assert ran("run", "--resume", folder, "--no-calibrate", *LIMITS) == 0
    past = read_run(folder)
    assert past.unfinished == ()
    assert not past.header.interrupted
    for name in past.header.evidence:
        assert max(Counter(shop.posts(name)).values()) == 1
        plan = json.loads((folder / f"plan-{name}.json").read_text())
        assert sorted(one.shot.case.id for one in of(past, name)) == sorted(
            case["id"] for case in plan["cases"]
        )
    assert [one for one in past.records if one.skipped] == []
    return past


def test_a_killed_benchmark_goes_on_and_pays_nothing_twice(shop: Emulator, tmp_path: Path) -> None:
    names = ("sub2api", "buble")
    process = begun(shop, tmp_path / "run", 8, "--blocks", "2", "--concurrency", "3", of=names)
    process.kill()
    process.communicate()
    before = read_run(tmp_path / "run")

    past = gone_on(shop, tmp_path / "run")

    assert before.unfinished
    cut_off = {(item.line.provider, item.line.case) for item in before.unfinished}
    for record in past.records:
        name, case = record.shot.case.provider, record.shot.case.id
        seen = attempt_of(record, shipped(name), usable=True)
        assert seen is not None
        assert (seen.end == "cut_off") == ((name, case) in cut_off)


def test_ctrl_c_waits_for_what_is_under_way_and_the_rest_is_sent_later(
    shop: Emulator, tmp_path: Path
) -> None:
    names = ("sub2api", "aimlapi")
    process = begun(shop, tmp_path / "run", 6, "--blocks", "6", "--rate", "6", of=names)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=HUNG_S)
    before = read_run(tmp_path / "run")

    assert process.returncode == 130
    assert "Traceback" not in err
    assert before.unfinished == ()
    assert before.header.interrupted
    left = [record for record in before.records if record.exchanges]
    assert len(left) == len(shop.posts("sub2api") + shop.posts("aimlapi"))
    assert all(isinstance(record.outcome, Images) for record in left)
    assert ran("run", "--resume", tmp_path / "run", "--blocks", "3", *LIMITS) == 2  # as laid out
    assert len(gone_on(shop, tmp_path / "run").records) == 24


def test_a_recorded_benchmark_is_replayed_with_the_times_of_its_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("--provider", "sub2api", "--provider", "nanobanana", "--json")
    tapes = ("--cassettes", tmp_path / "cassettes")
    emulated = ("--against", "emulator", "--time-scale", "0.01", "--blocks", "2", "--record")
    made = ran(*BENCHMARK, *emulated, *names, *tapes, "--out", tmp_path / "run")
    first = json.loads(capsys.readouterr().out)["benchmark"]

    code = ran("run", "--only", "benchmark", *names, *tapes, "--out", tmp_path / "again")

    again = json.loads(capsys.readouterr().out)["benchmark"]
    assert (made, code) == (0, 0)
    assert [row["median"] for row in again["speeds"]] == [row["median"] for row in first["speeds"]]
    assert all("recorded" in row["basis"] for row in again["speeds"])
    assert read_run(tmp_path / "again").header.benchmark == (
        read_run(tmp_path / "run").header.benchmark
    )
    assert ran("report", tmp_path / "again") == 0
    assert ran("report", tmp_path / "again", tmp_path / "run") == 2
    assert "a benchmark is reported alone" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("--slo", "p95<1ms"),
            (1, "sub2api missed the ceiling at square-draft (c4)"),
        ),
        (("--slo", "p95<60s"), (0, "all promises that were tried held")),
        (("--budget", "sub2api=0"), (2, "nothing was measured: --budget 0 ")),
        (("--base-url", "sub2api=http://127.0.0.1:1"), (4, "none of 4 requests was served: ")),
    ],
)
def test_how_a_benchmark_ends_is_told_and_is_its_exit_code(
    shop: Emulator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, str],
    told: tuple[int, str],
) -> None:
    common = ("--blocks", "2", "--out", tmp_path / "run")

    ended = ran(*at(shop, "sub2api"), *common, *arguments)

    assert told[1] in capsys.readouterr().err
    assert ended == told[0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--provider", "buble"], "buble (run instead: harness run --only benchmark --against"),
        (["--blocks", "3"], "--blocks: a recorded benchmark keeps its design"),
        (["--concurrency", "3"], "--concurrency: a recorded benchmark keeps its design"),
        (["--against", "emulator", "--discover"], "--discover: for conformance only"),
        (["--against", "emulator", "--operation", "edit"], "--operation: for conformance only"),
        (["--against", "emulator", "--strength", "2"], "--strength: for conformance only"),
        (["--only", "conformance", "--blocks", "3"], "--blocks: for a benchmark only"),
        (["--only", "conformance", "--no-calibrate"], "--no-calibrate: for a benchmark only"),
    ],
)
def test_options_that_do_not_go_together_are_one_line_and_2(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--cassettes", tmp_path / "none", "--out", tmp_path / "run")

    code = ran("run", "--only", "benchmark", *where, *arguments)
    captured = capsys.readouterr()

    assert code == 2
    assert captured.out == ""
    assert told in captured.err
    assert captured.err.count("\n") == 1


def test_a_live_benchmark_without_a_budget_prints_its_price_and_sends_nothing(
    shop: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    live = (*BENCHMARK, "--against", "live", *shop.at("nanobanana"))

    code = ran(*live, "--blocks", "3", "--warm-up", "1", "--out", tmp_path / "run")

    told = capsys.readouterr().err
    assert code == 2
    assert "8 requests" in told
    assert "8 credits" in told
    assert "a live run needs a budget for nanobanana; nothing was sent" in told
    assert "--budget nanobanana=8)" in told
    assert shop.ledger("nanobanana") == []
    assert not (tmp_path / "run").exists()
