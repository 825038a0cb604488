"""Relative addresses of results lead to where the reply came from, and never with the key."""

import pytest

from harness.core.outcome import Images
from tests.wires import shapes
from tests.wires.serving import KEY, PNG, Answer, Asked, planned, served, talk


@pytest.mark.parametrize("address", ["/files/a.png", "{host}/files/a.png", "../../files/a.png"])
def test_an_address_without_a_scheme_or_a_host_is_fetched_without_the_key(address: str) -> None:
    def answers(asked: Asked, url: str) -> Answer:
        if asked.method == "GET":
            return (200, PNG) if asked.path == "/files/a.png" else (404, {})
        host = url.removeprefix("http:")
        return 200, {"data": [{"url": address.replace("{host}", host)}]}

    with served(answers) as api:
        outcome = talk(
            shapes.edits(), planned(shapes.edits(), {"prompt": "a fox"}), api.url
        ).outcome

    assert isinstance(outcome, Images)
    assert [one.state for one in outcome.pictures] == ["decoded"]
    assert outcome.pictures[0].media_type == "image/png"
    posted, *downloads = api.asked
    assert KEY in str(posted.headers)
    assert downloads
    assert not [one for one in downloads if KEY in f"{one.headers} {one.query}"]
