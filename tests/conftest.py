"""What holds for all tests: nobody is timed, and what is dear is made by one worker."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it has no types

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
    "comparing/test_rechecks.py",
    "docs/test_built.py",
    "docs/test_commands.py",
    "history/test_database.py",
    "platforms/test_without_posix.py",
    "plugin/test_conformance.py",
    "plugin/test_fixtures.py",
    "plugin/test_fixtures_wrong.py",
    "plugin/test_grouping.py",
    "plugin/test_pytest_plugin.py",
    "report/formats/test_columns.py",
    "report/reproduction/test_generated_test.py",
    "report/reproduction/test_key_findings.py",
    "report/reproduction/test_request.py",
    "test_sdist.py",
    "test_wheel.py",
)
# The same of a folder's modules: a browser, an emulator, a process that forks, a replayed run.
TOGETHER = {
    "browser": "browser",
    "examples": "forking",
    "public_strategies": "public_strategies",
    "recipes": "forking",
    "telemetry": "telemetry",
}

# The same commit draws the same examples everywhere: what a test finds by chance is news for us
# (`make draws` draws anew), never a red build for somebody who changed something else.
settings.register_profile("anew", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", settings.get_profile("anew"), derandomize=True)
settings.load_profile("same")


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Draw no constants of our modules: which ones are loaded hangs on what a worker ran before."""
    if settings().derandomize:
        vars(providers).update(is_local_module_file=lambda _path: False)


class Grouped(LoadScopeScheduling):  # type: ignore[misc]  # the same
    """Hands tests out one by one, but those of a group to one worker.

    xdist's own `loadgroup` writes the group into a test's id, which pytest 9.2 does not let it do:
    it groups nothing and says nothing.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid) or nodeid


def group_of(nodeid: str) -> str:
    """Name the group of a test: its module's, folder's or provider's plans'; empty for none."""
    module = nodeid.partition("::")[0].removeprefix("tests/")
    folder = module.partition("/")[0]
    if folder in TOGETHER:
        return TOGETHER[folder]
    parameters = nodeid.partition("[")[2].rstrip("]")
    if module in PLANNING and parameters:
        return f"plans of {parameters.partition('-')[0]}"
    return module if module in MADE_ONCE else ""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Grouped | None:
    """Group where that is asked for, with `--dist loadgroup`."""
    return Grouped(config, log) if config.getoption("dist") == "loadgroup" else None
