"""Canaries as a watch has them, made by hand."""

from decimal import Decimal

from harness.comparing.model import Baseline, ErrorShown, PromiseShown, PromiseState, Sample
from harness.core.record import Provenance
from harness.watching.decide import Decided, decided
from harness.watching.model import Day, State

TIMES_S = (9.0, 10.0, 11.0, 10.5, 9.5, 10.2)


def shown(  # noqa: PLR0913 - what a canary may show
    run: str,
    *,
    slow: float = 1.0,
    cost: str = "0.04",
    failed: int = 0,
    state: PromiseState = "held",
    spec: str = "a",
    checks: tuple[str, ...] = ("images_have_the_size",),
    times: int = 1,
) -> Baseline:
    """Return what one run showed; of its samples, so many `failed`."""
    seconds = [each * slow for _ in range(times) for each in TIMES_S]
    samples = tuple(
        Sample(
            provider="p",
            operation="generate",
            workload="",
            place=f"generate/base/{place}",
            question="q",
            end="failed" if place < failed else "served",
            seconds=each,
            error_class="server" if place < failed else None,
            images=0 if place < failed else 1,
            spent=None if place < failed else Decimal(cost),
            listed=Decimal("0.04"),
            unit="usd",
        )
        for place, each in enumerate(seconds)
    )
    promise = PromiseShown(
        provider="p",
        operation="generate",
        promise="size.format",
        kind="constraint",
        state=state,
        checks=checks if state in ("broken", "flaky") else (),
    )
    errors = ErrorShown(
        provider="p", operation="generate", error_class="server", count=failed, of=len(samples)
    )
    return Baseline(
        run=run,
        harness="",
        created=run[:10],
        finished=run[:10],
        interrupted=False,
        against="emulator",
        seed=0,
        benchmark=False,
        evidence={"p": Provenance(kind="emulator", source="", date="", by="")},
        spec_digests={"p": spec},
        plan_digests={},
        promises=(promise,),
        samples=samples,
        errors=(errors,),
        requests={"p generate": len(samples)},
    )


def quiet(days: int) -> tuple[State, list[Day]]:
    """Return so many days of December on which nothing happens."""
    made = [
        Day(run=f"2026-12-{day:02}", shown=shown(f"2026-12-{day:02}")) for day in range(1, days + 1)
    ]
    return State(decided=tuple(each.run for each in made)), made


def passed(state: State, days: list[Day], today: Day) -> Decided:
    """Let a day pass."""
    come_to = decided(state, days, today)
    days.append(today)
    return come_to
