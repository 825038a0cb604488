"""Baselines by hand: two runs of one provider that are alike but for what a test changes."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from harness.comparing.model import (
    Baseline,
    Change,
    DeviationShown,
    PromiseShown,
    PromiseState,
    Sample,
    SampleEnd,
)
from harness.comparing.promises import compare_promises
from harness.comparing.scope import scope_of
from harness.core.record import Provenance

EMULATED = Provenance(kind="emulator", source="emulator", date="2026-12-01", by="harness 0.1.0")
LIVE = Provenance(kind="live", source="https://images.example.org", date="2026-12-01", by="qa")
TAPED = Provenance(kind="recorded", source="https://images.example.org", date="2026-11-30", by="qa")

CHECK = "refuses_what_it_forbids"


def run(
    promises: Sequence[PromiseShown] = (),
    samples: Sequence[Sample] = (),
    *,
    evidence: Provenance = LIVE,
    name: str = "sub2api",
) -> Baseline:
    return Baseline(
        run="2026-12-01T093000-live",
        harness="0.1.0",
        created="2026-12-01T09:30:00+00:00",
        finished="2026-12-01T09:52:11+00:00",
        interrupted=False,
        against="live",
        seed=7,
        benchmark=False,
        evidence={name: evidence},
        spec_digests={name: "a" * 64},
        plan_digests={name: "b" * 64},
        promises=tuple(promises),
        samples=tuple(samples),
        requests={f"{name} generate": 200},
    )


def promise(
    state: PromiseState = "held",
    *deviations: DeviationShown,
    promise: str = "n.range",
    tried: int = 4,
    fingerprint: str = "f" * 16,
) -> PromiseShown:
    is_reply = "." not in promise
    return PromiseShown(
        provider="sub2api",
        operation="generate",
        promise=promise,
        kind="combination" if "=" in promise else "reply" if is_reply else "constraint",
        state=state,
        rule="" if is_reply else "n is between 1 and 10",
        source="page: Parameters",
        checks=tuple(each.check for each in deviations),
        failed=len(deviations),
        tried=tried if state not in ("not tried", "inconclusive") else 0,
        refusals=(tried + 1) // 2 if state not in ("not tried", "inconclusive") else 0,
        fingerprint="" if is_reply else fingerprint,
        deviations=deviations,
    )


def broken(
    check: str = CHECK,
    *,
    failed: int = 2,
    tried: int = 2,
    questions: tuple[str, ...] = ("q-11",),
    observed: str = "HTTP 200 with 11 images",
) -> DeviationShown:
    return DeviationShown(
        check=check,
        state="broken",
        failed=failed,
        tried=tried,
        observed=observed,
        questions=questions,
        of_refusal=check == CHECK,
    )


def flaky(check: str = CHECK, *, failed: int = 1, tried: int = 3) -> DeviationShown:
    return replace(broken(check, failed=failed, tried=tried), state="flaky")


def unconfirmed(check: str = CHECK, *, failed: int = 1, tried: int = 1) -> DeviationShown:
    return replace(broken(check, failed=failed, tried=tried), state="unconfirmed")


def sample(
    place: str = "generate/base", *, question: str = "q-base", end: SampleEnd = "served"
) -> Sample:
    return Sample(
        provider="sub2api",
        operation="generate",
        workload="",
        place=place,
        question=question,
        end=end,
        seconds=20.0,
        error_class=None if end == "served" else "server",
        images=1 if end == "served" else 0,
        spent=Decimal("0.04") if end == "served" else None,
        listed=Decimal("0.04"),
        unit="usd",
    )


def changes(base: Baseline, head: Baseline) -> tuple[Change, ...]:
    """What is said of the promises of two runs."""
    return tuple(compare_promises(scope_of(base, head)))
