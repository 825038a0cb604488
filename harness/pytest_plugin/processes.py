"""A session of pytest: which of pytest-xdist's processes this is, and what its end leaves open."""

import pytest

DECIDED_BY_TESTS = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)
"""How a session ends that neither was interrupted nor failed by itself."""


def is_worker(config: pytest.Config) -> bool:
    """Tell whether this process is one of pytest-xdist's workers."""
    return hasattr(config, "workerinput")


def number_of_workers(config: pytest.Config) -> int:
    """Return how many processes of pytest-xdist run the tests of this one; 0 where it does."""
    distributes = config.getoption("dist", "no") != "no"
    return len(config.getoption("tx", None) or ()) if distributes and not is_worker(config) else 0
