"""A process in which what Windows does not have is hidden.

    python without_posix.py imports + run --provider buble --out x + report x

imports every module of the package, and then is one `harness` after another; it prints the exit
codes as JSON. Libraries are loaded before anything is hidden: they have versions of their own
for Windows. The lock of Windows is played by a file of locked names, as nothing else has bytes that
are locked for everybody.
"""

import asyncio
import errno
import fcntl
import importlib
import importlib.util
import json
import os
import pkgutil
import re
import shutil
import signal
import ssl
import stat
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path

LIBRARIES = (
    *("asyncio", "concurrent.futures.process", "http.server", "multiprocessing", "socketserver"),
    *("pty", "tempfile", "zipfile", "tarfile", "webbrowser", "urllib.request", "uuid", "getpass"),
    *("_pytest.pytester", "anyio._backends._asyncio", "brotli", "c2pa", "click.testing"),
    *("cryptography.x509", "duckdb", "h11", "httpx", "httpx_sse", "hypothesis.strategies"),
    *("hypothesis.extra._patching", "ijson.backends.python", "imagehash", "jinja2", "jmespath"),
    *("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http.trace_exporter"),
    *("pandas", "PIL.Image", "PIL.ImageDraw", "psutil", "pyarrow.parquet", "pydantic", "pytest"),
    *("pydantic.json_schema", "pygments", "python_multipart", "rich.console", "rich.progress"),
    *("rich.table", "rich.markdown", "scipy.optimize", "scipy.special", "scipy.stats"),
    *("starlette.applications", "starlette.datastructures", "uvicorn", "vcr", "yaml"),
    *("uvicorn.lifespan.on", "uvicorn.loops.asyncio", "uvicorn.protocols.http.h11_impl"),
)

MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty")

FUNCTIONS = (
    *("chown", "ctermid", "fchdir", "fchmod", "fchown", "fork", "forkpty", "getegid", "geteuid"),
    *("getgid", "getgroups", "getloadavg", "getpgid", "getpgrp", "getpriority", "getsid", "getuid"),
    *("initgroups", "killpg", "lchown", "mkfifo", "mknod", "nice", "openpty", "pathconf"),
    *("posix_fallocate", "pread", "pwrite", "sched_getaffinity", "sched_setaffinity", "sendfile"),
    *("setegid", "seteuid", "setgid", "setpgid", "setpriority", "setsid", "setuid", "statvfs"),
    *("sync", "sysconf", "tcgetpgrp", "ttyname", "uname", "wait3", "wait4"),
    *("O_ASYNC", "O_CLOEXEC", "O_DIRECT", "O_DIRECTORY", "O_DSYNC", "O_NOATIME"),
    *("O_NOCTTY", "O_NOFOLLOW", "O_NONBLOCK", "O_PATH", "O_SYNC", "O_TMPFILE"),
)

SIGNALS = (
    *("SIGALRM", "SIGCHLD", "SIGCONT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGSTOP"),
    *("SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGUSR1", "SIGUSR2", "SIGWINCH", "ITIMER_REAL"),
    *("alarm", "getitimer", "pause", "pthread_kill", "pthread_sigmask", "setitimer", "sigwait"),
)

FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f\\]')
RESERVED = re.compile(
    r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)", re.IGNORECASE
)
"""Naming Files, Paths, and Namespaces, in Microsoft's documentation of Win32."""


def is_no_name(name: str) -> bool:
    """Tell whether Windows refuses a name, or makes another one of it."""
    return bool(
        FORBIDDEN.search(name)
        or RESERVED.match(name)
        or name.endswith((".", " "))
        or len(name) > 255
    )


def _refusing(name: object) -> None:
    """Raise OSError as Windows does for a path that it cannot have; other systems' own are left."""
    text = os.fsdecode(name) if isinstance(name, (str, bytes, os.PathLike)) else ""
    if text.startswith(("/proc", "/dev", "/sys")):
        return
    path = Path(text)
    for part in path.parts[1:] if path.is_absolute() else path.parts:
        if part not in (".", "..") and is_no_name(part):
            raise OSError(errno.EINVAL, f"Windows has no such name: {part!r}", text)


def _without_places(of_posix: Callable[..., object]) -> Callable[..., object]:
    """Return a function of `os` that knows no folder by descriptor."""

    def function(path: object, *rest: object, **named: object) -> object:
        places = {named.pop(name, None) for name in ("dir_fd", "src_dir_fd", "dst_dir_fd")}
        if places != {None}:
            raise NotImplementedError("dir_fd unavailable on this platform")
        _refusing(path)
        return of_posix(path, *rest, **named)

    return function


def _opening(of_posix: Callable[..., int]) -> Callable[..., object]:
    def function(path: object, flags: int, mode: int = 0o777, **named: object) -> object:
        if named.get("dir_fd") is not None:
            raise NotImplementedError("dir_fd unavailable on this platform")
        if flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR):
            _refusing(path)
        number = of_posix(path, flags | _CLOEXEC, mode)
        if stat.S_ISDIR(os.fstat(number).st_mode):
            os.close(number)
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return number

    return function


def _renaming(of_posix: Callable[..., None]) -> Callable[..., None]:
    def function(source: str, target: str, **named: object) -> None:
        if any(place is not None for place in named.values()):
            raise NotImplementedError("dir_fd unavailable on this platform")
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "File exists", source, None, target)
        _refusing(target)
        of_posix(source, target)

    return function


def _syncing(of_posix: Callable[[int], None]) -> Callable[[int], None]:
    """Return `fsync` as Windows has it: of files that are open for writing."""

    def function(number: int) -> None:
        if fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        of_posix(number)

    return function


def _scanning(of_posix: Callable[..., Iterator[object]]) -> Callable[..., Iterator[object]]:
    def function(path: object = ".") -> Iterator[object]:
        if isinstance(path, int):
            raise TypeError("listdir: path should be string, bytes, os.PathLike or None, not int")
        return of_posix(path)

    return function


def _no_handler(*_: object) -> None:
    raise NotImplementedError


def _no_blocking(number: int, blocking: bool) -> None:  # noqa: FBT001 - as the system has it
    raise OSError(errno.EINVAL, f"no pipe: {number}, {blocking}")


def _msvcrt() -> types.ModuleType:
    """Return a module that locks bytes, by what this system has."""
    module = types.ModuleType("msvcrt")

    def locking(number: int, _kind: int, count: int) -> None:
        try:
            fcntl.lockf(number, fcntl.LOCK_EX | fcntl.LOCK_NB, count, 0, os.SEEK_CUR)
        except BlockingIOError as error:
            raise PermissionError(errno.EACCES, "Permission denied") from error

    vars(module).update(locking=locking, LK_NBLCK=2)
    return module


_CLOEXEC = os.O_CLOEXEC


def hide() -> None:
    """Load the libraries, and take away what Windows has not."""
    for name in LIBRARIES:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    shutil._use_fd_functions = False  # type: ignore[attr-defined]
    kill = subprocess.Popen.terminate
    for name in MODULES:
        sys.modules[name] = None  # type: ignore[assignment] # the documented way to hide a module
    sys.modules["msvcrt"] = _msvcrt()
    for name in FUNCTIONS:
        vars(os).pop(name, None)
    for name in SIGNALS:
        vars(signal).pop(name, None)
    for name in ("mkdir", "unlink", "stat", "chmod"):
        setattr(os, name, _without_places(getattr(os, name)))
    os.rename = _renaming(os.rename)
    os.open = _opening(os.open)  # type: ignore[assignment]
    os.fsync = _syncing(os.fsync)  # type: ignore[assignment]
    os.scandir = _scanning(os.scandir)  # type: ignore[assignment]
    os.set_blocking = _no_blocking
    os.supports_dir_fd = set()
    os.supports_fd = {os.stat, os.truncate}
    subprocess.Popen.kill = kill  # type: ignore[method-assign]
    asyncio.SelectorEventLoop.add_signal_handler = _no_handler  # type: ignore[assignment, method-assign]
    vars(os)["process_cpu_count"] = os.cpu_count  # as on Windows: the other one asks the scheduler
    vars(ssl)["enum_certificates"] = lambda _store: ()  # what only Windows' own module has
    sys.platform = "win32"


RAY = "harness.engines.ray_engine"
"""The only module that imports an engine, which comes with an extra."""


def import_all() -> int:
    """Import every module of the package; 0, as a command ends, or 3."""
    import harness  # noqa: PLC0415 - after `hide`

    found = [each.name for each in pkgutil.walk_packages(harness.__path__, "harness.")]
    for name in found:
        if name.endswith("__main__") or (name == RAY and importlib.util.find_spec("ray") is None):
            continue
        importlib.import_module(name)
    return 0 if len(found) > 1 else 3


def command(words: list[str]) -> int:
    """Be one command, in this process, and return its exit code."""
    door = importlib.import_module("harness.cli.main")

    sys.argv[1:] = words
    try:
        door.main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def main(words: list[str]) -> None:
    """Do one thing after the other, without what is hidden, and print how each ended."""
    hide()
    lines = " ".join(words).split(" + ")
    codes = [import_all() if line == "imports" else command(line.split()) for line in lines]
    sys.stdout.write(json.dumps(codes))
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
