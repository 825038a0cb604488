import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:  # so that tests can import what stands beside them
    sys.path.insert(0, ROOT)

from harness.emulator.received import facts  # noqa: E402 - the path comes first
from harness.emulator.rules import uploads  # noqa: E402 - the same

_FACTS = cache(facts)


@pytest.fixture
def each_file_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the emulator look at equal bytes once: thousands of cases share a few hundred files."""
    monkeypatch.setattr(uploads, "facts", _FACTS)


PLANNING = (
    "cases/test_covering.py",
    "cases/test_default_plan.py",
    "cases/test_limits.py",
    "test_plan.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give what is planned for one provider to one worker: each plan and its rows are made once."""
    here = Path(__file__).parents[1]
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            name = item.callspec.params.get("name")
            if name and item.path.relative_to(here).as_posix() in PLANNING:
                item.add_marker(pytest.mark.xdist_group(f"plans-of-{name}"))
