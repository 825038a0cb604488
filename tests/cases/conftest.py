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
