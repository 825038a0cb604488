"""A live machine never pays more than its limit: proved on an emulator that it takes for live."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis.errors import Flaky

from tests.lifecycle.machine import JobMachine, run
from tests.lifecycle.purse import Purse
from tests.lifecycle.world import BrokenError, World, live_world
from tests.loopback import HUNG_S
from tests.runner.processes import Emulator, environment

FAULTS = (
    *("", "idempotency_ignored", "charge_failed_job", "failed_job", "half_json", "reset"),
    *("flaky_500", "rate_limit", "missing_field", "html_error"),
)


def as_live(shop: Emulator, name: str, limit: int, *faults: str) -> World:
    """A world under a limit that believes it is live, apart from its pauses."""
    shop.reset()
    shop.switch(name, *faults)
    return World(name, shop.urls[name], key="a-key", purse=Purse(limit), live=True)


def charged(shop: Emulator, name: str) -> int:
    """The images that the provider was paid for."""
    return sum(entry["images"] for entry in shop.ledger(name))


def live(shop: Emulator, name: str, limit: int, *faults: str, examples: int = 3) -> World:
    world = as_live(shop, name, limit, *faults)
    try:
        run(world, examples=examples, steps=10)
    except (BrokenError, Flaky):
        assert faults, world.found
    finally:
        shop.switch(name)
        world.close()
    return world


@pytest.mark.parametrize("name", ["buble", "apiframe"])
@pytest.mark.parametrize("limit", [0, 1, 4])
def test_a_limit_is_used_and_never_passed(shop: Emulator, name: str, limit: int) -> None:
    world = live(shop, name, limit)

    assert world.purse.most <= limit
    assert charged(shop, name) <= limit
    assert charged(shop, name) >= min(limit, 1)
    assert world.found == []


def test_what_the_limit_does_not_carry_does_not_leave(shop: Emulator) -> None:
    world = as_live(shop, "buble", 2)
    machine = JobMachine(world)
    for _ in range(5):
        machine.submit(1)
    machine.teardown()
    world.close()

    assert charged(shop, "buble") == 2
    assert world.purse.refused == 3
    assert [one["outcome"] for one in shop.ledger("buble")].count("accepted") == 2


@pytest.mark.parametrize("fault", FAULTS)
def test_no_trouble_makes_it_pay_more_than_its_limit(shop: Emulator, fault: str) -> None:
    live(shop, "apiframe", 3, *filter(None, [fault]))

    assert charged(shop, "apiframe") <= 3


def test_a_repetition_is_paid_for_before_it_leaves(shop: Emulator) -> None:
    """With money for one image, no key comes twice: the provider might make a second job."""
    world = live(shop, "apiframe", 1, "idempotency_ignored", examples=6)

    assert charged(shop, "apiframe") == 1
    assert world.did["same body"] == 0
    assert world.found == []


def test_a_live_world_asks_for_no_webhook_and_looks_into_no_books(shop: Emulator) -> None:
    world = live(shop, "apiframe", 4)

    assert not world.has_webhooks
    assert world.entries() == []
    assert not {"webhook", "doomed", "refused"} & set(world.did)


def test_the_command_that_the_documentation_names_runs_live_and_keeps_to_its_limit(
    shop: Emulator,
) -> None:
    shop.reset()
    done = command(
        HARNESS_LIFECYCLE_PROVIDER="apiframe",
        HARNESS_LIFECYCLE_IMAGES="2",
        HARNESS_LIFECYCLE_EXAMPLES="1",
        HARNESS_LIFECYCLE_BASE_URL=shop.urls["apiframe"],
    )

    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    assert 1 <= charged(shop, "apiframe") <= 2
    polls = [one for one in shop.ledger("apiframe") if one["outcome"] == "poll" and one["job"]]
    for job in {one["job"] for one in polls}:
        at_s = [one["time_s"] for one in polls if one["job"] == job]
        assert all(later - earlier > 1.9 for earlier, later in pairwise(at_s))


@pytest.mark.parametrize(
    ("missing", "line"),
    [
        ({"HARNESS_LIFECYCLE_PROVIDER": ""}, "set HARNESS_LIFECYCLE_PROVIDER to one of buble"),
        ({"HARNESS_LIFECYCLE_PROVIDER": "sub2api"}, "set HARNESS_LIFECYCLE_PROVIDER to one of"),
        ({"HARNESS_LIFECYCLE_IMAGES": ""}, "set HARNESS_LIFECYCLE_IMAGES"),
        ({"HARNESS_LIFECYCLE_IMAGES": "many"}, "HARNESS_LIFECYCLE_IMAGES=many is no number"),
        ({"APIFRAME_API_KEY": ""}, "set APIFRAME_API_KEY"),
    ],
)
def test_a_live_run_that_lacks_something_says_what(missing: dict[str, str], line: str) -> None:
    whole = {
        "HARNESS_LIFECYCLE_PROVIDER": "apiframe",
        "HARNESS_LIFECYCLE_IMAGES": "2",
        "APIFRAME_API_KEY": "a-key",
    }

    with pytest.raises(ValueError, match=line):
        live_world({**whole, **missing})


def command(**changes: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-s", "-p", "no:xdist", str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        check=False,
        timeout=HUNG_S,
        env=environment(HARNESS_LIFECYCLE="live", **changes),
        cwd=Path(__file__).parents[2],
    )
