"""Over a hundred ways to misbehave, by name."""

from dataclasses import replace

from tests.benchmarks.hostile_bombs import BOMBS
from tests.benchmarks.hostile_protocol import PROTOCOL_ERRORS, WAITS

BEHAVIOURS = (
    BOMBS | PROTOCOL_ERRORS | {name: replace(wait, timeout_s=3.0) for name, wait in WAITS.items()}
)

CROWDS = ("base64-noise", "nonsense-json", "gzip-json", "chunks-of-1", "pixels-20-times-24-million")
"""Those that many requests meet at once."""
