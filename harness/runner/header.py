"""The header of a run: what was asked of whom, with which versions, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version

from harness.core.benchmark import Benchmark
from harness.core.case import Plan
from harness.core.errors import NothingTested
from harness.core.record import Provenance, RunHeader
from harness.core.version import harness_version
from harness.planning.options import Options
from harness.planning.plan import coverage_notes, plan_digest
from harness.transport.callbacks.server import CallbackServer

LIBRARIES = ("httpx", "hypothesis", "vcrpy", "pillow", "pydantic")


def run_header(  # noqa: PLR0913 - all that a header is made of
    options: Options,
    plans: Sequence[Plan],
    evidence: Mapping[str, Provenance],
    *,
    folder: str,
    word: str,
    past: RunHeader | None,
    benchmark: Benchmark | None = None,
) -> RunHeader:
    """Return the header of a run that begins, or of one that goes on with what is `past`.

    Raises NothingTested where no plan holds a case.
    """
    if past is not None:
        return replace(past, finished=None, interrupted=False, word=word)
    if not any(plan.shots for plan in plans):
        raise NothingTested("the plan holds no case")
    faults = ", ".join(options.emulator.faults)
    notes = [f"faults switched on: {faults}"] if faults else []
    return RunHeader(
        run=folder,
        harness=harness_version(),
        created=today(),
        word=word,
        against=options.target.against,
        seed=plans[0].seed,
        evidence=dict(evidence),
        spec_digests={plan.provider: plan.spec_digest for plan in plans},
        plan_digests={plan.provider: plan_digest(plan) for plan in plans},
        versions={library: version(library) for library in LIBRARIES},
        notes=(*notes, *(note for plan in plans for note in coverage_notes(plan))),
        benchmark=benchmark,
    )


def unexpected(places: CallbackServer | None) -> tuple[str, ...]:
    """Say what our receiver was sent that belongs to no request of this run."""
    if places is None:
        return ()
    counts = ((places.strangers, "match no job of this run"), (places.dropped, "were not stored"))
    return tuple(f"webhooks: {number} deliveries {what}" for number, what in counts if number)


def today() -> str:
    """Return the moment, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def by() -> str:
    """Return who made a recording."""
    return f"image-provider-harness {harness_version()}"
