"""The recording of the demo names what the emulator had switched on, to whoever replays it."""

import re
from pathlib import Path

import pytest

from harness.planning.options import EmulatorOptions, Options, Target
from harness.runner.recorded import faults_of
from harness.runner.recording import load_tape, recorded_faults
from harness.transport.bodies.images import ImageCollector
from tests.shipped import NAMES

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "cassettes-with-faults"


def _switched_on() -> list[str]:
    """Return the faults that the Makefile records with."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.search(r"^FAULTS := (.*)$", makefile, re.MULTILINE)
    assert found is not None
    return found[1].split()


def _discarded(_name: str, _content: bytes) -> None:
    """Keep no image."""


@pytest.mark.parametrize("name", NAMES)
def test_a_cassette_names_the_faults_that_the_emulator_had(name: str) -> None:
    own = [each.partition(":")[2] for each in _switched_on() if each.partition(":")[0] == name]
    tape = load_tape(FOLDER / name, ImageCollector(_discarded))

    said = list(recorded_faults({name: tape}))

    wanted = [f"{name}: recorded from the emulator with faults: {', '.join(own)}"] if own else []
    assert said == wanted


def test_somebody_breaks_something_and_somebody_is_honest() -> None:
    at_fault = {fault.partition(":")[0] for fault in _switched_on()}

    assert at_fault < set(NAMES)
    assert len(at_fault) > len(NAMES) / 2


def test_a_fault_of_no_provider_is_everybodys_and_one_of_another_is_not() -> None:
    options = Options(
        target=Target(against="emulator", providers=("buble", "sub2api")),
        emulator=EmulatorOptions(faults=("outage@0.2", "buble:overcharge", "ignore:n.range")),
    )

    assert faults_of("buble", options) == ["outage@0.2", "overcharge", "ignore:n.range"]
    assert faults_of("sub2api", options) == ["outage@0.2", "ignore:n.range"]
