"""Headers of runs that never were, and one provider's part of such a run."""

import asyncio
import time
from collections.abc import Callable

from harness.core.case import Plan
from harness.core.record import Provenance, RunHeader
from harness.runner.execution.budget import Budget
from harness.runner.execution.conversation import Access, Journal, ProviderSetup, RunContext
from harness.runner.execution.earlier import resume_state
from harness.runner.execution.provider_run import ProviderRun
from harness.store.reader import StoredRun
from harness.transport.base import Transport
from tests.shipped import shipped_provider

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


def part(  # noqa: PLR0913 - what tells one provider's part from another
    plan: Plan,
    transport: Callable[[], Transport],
    journal: Journal,
    *,
    budget: Budget | None = None,
    past: StoredRun | None = None,
    now_s: Callable[[], float] = time.monotonic,
    max_s: float | None = None,
) -> ProviderRun:
    """The part of the plan's provider in a live run of its own."""
    setup = ProviderSetup(
        context=RunContext(journal=journal, stop=asyncio.Event(), now_s=now_s, max_s=max_s),
        provider=shipped_provider(plan.provider),
        plan=plan,
        access=Access(evidence=EVIDENCE, transport=transport),
        budget=budget or Budget(),
        earlier=resume_state(shipped_provider(plan.provider), plan, past),
    )
    return ProviderRun(setup=setup)
