"""Slices on a Ray cluster of this machine, where the extra `ray` is installed."""

import importlib.util
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.store.reader import read_run
from tests.loopback import HUNG_S
from tests.runner.processes import KNOWN, Emulator, emulator, environment, harness, started

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="needs the extra `ray`"
)

NAME = "nanobanana"
PLANTED = "sk-planted-7f3b1c9d5e2a4f6088aa"
SESSIONS = Path("/tmp/ray")  # noqa: S108 - where Ray writes its logs


@pytest.fixture
def shop() -> Iterator[Emulator]:
    with emulator("--time-scale", "0.001", *KNOWN, "--key", PLANTED) as found:
        yield found


def _arguments(shop: Emulator, out: Path) -> tuple[str, ...]:
    return (
        *("run", "--on", "ray", "--slices", "2", "--vantages", "eu,us", "--against", "live"),
        *(*shop.at(NAME), "--max-images", "4", "--out", str(out)),
    )


def test_a_key_is_in_no_file_of_ray_and_in_none_that_was_pulled(
    shop: Emulator, tmp_path: Path
) -> None:
    before = set(SESSIONS.glob("session_*"))
    env = environment(**{f"{NAME.upper()}_API_KEY": PLANTED})
    done = harness(*_arguments(shop, tmp_path / "run"), env=env)
    run = read_run(tmp_path / "run")
    sessions = {each for each in SESSIONS.glob("session_*") if not each.is_symlink()} - before
    files = [file for each in (tmp_path, *sessions) for file in each.rglob("*") if file.is_file()]

    assert done.code == 0, done.err
    assert [part.vantage for part in run.header.parts] == ["eu", "us"]
    assert sessions
    assert PLANTED not in done.out + done.err
    assert [file for file in files if PLANTED.encode() in file.read_bytes()] == []


def test_ctrl_c_ends_all_slices_and_the_run_goes_on(shop: Emulator, tmp_path: Path) -> None:
    env = environment(**{f"{NAME.upper()}_API_KEY": PLANTED})
    with started(*_arguments(shop, tmp_path / "run"), env=env) as running:
        while running.poll() is None and not shop.ledger(NAME):
            pass
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=HUNG_S)
    done = harness("run", "--resume", tmp_path / "run", "--on", "ray", env=env)
    paid = [each["body_sha256"] for each in shop.ledger(NAME) if each["paid"]]

    assert running.returncode == 130, said
    assert done.code == 0, done.err
    assert len(paid) == len(set(paid))


def test_a_head_that_nobody_runs_is_one_line_and_exit_4(shop: Emulator, tmp_path: Path) -> None:
    arguments = [*_arguments(shop, tmp_path / "run")]
    arguments[arguments.index("ray")] = "ray://127.0.0.1:9"
    done = harness(*arguments)

    assert done.code == 4
    assert done.err.splitlines()[-1].startswith("harness: ray://127.0.0.1:9 cannot be reached")
    assert not (tmp_path / "run").exists()
