"""Nothing that is released tomorrow reaches an installation: the locks and the install steps."""

import base64
import hashlib
import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.dependency_groups import resolve_dependency_groups
from packaging.markers import default_environment
from packaging.utils import canonicalize_name

from tests.locks import apart, doubled, incomplete, loose, open_steps, pins, steps, unmet

ROOT = Path(__file__).parents[1]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = sorted(path.name for path in ROOT.glob("requirements*.lock"))
DEPENDENCIES = [*PYPROJECT["project"]["dependencies"], *PYPROJECT["build-system"]["requires"]]
GROUPS: Mapping[str, Any] = PYPROJECT["dependency-groups"]
HASH = "--hash=sha256:" + "0" * 64


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _group(lock: str) -> str:
    """Return the dependency group that a lock is made from; `build` goes with the harness alone."""
    return lock.removeprefix("requirements").removesuffix(".lock").removeprefix("-") or "build"


def _installed(group: str) -> Iterable[Distribution]:
    """Return what is installed for a group: here, or in an environment of its own if it is made."""
    if group in {"build", "dev"}:
        return distributions()
    return distributions(path=[*map(str, ROOT.glob(f".venv-{group}/lib/python*/site-packages"))])


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_leaves_nothing_open(lock: str) -> None:
    entries = pins(_text(lock))

    assert entries
    assert loose(_text(lock)) == []
    assert doubled(entries) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_all_that_is_asked_for_on_every_platform(lock: str) -> None:
    group = _group(lock)
    entries = pins(_text(lock))
    direct = DEPENDENCIES if group in {"build", "dev"} else []

    assert unmet(entries, "pyproject.toml", direct) == []
    assert unmet(entries, group, resolve_dependency_groups(GROUPS, group)) == []
    assert incomplete(entries, _installed(group)) == []


def test_every_dependency_group_has_its_lock() -> None:
    assert sorted(map(_group, LOCKS)) == sorted(GROUPS)


def test_the_tests_run_on_the_versions_that_users_get() -> None:
    assert apart(pins(_text("requirements.lock")), pins(_text("requirements-dev.lock"))) == []


def test_this_environment_is_what_its_lock_says() -> None:
    installed = {canonicalize_name(package.name): package.version for package in distributions()}
    platform = default_environment()
    locked = [pin for pin in pins(_text("requirements-dev.lock")) if pin.applies(platform)]

    differing = {pin.name: pin.version for pin in locked if installed.get(pin.name) != pin.version}
    assert not differing, "other versions are installed: run `make .venv/.tests`"


def test_no_install_step_anywhere_resolves_or_builds() -> None:
    folders = [ROOT / "harness", ROOT / "tests", ROOT / ".ci"]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    texts = {
        path: path.read_text(encoding="utf-8")
        for path in [ROOT / "Makefile", *ROOT.glob("*.md"), *files]
        if path.suffix in {"", ".html", ".md", ".py", ".sh", ".toml"}
        and path.name not in {Path(__file__).name, "locks.py"}
    }

    complaints = {str(path): open_steps(text) for path, text in texts.items()}
    assert not {path: texts for path, texts in complaints.items() if texts}


def test_the_install_steps_of_makefile_and_readme_are_seen() -> None:
    of_makefile = [step.options[-1] for step in steps(_text("Makefile")) if step.options]
    of_readme = [step.options[-1] for step in steps(_text("README.md")) if step.options]

    everything = ["requirements.lock", ".", "requirements-dev.lock"]
    assert of_makefile[:4] == [*everything, "requirements-$*.lock"]
    assert of_readme == [*everything, "requirements-$kind.lock"]


GOOD = f"--only-binary :all:\nclick==8.5.1 \\\n    {HASH} \\\n    {HASH}\n    # via rich\n"


def test_a_lock_with_no_fault_has_no_complaint() -> None:
    assert loose(GOOD) == []
    assert doubled(pins(GOOD)) == []


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (f"rich>=15 {HASH}", "line 6: rich is not pinned to one version with =="),
        (f"rich==15.* {HASH}", "line 6: rich is not pinned to one version with =="),
        (f"rich==15.0,!=15.1 {HASH}", "line 6: rich is not pinned to one version with =="),
        (f"rich {HASH}", "line 6: rich is not pinned to one version with =="),
        ("rich==15.0.0", "line 6: rich has no hash"),
        ("rich==15.0.0 --hash=md5:0", "line 6: cannot be read: rich==15.0.0 --hash=md5:0"),
        (f"rich @ wheels/rich.whl {HASH}", "line 6: rich comes from an address"),
        ("-e .", "line 6: the option -e ."),
        ("-r requirements.txt", "line 6: the option -r requirements.txt"),
        ("--pre", "line 6: the option --pre"),
        ("--index-url simple", "line 6: the option --index-url simple"),
        ("--no-binary :all:", "line 6: the option --no-binary :all:"),
        ("# from https://mirror/simple", "line 6 names a host"),
        ("# from packages.example.com", "line 6 names a host"),
    ],
)
def test_what_a_lock_leaves_open_is_found(line: str, complaint: str) -> None:
    assert complaint in loose(GOOD + line + "\n")


def test_a_lock_that_lets_in_what_has_to_be_built_is_found() -> None:
    assert loose(GOOD.replace("--only-binary :all:\n", "")) == ["no line says --only-binary :all:"]


def _lock(*lines: str) -> str:
    return "--only-binary :all:\n" + "".join(f"{line} \\\n    {HASH}\n" for line in lines)


@pytest.mark.parametrize(
    ("requirement", "reason"),
    [
        ("absent", "absent: it is not in the lock (Python 3.11.0, linux, x86_64)"),
        ("pip>=99", "pip>=99: the lock pins 26.1 (Python 3.11.0, linux, x86_64)"),
        ("coverage[toml]", "coverage[toml]: the lock pins it without [toml] (Python 3.11.0, li"),
        ("numpy", "numpy: it is not in the lock (Python 3.14.0, linux, x86_64)"),
        ("colorama", "colorama: it is not in the lock (Python 3.11.0, linux, x86_64)"),
        ("a; sys_platform == 'darwin'", "it is not in the lock (Python 3.11.0, darwin, x86_64)"),
    ],
)
def test_what_a_lock_lacks_is_found(requirement: str, reason: str) -> None:
    lock = _lock(
        "coverage==7.17.3",
        "pip==26.1",
        "numpy==2.4.6 ; python_full_version < '3.14'",
        "colorama==0.4.6 ; sys_platform == 'win32'",
    )

    (complaint,) = unmet(pins(lock), "me", [requirement])
    assert complaint.startswith("me wants ")
    assert reason in complaint


@pytest.mark.parametrize(
    "requirement",
    ["coverage", "Coverage[TOML]>=7", "numpy; python_version == '3.11'", "absent; extra == 'x'"],
)
def test_what_a_lock_holds_is_no_complaint(requirement: str) -> None:
    lock = _lock("coverage[toml]==7.17.3", "numpy==2.4.6 ; python_version < '3.12'")

    assert unmet(pins(lock), "me", [requirement]) == []


def test_two_pins_of_one_name_on_one_platform_are_found() -> None:
    lock = _lock("numpy==2.4.6 ; python_version < '3.13'", "NumPy==2.5.5 ; python_version > '3.11'")

    assert doubled(pins(lock)) == ["numpy is pinned twice (Python 3.12.0, linux, x86_64)"]


def test_a_lock_that_lacks_what_an_installed_package_requires_is_found(tmp_path: Path) -> None:
    _wheel(tmp_path, "cov", "7.1", "coverage[toml]>=7", "tomli; extra == 'old'")
    _unpack(tmp_path)
    installed = list(distributions(path=[str(tmp_path)]))

    assert incomplete(pins(_lock("cov==7.1", "coverage[toml]==7.17")), installed) == []
    assert incomplete(pins(_lock("cov==7.2")), installed) == []
    assert [
        complaint.partition(" (")[0]
        for lines in (
            ("cov==7.1",),
            ("cov==7.1", "coverage==7.17"),
            ("cov==7.1", "coverage[toml]==6.0"),
            ("cov[old]==7.1", "coverage[toml]==7.17"),
        )
        for complaint in incomplete(pins(_lock(*lines)), installed)
    ] == [
        "cov wants coverage[toml]>=7: it is not in the lock",
        "cov wants coverage[toml]>=7: the lock pins it without [toml]",
        "cov wants coverage[toml]>=7: the lock pins 6.0",
        'cov wants tomli; extra == "old": it is not in the lock',
    ]


def test_a_version_that_the_larger_lock_does_not_hold_is_found() -> None:
    users = pins(_lock("click==8.5.1", "rich==15.0.0"))

    assert apart(users, pins(_lock("click==8.5.1", "rich==15.1.0"))) == [
        "rich 15.0.0 is not in the larger lock"
    ]


CHECK = "\n.venv/bin/python -m pip check\n"


@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        ("--require-hashes -r a.lock", "resolves: it lacks --no-deps"),
        ("--no-deps -r a.lock", "lacks --require-hashes"),
        ("--no-deps --require-hashes -r requirements.txt", "names no lock"),
        ("--no-deps --require-hashes rich", "names no lock"),
        ("--no-deps -e .", "builds with what is newest"),
        ("--no-build-isolation -e .", "resolves: it lacks --no-deps"),
        ("--no-deps --no-build-isolation -e . && x", None),
        ("--no-deps \\\n  --require-hashes -r a.lock", None),
    ],
)
def test_an_open_install_step_is_found(step: str, complaint: str | None) -> None:
    complaints = open_steps(f".venv/bin/python -m pip install {step}{CHECK}")

    assert [text.rpartition("` ")[2] for text in complaints] == ([complaint] if complaint else [])


@pytest.mark.parametrize(
    "script",
    [
        "a/bin/python -m pip {install}",
        "a/bin/python -m pip check; a/bin/python -m pip {install}",
        "b/bin/python -m pip --python a {install}; b/bin/python -m pip check",
    ],
)
def test_an_installation_that_is_not_checked_is_found(script: str) -> None:
    install = "install --no-deps --require-hashes -r a.lock"
    script = script.format(install=install)

    (complaint,) = open_steps(script)
    assert complaint.startswith("no `pip check` follows `")
    assert open_steps(f"{script}\na/bin/python -m pip check") == []


@pytest.mark.parametrize(
    "script",
    [
        "    pip install --target FOLDER rich",
        "uv pip install rich",
        "pip3 -q install rich",
        "python3 -m pip install --upgrade pip",
        "python3 -m venv --upgrade-deps .venv",
    ],
)
def test_an_installation_in_another_way_is_found(script: str) -> None:
    assert open_steps(script) != []


def _wheel(folder: Path, name: str, version: str, *requirements: str) -> str:
    """Write a wheel that holds nothing but its metadata; return the pin of it with its hash."""
    info = f"{name}-{version}.dist-info"
    required = "".join(f"Requires-Dist: {requirement}\n" for requirement in requirements)
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        "METADATA": f"{head}Provides-Extra: toml\nProvides-Extra: old\n{required}",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{info}/RECORD,,\n"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
            record += f"{info}/{file},sha256={digest.decode().rstrip('=')},{len(text)}\n"
            wheel.writestr(f"{info}/{file}", text)
        wheel.writestr(f"{info}/RECORD", record)
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def _unpack(folder: Path) -> None:
    for path in folder.glob("*.whl"):
        zipfile.ZipFile(path).extractall(folder)


def test_what_is_released_after_a_lock_does_not_reach_its_installation(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    pinned = [_wheel(tmp_path, "coverage", "1.0"), _wheel(tmp_path, "cov", "1.0", "coverage[toml]")]
    lock.write_text("--only-binary :all:\n" + "".join(pinned), encoding="utf-8")
    _wheel(tmp_path, "coverage", "2.0")
    (step, *_) = steps(_text("README.md"))
    command = [sys.executable, "-m", "pip", "install", *step.options[:-1], str(lock), "--no-index"]
    command += ["--find-links", str(tmp_path), "--target", str(tmp_path / "installed")]
    environment = {"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull}

    subprocess.run(command, check=True, capture_output=True, env=environment)

    installed = {package.name: package.version for package in distributions(path=[command[-1]])}
    assert installed == {"coverage": "1.0", "cov": "1.0"}
