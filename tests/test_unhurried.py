"""No test is in a hurry: a limit in seconds stops only what hangs, however busy the machine is."""

import ast
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
HANGS_S = 120
LIMITING = frozenset({"timeout", "wait_for", "settimeout", "wait"})
"""Calls whose plain numbers are limits in seconds; elsewhere they are given by name."""

WANTED = {
    "cli/test_help.py": "an option of that name is read, and nothing waits",
    "clients/test_buble.py": "a client's own patience is what is tested",
}


def _short_limits(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        limits = [word.value for word in node.keywords if word.arg == "timeout"]
        limits += node.args if called in LIMITING else []
        for limit in limits:
            number = limit.value if isinstance(limit, ast.Constant) else None
            if isinstance(number, int | float) and 0 < number < HANGS_S:
                yield f"{path.relative_to(HERE)}:{node.lineno}: {called} {number}"


def test_no_limit_is_so_short_that_a_busy_machine_passes_it() -> None:
    paths = [path for path in HERE.rglob("*.py") if "benchmarks" not in path.parts]
    found = [
        limit
        for path in paths
        if path.relative_to(HERE).as_posix() not in WANTED
        for limit in _short_limits(path)
    ]

    assert found == []  # tests.loopback.HUNG_S is long enough
    assert all(list(_short_limits(HERE / path)) for path in WANTED)
