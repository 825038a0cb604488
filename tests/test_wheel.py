"""What a wheel holds is enough: every verb from an empty directory, with an empty home."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("harness", "cassettes", "pyproject.toml", "README.md", "LICENSE", "build_samples.py")
MEBIBYTE = 1024 * 1024

pytestmark = pytest.mark.xdist_group("wheel")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build it from a copy: setuptools leaves its work behind."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in PARTS:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, source / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--no-build-isolation", ".", "-w", str(built)], cwd=source, check=True)
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install it where the libraries are those of this environment, and nothing else of it is."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / "bin" / "python"
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run(
        [python, "-c", ask], check=True, capture_output=True, text=True
    ).stdout.strip()
    (Path(packages) / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    return environment / "bin"


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def told(installed: Path, here: Path, command: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        "HOME": str(here.parent / "home"),
        "PATH": os.pathsep.join([str(installed), "/usr/bin", "/bin"]),
    }
    return subprocess.run(
        shlex.split(command), cwd=here, env=environment, capture_output=True, text=True, check=False
    )


def test_the_wheel_is_small_and_holds_the_samples(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()

    assert wheel.stat().st_size < 3 * MEBIBYTE
    assert {path.name for path in (ROOT / "cassettes").iterdir()} == {
        name.split("/")[2] for name in names if name.startswith("harness/samples/")
    }
    assert not [name for name in names if name.split("/")[0] in ("tests", "cassettes")]
    assert not [name for name in names if "build_samples" in name]


def test_a_run_without_options_replays_the_samples_and_says_so(
    installed: Path, empty: Path
) -> None:
    done = told(installed, empty, "harness run")

    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[0] == "replayed: the samples that come with the harness"
    assert [path.name for path in empty.iterdir()] == ["reports"]
    (report,) = empty.glob("reports/*/summary.md")
    assert "the samples that come with the harness" in report.read_text()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        pytest.param("harness run --only benchmark", 0, marks=pytest.mark.slow),
        ("harness run --against emulator --provider nanobanana --max-images 1", 0),
        ("harness plan --provider nanobanana --no-cases", 0),
        ("harness explain --provider nanobanana --size 3840x1024 --n 2", 1),
        ("harness providers list", 0),
        ("harness providers show buble", 0),
        ("harness providers export --openapi buble", 0),
        ("harness emulate --list-faults", 0),
        ("harness config", 0),
        ("harness scan .", 0),
    ],
)
def test_every_verb_works_from_an_empty_directory(
    installed: Path, empty: Path, command: str, code: int
) -> None:
    done = told(installed, empty, command)

    assert done.returncode == code, done.stderr
    assert done.stdout + done.stderr


def test_a_folder_of_ones_own_is_replayed_instead_and_judged_and_reported(
    installed: Path, empty: Path
) -> None:
    record = (
        "harness run --against emulator --record --max-images 2 --provider nanobanana --out made"
    )
    recorded = told(installed, empty, record)
    assert recorded.returncode == 0, recorded.stderr
    replayed = told(installed, empty, "harness run --provider nanobanana")
    assert replayed.returncode == 0, replayed.stderr
    assert "samples" not in replayed.stderr

    for command in (
        "harness report made",
        "harness judge cassettes/nanobanana/generate.yaml --provider nanobanana",
    ):
        done = told(installed, empty, command)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "harness explain",
        "harness run --cassettes elsewhere --provider nanobanana",
        pytest.param(
            "harness run --only benchmark --cassettes elsewhere --provider nanobanana",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_hints_run_as_they_are_printed(installed: Path, empty: Path, command: str) -> None:
    refused = told(installed, empty, command)
    (hint,) = re.findall(r"harness [a-z]+ [^()\n]*[^()\n.,;]", refused.stderr)
    if "--against emulator" in hint:  # the same, in less time
        hint += " --provider nanobanana" if "--provider" not in hint else ""
        hint += " --max-images 2"
        hint += " --blocks 1 --time-scale 0.001 --no-calibrate" if "benchmark" in hint else ""
    done = told(installed, empty, hint)

    assert refused.returncode == 2
    assert done.returncode in (0, 1), done.stderr


def test_other_tools_cassettes_are_not_taken_for_ours(installed: Path, empty: Path) -> None:
    (empty / "cassettes" / "buble").mkdir(parents=True)
    (empty / "cassettes" / "test_client.yaml").write_text("interactions: []\n")
    done = told(installed, empty, "harness run --provider nanobanana")

    assert done.returncode == 0, done.stderr
    assert "samples" in done.stderr
