"""What holds for all tests: nobody is timed, and what is dear is made by one worker."""

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
# What these make once for all of their tests takes longer than the tests: other workers would make
# it again.
MADE_ONCE = (
    "cli/test_altered_folders.py",
    "cli/test_errors.py",
    "cli/test_hostile_numbers.py",
    "cli/test_report.py",
    "cli/test_strangers_folders.py",
    "plugin/test_pytest_plugin.py",
    "report/formats/test_columns.py",
    "report/reproduction/test_generated_test.py",
    "report/reproduction/test_key_findings.py",
    "report/reproduction/test_request.py",
)

# The same commit draws the same examples everywhere: what a test finds by chance is news for us
# (`make draws` draws anew), never a red build for somebody who changed something else.
settings.register_profile("anew", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", settings.get_profile("anew"), derandomize=True)
settings.load_profile("same")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give to one worker what is planned for one provider, and what a module makes only once."""
    for item in items:
        module = item.path.relative_to(HERE).as_posix()
        if module in MADE_ONCE:
            item.add_marker(pytest.mark.xdist_group(module))
        if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            name = item.callspec.params.get("name")
            if name and module in PLANNING:
                item.add_marker(pytest.mark.xdist_group(f"plans-of-{name}"))
