"""A run folder with any byte, value or type changed is read, or refused in one line; never more."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

import pytest

from harness.cli.main import status
from harness.store.line import HEADER, JOURNAL
from tests.runner.processes import harness
from tests.store.journals import resealed

PLAN = "plan-apiframe.json"
ROUNDS = 80
RESUMED = 6
DEEP = 600
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 10**12, 10**400, -(10**18), 1e308, 1e-320, float("nan")),
    *(float("inf"), "", "x", "\ud800", "\0\x1b[2J", "../../etc/passwd", "http://127.0.0.1:9/"),
    *("9" * 6000, "1e999999", "NaN", [], {}, [[]], {"a": None}),
    json.loads("[" * DEEP + "]" * DEEP),
)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("begun") / "run"
    options = ("--operation", "generate", "--max-images", "3", "--max-requests", "12")
    done = harness(
        *("run", "--against", "emulator", "--provider", "apiframe", *options, "--out", folder)
    )
    assert done.code in (0, 4), done.err
    return folder


def places(
    value: dict[str, Any] | list[Any], path: tuple[Any, ...] = ()
) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value, by its keys."""
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for key, content in members:
        yield (*path, key)
        if isinstance(content, dict | list):
            yield from places(content, (*path, key))


def changed(content: bytes, dice: Random) -> bytes:
    """JSON with one value exchanged, taken away, doubled or added; or with other bytes."""
    if dice.random() < 0.25:
        return spoiled(content, dice)
    value = json.loads(content)
    path = dice.choice([*places(value)])
    holder = value
    for key in path[:-1]:
        holder = holder[key]
    match dice.randrange(6), holder:
        case 0, dict():
            del holder[path[-1]]
        case 1, dict():
            holder["a key of nobody \ud800"] = dice.choice(ODD)
        case 2, list():
            holder.append(holder[path[-1]])
        case _:
            holder[path[-1]] = dice.choice(ODD)
    return json.dumps(value, separators=(",", ":")).encode()


def spoiled(content: bytes, dice: Random) -> bytes:
    at = dice.randrange(len(content))
    start, end = content[:at], content[at:]
    return dice.choice(
        (
            start,
            b"",
            b"\xef\xbb\xbf" + content,
            start + b"[" * 100_000 + end,
            start + b"9" * 5_000 + end,
            start + dice.randbytes(5) + end,
            start + bytes([end[0] ^ 1 << dice.randrange(8)]) + end[1:],
        )
    )


def alter(folder: Path, dice: Random) -> None:
    """Change a file of a run, and make its checksums fit: who alters one can compute them."""
    name = dice.choice((HEADER, JOURNAL, JOURNAL, JOURNAL, PLAN))
    raw = (folder / name).read_bytes()
    if name == JOURNAL:
        lines = raw.splitlines(keepends=True)
        at = dice.randrange(len(lines))
        body, _, seal = lines[at].rpartition(b',"seq":')
        altered = changed(body + b"}", dice)
        lines[at] = resealed(altered.removesuffix(b"}") + b',"seq":' + seal)
        raw = b"".join(lines[: dice.choice((at + 1, len(lines)))])
    elif name == HEADER:
        header = {key: content for key, content in json.loads(raw).items() if key != "crc"}
        body = changed(json.dumps(header).encode(), dice).removesuffix(b"}")
        raw = body + b',\n  "crc": "%08x"\n}\n' % crc32(body)
    else:
        raw = changed(raw, dice)
    (folder / name).write_bytes(raw)


def assert_read_or_refused(code: int, err: str, seed: int) -> None:
    assert code in (0, 2, 4, 130), f"seed {seed}: {code} {err}"
    assert "Traceback" not in err, f"seed {seed}: {err}"
    lines = [line for line in err.splitlines() if line.startswith("harness: ")]
    is_refused = code == 2 and "not tested" not in err  # a run of which nothing is left to judge
    assert len(lines) == is_refused, f"seed {seed}: {err}"
    assert len(err) < 3_000, f"seed {seed}"


def test_any_change_is_read_or_refused_in_one_line(
    begun: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in range(ROUNDS):
        folder = tmp_path / str(seed)
        shutil.copytree(begun, folder)
        alter(folder, Random(seed))

        code = status(["report", str(folder), "--out", str(folder / "out")])

        assert_read_or_refused(code, capsys.readouterr().err, seed)
        shutil.rmtree(folder)


def test_an_altered_run_is_never_gone_on_with_by_a_crash(
    begun: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in range(ROUNDS, ROUNDS + RESUMED):
        folder = tmp_path / str(seed)
        shutil.copytree(begun, folder)
        alter(folder, Random(seed))

        code = status(["run", "--resume", str(folder), "--max-images", "0"])

        assert_read_or_refused(code, capsys.readouterr().err, seed)


@pytest.mark.parametrize("name", [HEADER, JOURNAL, PLAN])
@pytest.mark.parametrize("what", ["folder", "unreadable", "holes", "pipe"])
def test_what_is_no_file_of_a_run_is_refused_in_one_line(
    begun: Path, tmp_path: Path, name: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(begun, folder)
    file = folder / name
    match what:
        case "folder":
            file.unlink()
            file.mkdir()
        case "unreadable":
            file.chmod(0)
        case "pipe":
            file.unlink()
            os.mkfifo(file)
        case _:
            os.truncate(file, 2**30)

    code = status(["run", "--resume", str(folder), "--max-images", "0"])

    err = capsys.readouterr().err
    assert code in ((2, 3) if what != "unreadable" or os.geteuid() else (0, 2, 4)), err
    assert "Traceback" not in err
    assert len([line for line in err.splitlines() if line.startswith("harness: ")]) <= 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"a = " + b"[" * 100_000,
        b"a = " + b"9" * 5_000,
        b"a = 1e400\nb = nan",
        b"a.a" + b".a" * 5_000 + b" = 1",
        b"\xef\xbb\xbfname = 1",
        b'name = "\\ud800"',
        b"\0",
    ],
    ids=range(9),
)
@pytest.mark.parametrize(
    "verb",
    [
        ("providers", "validate"),
        ("run", "--only", "benchmark", "--against", "emulator", "--workload"),
        ("judge", "--provider", "buble"),
        ("explain", "--provider", "buble"),
    ],
    ids=["validate", "workload", "judge", "explain"],
)
def test_a_file_of_anybody_is_refused_in_one_line(
    tmp_path: Path, verb: tuple[str, ...], content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "theirs.toml"
    file.write_bytes(content)

    code = status([*verb, str(file)])

    err = capsys.readouterr().err
    assert code == 2, err
    assert "Traceback" not in err
    assert len([line for line in err.splitlines() if line.startswith("harness: ")]) == 1
