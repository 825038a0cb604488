"""Over two hundred ways to misbehave, by name."""

from dataclasses import replace

from tests.benchmarks.hostile_bombs import BOMBS
from tests.benchmarks.hostile_contents import CONTENTS
from tests.benchmarks.hostile_lies import LIES
from tests.benchmarks.hostile_protocol import PROTOCOL_ERRORS, WAITS

_ALL = (
    BOMBS,
    PROTOCOL_ERRORS,
    LIES,
    CONTENTS,
    {name: replace(wait, timeout_s=3.0) for name, wait in WAITS.items()},
)
BEHAVIOURS = {name: behaviour for group in _ALL for name, behaviour in group.items()}
if len(BEHAVIOURS) != sum(map(len, _ALL)):
    raise ValueError("two ways to misbehave have the same name")

CROWDS = ("base64-noise", "nonsense-json", "gzip-json", "chunks-of-1", "pixels-20-times-24-million")
"""Those that many requests meet at once."""
