"""What holds for all tests: nobody is timed, and each plan is made by one worker."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

HERE = Path(__file__).parent
PLANNING = (
    "cases/test_covering.py",
    "cases/test_default_plan.py",
    "cases/test_limits.py",
    "test_plan.py",
)

# The same commit draws the same examples everywhere: what a test finds by chance is news for us
# (`make draws` draws anew), never a red build for somebody who changed something else.
settings.register_profile("anew", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", settings.get_profile("anew"), derandomize=True)
settings.load_profile("same")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give what is planned for one provider to one worker: each plan and its rows are made once."""
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            name = item.callspec.params.get("name")
            if name and item.path.relative_to(HERE).as_posix() in PLANNING:
                item.add_marker(pytest.mark.xdist_group(f"plans-of-{name}"))
