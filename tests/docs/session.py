"""A reader of a page: types its commands, runs its Python, saves its files, in one directory."""

import builtins
import io
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.cli.main import status
from tests.docs.pages import Block

ENDS = re.compile(r"\s+# ends with (?P<code>\d+)$")
SHELL = re.compile(r"[|<>&;*?$`~]|\\")
PORT = re.compile(r"\b87(?P<offset>\d\d)\b")
PORTS = 12
"""Those of one emulator, and some more."""
SCRIPTS = Path(sys.executable).parent


@dataclass(slots=True)
class Reader:
    """What a reader of a page has: a directory, an environment, a namespace, what was printed."""

    root: Path
    environment: dict[str, str]
    port: int
    cwd: Path = field(init=False)
    namespace: dict[str, object] = field(default_factory=lambda: {"__builtins__": builtins})
    printed: str = ""
    served: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cwd = self.root

    def follow(self, block: Block) -> None:
        """Do what a block says; an assertion fails where it does not come out as the page says."""
        text = PORT.sub(lambda found: str(self.port + int(found["offset"])), block.text)
        match block.kind:
            case "file":
                path = self.cwd / block.caption
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            case "commands":
                self.printed = "".join(self._typed(command) for command in commands(text))
            case "python":
                self.printed = self._ran(text)
            case "output":
                missing = unprinted(text, self.printed)
                assert not missing, f"{missing!r} is not in:\n{self.printed}"
            case "elsewhere" | "shown":
                pass

    def _typed(self, command: str) -> str:
        """Return what a command prints; its exit code is the one that the page names."""
        ends = ENDS.search(command)
        line, wanted = ENDS.sub("", command), int(ends["code"]) if ends else 0
        words = shlex.split(line, comments=True)
        match words:
            case []:
                return ""
            case ["cd", where]:
                self.cwd = next(self.cwd.glob(where), self.cwd / where).resolve()
                return ""
            case ["export", *values]:
                parts = [value.partition("=") for value in values]
                self.environment.update({name: value for name, _, value in parts})
                return ""
            case ["harness", *arguments, "&"]:
                return self._serves(arguments)
            case ["harness", *arguments] if not SHELL.search(_unquoted(line)):
                code, printed = self._inside(lambda: status(arguments))
            case ["harness", *arguments, ">", file] if not SHELL.search(
                _unquoted(line).replace(">", "", 1)
            ):
                code, printed = self._inside(lambda: status(arguments), into=file)
            case ["pytest", *arguments] if not SHELL.search(_unquoted(line)):
                code, printed = self._inside(lambda: _tested(arguments))
            case _:
                code, printed = self._outside(line)
        assert code == wanted, f"{line}\nends with {code}, not {wanted}:\n{printed}"
        assert "Traceback (most recent call last)" not in printed, printed
        return printed

    def _inside(self, work: Callable[[], int], *, into: str = "") -> tuple[int, str]:
        """Run a command in this process: no page pays for what all of them import.

        `into` is a file for its output; what it says of errors is printed all the same.
        """
        printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8") if into else printed
        with self._there(), redirect_stdout(output), redirect_stderr(printed):
            code = work()
        if into:
            (self.cwd / into).write_text(_read(output), encoding="utf-8")
        return code, _read(printed)

    def _outside(self, line: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-c", line],  # noqa: S607 - the reader's shell
            cwd=self.cwd,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def _serves(self, arguments: list[str]) -> str:
        """Start an emulator, and wait until it has said where it is."""
        server = subprocess.Popen(
            [str(SCRIPTS / "harness"), *arguments],
            cwd=self.cwd,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.served.append(server)
        assert server.stdout
        said = ""
        for line in server.stdout:
            said += line
            if line.startswith("openai"):
                return said
        raise AssertionError(said)

    def _ran(self, text: str) -> str:
        printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        with self._there(), redirect_stdout(printed):
            exec(compile(text, "page", "exec"), self.namespace)  # noqa: S102 - our own pages
        return _read(printed)

    @contextmanager
    def _there(self) -> Iterator[None]:
        """Be in the reader's directory, with the reader's environment."""
        before, here = dict(os.environ), Path.cwd()
        os.environ.clear()
        os.environ.update(self.environment)
        os.chdir(self.cwd)
        try:
            yield
        finally:
            os.chdir(here)
            os.environ.clear()
            os.environ.update(before)

    def leaves(self) -> None:
        """End what goes on in the background."""
        for server in self.served:
            server.terminate()
            server.communicate()


def reader(root: Path) -> Reader:
    """Return a reader with an empty directory, an empty HOME, and nothing of ours on the PATH."""
    home, folder = root / "home", root / "page"
    home.mkdir(parents=True)
    folder.mkdir(exist_ok=True)
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    path = f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"
    environment = {**kept, "PATH": path, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    return Reader(root=folder, environment=environment, port=_free())


def _tested(arguments: list[str]) -> int:
    """Run pytest as a command does, and forget the modules that it imported."""
    before, path = dict(sys.modules), list(sys.path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is imported already is not rewritten
            return int(pytest.main(["-p", "no:cacheprovider", "-p", "no:xdist", *arguments]))
    finally:
        for name in set(sys.modules) - set(before):
            if name.startswith("test_"):
                del sys.modules[name]
        sys.path[:] = path


def _free() -> int:
    """Return the first of some ports in a row that nobody has."""
    for first in range(20_000 + os.getpid() % 10_000, 60_000, PORTS):
        try:
            with socket.create_server(("127.0.0.1", first)):
                pass
            for port in range(first + 1, first + PORTS):
                socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return first
    raise AssertionError("no ports")


def copied(kept: Path, to: Path) -> None:
    """Give a reader the directory in which another one's first commands have run."""
    shutil.copytree(kept, to, dirs_exist_ok=True)


def commands(text: str) -> list[str]:
    """Return the lines that are typed: one that ends in a backslash goes on in the next."""
    joined = re.sub(r" *\\\n *", " ", text)
    return [
        line.removeprefix("$ ").strip()
        for line in joined.splitlines()
        if line.strip() and not line.startswith("#")
    ]


def unprinted(wanted: str, printed: str) -> str:
    """Return the first line that was to be printed and is not there, in its order; "" for none."""
    there, at = " ".join(printed.split()), 0
    for line in wanted.splitlines():
        for piece in line.split("..."):
            words = " ".join(piece.split())
            found = there.find(words, at)
            if found < 0:
                return line.strip()
            at = found + len(words)
    return ""


def _unquoted(line: str) -> str:
    return re.sub(r"'[^']*'|\"[^\"]*\"", "", line)


def _unwritten(line: str) -> str:
    """Return a line without its quoted texts and its one `>`."""
    return _unquoted(line).replace(" > ", " ", 1)


def _read(printed: io.TextIOWrapper) -> str:
    printed.flush()
    printed.seek(0)
    return printed.read()
