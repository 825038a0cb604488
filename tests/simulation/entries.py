"""The simulated providers as the harness knows them: shipped ones, and one by a TOML of its own."""

from functools import cache
from pathlib import Path

from harness.spec.catalogue import Entry, entry_of_text
from tests.shipped import NAMES, SHIPPED
from tests.simulation.documents import Kind

TOML = Path(__file__).parent / "queue.toml"


@cache
def entry(kind: Kind) -> Entry:
    """Return the entry of a simulated provider."""
    if kind in NAMES:
        return SHIPPED.entry(kind)
    text = TOML.read_text(encoding="utf-8")
    return entry_of_text(text, TOML.name, kind="file", origin=TOML.name)
