import json
import subprocess
import sys
from contextlib import suppress

import pytest
from hypothesis.errors import Flaky

from tests.lifecycle.machine import run
from tests.lifecycle.world import BrokenError, emulated
from tests.runner.processes import Emulator

PROVIDERS = ("buble", "apiframe")
DID = {
    *("submitted", "ended", "polled an old job", "polled an unknown job", "downloaded"),
    *("cancelled", "doomed", "failed", "refused"),
}
ALSO = {"apiframe": {"same body", "other body", "webhook"}, "buble": set[str]()}
"""What a run without faults must have done, or it would prove nothing."""

FAULTS = {
    "backward_state": "states only move forward",
    "terminal_changes": "an end is for good",
    "job_lost": "a job that was is found",
    "unknown_job_200": "a job that never was is not found",
    "stuck_job": "every job ends",
    "result_url_404": "every result is a whole image",
    "undecodable_image": "every result is a whole image",
    "overcharge": "the books agree",
    "charge_refused": "the books agree",
    "poll_tells_other_job": "a job is told of under its own id",
    "job_passes_unknown_state": "every state is documented",
    "first_poll_missing": "a job that was is found",
    "missing_field": "a submission is answered with a job",
}
ONLY_APIFRAME = {
    "idempotency_ignored": "a key makes no second job",
    "charge_failed_job": "a failed job costs nothing",
    "fewer_images": "as many images come as were asked for",
    "webhook_missing": "the end is delivered",
    "webhook_forged": "every webhook is signed",
    "webhook_unsigned": "every webhook is signed",
    "webhook_wrong_job": "a webhook tells of its own job",
    "webhook_before_end": "a webhook tells the truth",
}
ALLOWED = ("failed_job", "flaky_500", "rate_limit", "webhook_late", "webhook_repeated")
"""Trouble that breaks no promise of a job's life: it may fail, and a webhook may come twice."""


@pytest.mark.parametrize("name", PROVIDERS)
def test_without_a_fault_every_promise_holds_in_any_order(shop: Emulator, name: str) -> None:
    wanted = DID | ALSO[name]
    with emulated(name, shop.urls[name]) as world:
        for examples in (10, 20, 40):  # on a busy machine some steps have no occasion at first
            run(world, examples=examples)
            if wanted <= set(world.did):
                break

    assert world.found == []
    assert set(world.did) == wanted


@pytest.mark.parametrize(
    ("name", "fault", "promise"),
    [
        *((name, fault, promise) for name in PROVIDERS for fault, promise in FAULTS.items()),
        *(("apiframe", fault, promise) for fault, promise in ONLY_APIFRAME.items()),
    ],
)
def test_each_fault_of_a_jobs_life_is_found_by_its_promise(
    shop: Emulator, name: str, fault: str, promise: str
) -> None:
    deaf = not fault.startswith("webhook")  # else webhooks may be the first to tell of it
    with (
        emulated(name, shop.urls[name], fault, deaf=deaf) as world,
        suppress(BrokenError, Flaky),
    ):
        for examples in (8, 20, 40):  # what is drawn depends on what else has been imported
            run(world, examples=examples)

    assert world.found != []
    assert world.found[0].promise == promise


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("fault", ALLOWED)
def test_trouble_that_breaks_no_promise_is_lived_with(
    shop: Emulator, name: str, fault: str
) -> None:
    if name == "buble" and fault.startswith("webhook"):
        return
    with emulated(name, shop.urls[name], fault) as world:
        run(world, examples=2)

    assert world.found == []


def test_every_fault_about_jobs_and_webhooks_is_found_or_allowed() -> None:
    command = [sys.executable, "-m", "harness.emulator", "--list-faults", "--json"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [json.loads(line) for line in printed.splitlines()]
    about = {
        row["name"]
        for row in rows
        if row["breaks"] in ("jobs", "webhook") or "job" in row["name"].split("_")
    }

    assert about <= {*FAULTS, *ONLY_APIFRAME, *ALLOWED}
