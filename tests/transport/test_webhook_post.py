"""A hook is posted to a few times, over https, and its address is never shown."""

import json

import httpx
import pytest

from harness.core.errors import UsageError
from harness.transport.webhook_post import TRIES, check_hook, post_hook

URL = "https://hooks.test/T0/secret-path"


def _posted(*answers: int | Exception) -> tuple[str, list[httpx.Request]]:
    left, seen = list(answers), []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        now = left.pop(0)
        if isinstance(now, Exception):
            raise now
        return httpx.Response(now, headers={"Location": "https://elsewhere.test/"})

    transport = httpx.MockTransport(answer)
    return post_hook(URL, {"text": "x"}, pause=lambda _s: None, transport=transport), seen


def test_a_hook_that_answers_is_posted_to_once() -> None:
    why, seen = _posted(204)

    assert not why
    assert json.loads(seen[0].content) == {"text": "x"}


def test_what_may_pass_is_tried_again_and_no_more_than_a_few_times() -> None:
    assert not _posted(503, httpx.ConnectError("no"), 200)[0]
    why, seen = _posted(*[500] * TRIES)

    assert len(seen) == TRIES
    assert "HTTP 500" in why


def test_a_redirect_is_not_followed_and_a_refusal_not_repeated() -> None:
    for status in (302, 404):
        why, seen = _posted(status)

        assert len(seen) == 1
        assert f"HTTP {status}" in why
        assert "secret" not in why


@pytest.mark.parametrize(
    "url", ["http://hooks.test/secret", "ftp://x/secret", "secret", "https://"]
)
def test_only_https_is_posted_to_and_no_message_repeats_the_address(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_hook(url)

    assert "secret" not in str(refused.value)
    check_hook("http://127.0.0.1:9/secret")
