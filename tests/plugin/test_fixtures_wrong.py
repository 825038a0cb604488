"""What a user does wrong, and what happens to twins: sessions of pytest as users start them."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from tests.loopback import HUNG_S

WRONG = """
import os, signal, socket, unittest
import pytest

@pytest.mark.image_provider("apiframe", faults=["wrong_format_of_web"])
def test_misspelt_fault(image_provider): pass

@pytest.mark.image_provider("apiframe", faults=["signed_by_stranger"])
def test_unsigned(image_provider): pass

@pytest.mark.image_provider("buble", variants=["apiframe:no_such"])
def test_variant(image_provider): pass

@pytest.mark.image_provider("nanobanana")
def test_killed(image_provider):
    os.kill(image_provider.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    image_provider.ledger

@pytest.mark.image_provider("nanobanana")
def test_after_the_kill(image_provider):
    assert image_provider.ledger.requests == ()

@pytest.mark.image_provider("nanobanana")
def test_shown(image_provider):
    where = image_provider.url.removeprefix("http://").split(":")
    with socket.create_connection((where[0], int(where[1]))) as connection:
        connection.sendall(b"GET /nowhere HTTP/1.0\\r\\n\\r\\n")
        connection.recv(10)
    assert image_provider.ledger.images == 1

class TestOfUnittest(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _twin(self, image_provider):
        self.twin = image_provider

    @pytest.mark.image_provider("buble")
    def test_marked(self):
        self.assertEqual(self.twin.name, "buble")

    def test_unmarked(self):
        pass

@pytest.mark.parametrize("image_provider", ["buble"], indirect=True)
def test_by_hand(image_provider):
    assert image_provider.name == "buble"

class TestOfAnotherProject:
    @pytest.fixture
    def image_provider(self):
        return "a namesake"

    def test_namesake(self, image_provider):
        assert image_provider == "a namesake"

class TestOfOwn:
    @pytest.fixture
    def image_provider(self, image_provider):
        return [image_provider]

    @pytest.mark.image_provider("openai")
    def test_own(self, image_provider):
        assert image_provider[0].name == "openai"

def test_by_name(request):
    request.getfixturevalue("image_provider")
"""
MISTAKES = {
    '"apifrane"': "there is no twin of 'apifrane' (close: apiframe)",
    '"buble", fault=["x"]': "the marker has no argument 'fault' (close: faults)",
    '"buble", faults=3': "faults=3 is no list of names",
    '"buble", faults=[3]': "faults=[3] is no list of names",
    '"buble", time_scale="fast"': "time_scale='fast' is no number from 0 on",
    '"buble", time_scale=float("nan")': "time_scale=nan is no number from 0 on",
    '"buble", seed=-1': "seed=-1 is no whole number from 0 on",
    '["buble"]': "there is no twin of ['buble'] (close: buble)",
}


FIXTURES = ("-p", "harness.pytest_plugin.twins.fixtures")


def session(folder: Path, *arguments: str, alone: bool = True) -> str:
    """Run pytest in a folder: `alone`, with the plugin of the fixtures only."""
    alone_env = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} if alone else {}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            *(FIXTURES if alone else ()),
            *arguments,
        ],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
        timeout=HUNG_S,
        env={**os.environ, "COLUMNS": "300", **alone_env},
    )
    return done.stdout + done.stderr


def written(folder: Path, text: str) -> Path:
    (folder / "test_mine.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\nstrict = true\nfilterwarnings = error\n")
    (folder / "uvicorn.py").write_text("raise ImportError('a module of the user')\n")
    return folder


def outcomes(said: str) -> dict[str, str]:
    pairs = re.findall(r"^(PASSED|FAILED|ERROR) \S+::(?:\w+::)?(\S+)", said, re.MULTILINE)
    return {name: ending for ending, name in pairs}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = written(tmp_path_factory.mktemp("wrong"), WRONG)
    return session(folder, "-rA")


def test_each_mistake_fails_its_own_test(said: str) -> None:
    assert outcomes(said) == {
        "test_misspelt_fault[apiframe]": "ERROR",
        "test_unsigned[apiframe]": "ERROR",
        "test_variant[buble]": "ERROR",
        "test_killed[nanobanana]": "FAILED",
        "test_after_the_kill[nanobanana]": "PASSED",
        "test_shown[nanobanana]": "FAILED",
        "test_marked": "PASSED",
        "test_unmarked": "ERROR",
        "test_by_hand[buble]": "PASSED",
        "test_namesake": "PASSED",
        "test_own[openai]": "PASSED",
        "test_by_name": "FAILED",
    }


def test_each_mistake_is_told_in_a_line(said: str) -> None:
    lines = said.splitlines()

    assert "image_provider: apiframe: no fault 'wrong_format_of_web'; close: wrong_format" in said
    assert "image_provider: apiframe: signed_by_stranger needs signed=True" in lines
    assert any(
        line.startswith("image_provider: the emulator did not start: no variant 'apiframe:no_such'")
        for line in lines
    )
    assert "its process" in said
    assert "has ended (exit code -9), and its ledger with it" in said
    assert said.count("test_unmarked is not run once for each provider") == 2  # and in the summary
    assert "Traceback" not in said


def test_a_failed_test_shows_what_the_twin_received(said: str) -> None:
    assert "Requests that the twin of nanobanana received" in said
    assert "  GET /nowhere -> 404 error" in said.splitlines()


def test_a_wrong_marker_is_told_before_anything_runs(tmp_path: Path) -> None:
    tests = [
        f"@pytest.mark.image_provider({words})\ndef test_{number}(image_provider): pass\n"
        for number, words in enumerate(MISTAKES)
    ]
    for number, text in enumerate(tests):
        (tmp_path / f"test_{number}.py").write_text(f"import pytest\n{text}")
    lines = session(tmp_path, "--collect-only", "--strict-markers").splitlines()

    for told in MISTAKES.values():
        assert f"image_provider: {told}" in lines


BOTH = """
import os, pathlib, time, pytest

@pytest.mark.parametrize("number", range(4))
@pytest.mark.image_provider("apiframe", "buble")
def test_many(image_provider, number):
    assert image_provider.ledger.requests == ()
    pathlib.Path(f"{os.getpid()}.{image_provider.pid}.twin").touch()
"""


def test_each_worker_has_one_twin_of_its_own_and_leaves_none(tmp_path: Path) -> None:
    said = session(written(tmp_path, BOTH), "-p", "xdist", "-n", "2")
    pairs = [path.stem.split(".") for path in tmp_path.glob("*.twin")]

    assert "8 passed" in said
    assert len({worker for worker, _ in pairs}) == len(pairs) == 2
    assert not any(psutil.pid_exists(int(twin)) for _, twin in pairs)


HANGS = """
import os, pathlib, pytest

@pytest.mark.image_provider("buble")
def test_killed(image_provider):
    pathlib.Path("twin.pid").write_text(str(image_provider.pid))
    print("up", flush=True)
    os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal")
def test_a_twin_ends_with_a_session_that_is_killed(tmp_path: Path) -> None:
    session(written(tmp_path, HANGS), "-s")
    twin = int((tmp_path / "twin.pid").read_text())
    if psutil.pid_exists(twin):
        psutil.wait_procs([psutil.Process(twin)], timeout=HUNG_S)

    assert not psutil.pid_exists(twin)


def loaded(arguments: Sequence[str], folder: Path) -> str:
    """Return the modules of the harness that a session without its fixtures has loaded."""
    text = (
        "import sys\n"
        "def test_modules():\n"
        "    print([name for name in sorted(sys.modules) if name.startswith('harness')])\n"
    )
    (folder / "test_without.py").write_text(text)
    return session(folder, "-s", *arguments, alone=False)


def test_nothing_is_loaded_for_tests_without_fixtures(tmp_path: Path) -> None:
    said = loaded(["-n", "0"], tmp_path)

    assert "harness.pytest_plugin.twins.fixtures" in said
    for name in ("twins", "marker", "client", "cassettes", "examples"):
        assert f"harness.pytest_plugin.twins.{name}'" not in said
    assert "harness.core" not in said
