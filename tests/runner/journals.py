"""Headers of runs that never were."""

from harness.core.record import Provenance
from harness.core.run import RunHeader

EVIDENCE = Provenance(kind="live", source="http://provider.test", date="2026-01-02", by="a test")


def header(name: str = "sub2api") -> RunHeader:
    """The header of a live run with one provider."""
    return RunHeader(
        run="run",
        harness="0",
        created="2026-01-02T03:04:05+00:00",
        against="live",
        seed=0,
        evidence={name: EVIDENCE},
        spec_digests={name: "0" * 64},
        plan_digests={name: "0" * 64},
    )
