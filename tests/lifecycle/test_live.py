"""The machine against a real provider, under a budget; `conftest.py` says when it runs.

    HARNESS_LIFECYCLE=live HARNESS_LIFECYCLE_PROVIDER=apiframe HARNESS_LIFECYCLE_IMAGES=4 \
        [HARNESS_LIFECYCLE_BASE_URL=https://...] [HARNESS_LIFECYCLE_EXAMPLES=3] \
        [HARNESS_LIFECYCLE_WEBHOOK_URL=https://... HARNESS_LIFECYCLE_PORT=8800] \
        pytest -s tests/lifecycle

The key is in the provider's usual variable. Without an address for webhooks none is asked for.
"""

import os
from collections.abc import Iterator

import pytest

from tests.lifecycle.machine import run
from tests.lifecycle.world import World, live_world


@pytest.fixture
def world() -> Iterator[World]:
    found = live_world(os.environ)
    yield found
    found.close()


def test_a_real_providers_jobs_live_as_documented(world: World) -> None:
    try:
        run(world, examples=int(os.environ.get("HARNESS_LIFECYCLE_EXAMPLES", "3")), steps=10)
    finally:
        told = ", ".join(f"{what}: {count}" for what, count in sorted(world.did.items()))
        print(f"\n{world.name}: at most {world.purse.most} images at risk; {told}")  # noqa: T201
        print("\n".join(f"job {one.id}: {one.seen}" for one in world.jobs.values()))  # noqa: T201
    assert world.found == []
