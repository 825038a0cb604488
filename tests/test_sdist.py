"""The source distribution holds what its tests need, and makes the same wheel as the tree."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

import pytest
from markdown_it import MarkdownIt

from tests.tracked import ROOT, tracked

MEBIBYTE = 1024 * 1024

ONLY_GIT_READS = {".git-blame-ignore-revs", ".gitattributes", ".gitignore", ".gitlab-ci.yml"}
"""What is tracked and in no source distribution."""

MADE_BY_SETUPTOOLS = {"PKG-INFO", "setup.cfg"}

FAST = (
    *("tests/test_registry.py", "tests/test_money.py", "tests/test_rate.py"),
    "tests/recipes/test_schemas.py",
)
"""They import the package, draw examples and read files of the project, in a second."""

ALONE = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}

pytestmark = pytest.mark.xdist_group("wheel")


def built(kind: str, source: Path, into: Path) -> Path:
    """Build with the backend itself, as `pip` and `build` do in the end."""
    ask = f"import setuptools.build_meta as b, sys; b.build_{kind}(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ask, into],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (found,) = into.glob("*.tar.gz" if kind == "sdist" else "*.whl")
    return found


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what is tracked, and leave beside it what tools leave: it is not packed."""
    copy = tmp_path_factory.mktemp("tree")
    for name in tracked():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    for name in (
        *("reports/demo/index.html", "tests/__pycache__/a.pyc", "tests/browser/node_modules/a.js"),
        *("docs/_build/index.html", ".venv/bin/python", "tests/browser/node_modules/.made"),
    ):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text("left behind")
    return copy


@pytest.fixture(scope="module")
def sdist(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("sdist", tree, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(place, filter="data")
    (folder,) = place.iterdir()
    return folder


@pytest.fixture(scope="module")
def wheel(tree: Path, sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert sdist.is_file()  # it is made first: the wheel's work stays in the tree
    return built("wheel", tree, tmp_path_factory.mktemp("wheel"))


def test_all_that_is_tracked_is_in_it_but_what_only_git_reads(unpacked: Path, sdist: Path) -> None:
    there = {
        path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()
    }
    ours = {name for name in there if ".egg-info/" not in name} - MADE_BY_SETUPTOOLS

    assert ours == set(tracked()) - ONLY_GIT_READS - MADE_BY_SETUPTOOLS
    assert sdist.stat().st_size < 8 * MEBIBYTE


def test_its_tests_pass_where_nothing_else_is(unpacked: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *FAST],
        cwd=unpacked,
        env=ALONE,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_the_wheel_from_it_equals_the_wheel_from_the_tree(
    wheel: Path, unpacked: Path, tmp_path: Path
) -> None:
    second = built("wheel", unpacked, tmp_path)
    one, other = ZipFile(wheel), ZipFile(second)

    assert wheel.name == second.name
    assert set(one.namelist()) == set(other.namelist())
    assert all(one.read(name) == other.read(name) for name in one.namelist())


def test_an_index_takes_both(wheel: Path, sdist: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "twine", "--no-color", "check", "--strict", wheel, sdist],
        env=ALONE,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert done.stdout.count(": PASSED") == 2


def test_the_description_that_an_index_shows_links_to_nothing_that_is_not_there(
    wheel: Path, unpacked: Path
) -> None:
    archive = ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    described = str(HeaderParser().parsestr(archive.read(name).decode()).get_payload())
    inside = [
        child
        for token in MarkdownIt("commonmark").parse(described)
        for child in token.children or ()
    ]
    targets = [str(token.attrs.get("href") or token.attrs.get("src") or "") for token in inside]
    named = re.findall(r"`((?:tests|reports|harness)/[\w./-]+\.(?:md|json))`", described)

    assert described.startswith("# image-provider-harness\n")
    assert {target.split(":")[0] for target in targets if target} == {"https"}
    assert all((unpacked / path).is_file() for path in named if "/RUN/" not in path)
    assert "tests/benchmarks/money.md" in named
