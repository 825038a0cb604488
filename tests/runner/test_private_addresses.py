"""A whole run in a network of its own: where a reply leads inside, nothing is connected to."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks import addresses
from tests.loopback import HUNG_S


def _possible() -> bool:
    """Tell whether this machine lets us make a namespace."""
    try:
        subprocess.run([*addresses.JOIN, "ip", "link"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


@pytest.mark.skipif(not _possible(), reason="no network namespace can be made here")
def test_a_redirect_inside_is_refused_and_leads_there_with_the_flag() -> None:
    script = Path(addresses.__file__)
    done = subprocess.run(
        [sys.executable, str(script), "--way", "redirect"],
        capture_output=True, text=True, timeout=HUNG_S, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        "10.0.0.5 is private (10.0.0.0/8): not connected to without --allow-private" in done.stdout
    )
