"""The gateway beside the provider's documents, and beside a running twin of it."""

import httpx
import pytest
from gateway import problems, size_problems
from hypothesis import HealthCheck, find, given, settings

from harness import strategies

PROVIDER = "nanobanana"


@given(strategies.requests(PROVIDER))
def test_what_is_documented_passes(arguments):
    assert problems(arguments) == []


@pytest.mark.parametrize("rule", strategies.rules(PROVIDER))
def test_what_breaks_a_rule_is_refused(rule):
    @settings(max_examples=20)
    @given(strategies.violations(PROVIDER, rule))
    def refused(arguments):
        assert problems(arguments) != []

    refused()


@given(strategies.sizes(PROVIDER))
def test_every_size_passes(size):
    assert size_problems(size) == []


def test_a_gateway_that_knows_another_ratio_is_caught_by_the_smallest_request():
    def passes(arguments):
        return size_problems(arguments["size"], most_ratio=4.0) == []

    smallest = find(strategies.violations(PROVIDER, "size.max_ratio"), passes)

    assert set(smallest) == {"model", "prompt", "size"}


@pytest.mark.image_provider(PROVIDER, time_scale=0)
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sent=strategies.requests(PROVIDER, wire=True))
def test_what_passes_is_served(image_provider, sent):
    key = {"Authorization": f"Bearer {image_provider.key}"}
    with httpx.Client(base_url=image_provider.url) as client:
        answer = client.request(sent.method, sent.path, **sent.keywords(headers=key))

    assert problems(sent.json) == []
    assert answer.status_code == 200
