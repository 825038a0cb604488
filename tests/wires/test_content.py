"""Images inside JSON, a key in the query, over sockets."""

import base64
import json

import pytest

from harness.core.exchange import Exchange, Failure
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, Images, Refused
from harness.core.recipe import parse_recipe
from harness.reference_images import reference_bytes, reference_json
from harness.spec.credentials import made_up_key
from tests.wires import shapes
from tests.wires.serving import KEY, PNG, Answer, Asked, planned, served, talk

NAME = "png-rgb-256x256-1.png"
TEXT = base64.b64encode(PNG).decode()


def image(name: str = NAME) -> Json:
    recipe = parse_recipe(name)
    assert recipe is not None
    return reference_json(recipe).as_json()


def generated(asked: Asked, _url: str) -> Answer:
    """Content with an image inside, for whoever has the key."""
    if dict(asked.query).get("key") != KEY:
        error: Json = {"message": "API key not valid", "status": "INVALID_ARGUMENT"}
        return 400, [{"error": error}]
    part: Json = {"inlineData": {"mimeType": "image/png", "data": TEXT}}
    return 200, {"candidates": [{"content": {"parts": [{"text": "here"}, part]}}]}


def recorded(exchanges: list[Exchange]) -> str:
    return repr(exchanges)


def test_images_leave_as_base64_and_only_their_names_are_recorded() -> None:
    content = shapes.content()
    shot = planned(content, {"images": [image()], "prompt": "a fox"}, operation="edit")
    with served(generated) as api:
        talked = talk(content, shot, api.url)

    assert isinstance(talked.outcome, Images)
    assert [picture.state for picture in talked.outcome.pictures] == ["decoded"]
    sent = api.asked[0].body["contents"][0]["parts"]
    assert sent[0] == {"text": "a fox"}
    assert base64.b64decode(sent[1]["inlineData"]["data"]) == reference_bytes(NAME)
    assert sent[1]["inlineData"]["mimeType"] == "image/png"
    assert f"base64-of:{NAME}" in recorded(talked.exchanges)
    assert TEXT[:60] not in recorded(talked.exchanges)
    assert TEXT[:60] not in repr(shot)


def test_a_key_in_the_query_is_sent_and_recorded_nowhere() -> None:
    content = shapes.content()
    shot = planned(content, {"prompt": "a fox"}, operation="edit")
    with served(generated) as api:
        talked = talk(content, shot, api.url)

    assert isinstance(talked.outcome, Images)
    assert api.asked[0].query == (("alt", "json"), ("key", KEY))
    assert "authorization" not in api.asked[0].headers
    assert KEY not in recorded(talked.exchanges)
    assert talked.exchanges[0].request.target.endswith(":generateContent?alt=json")


@pytest.mark.parametrize(
    ("credential", "query", "header"),
    [
        ("none", (), None),
        ("empty", (("key", ""),), None),
        ("wrong", "made up", None),
        ("other_header", (), "made up"),
    ],
)
def test_requests_without_the_users_key_carry_what_they_say(
    credential: str, query: object, header: object
) -> None:
    content = shapes.content()
    made_up = made_up_key(content.auth)
    shot = planned(content, {"prompt": "a fox"}, operation="edit", credential=credential)  # type: ignore[arg-type]
    with served(generated) as api:
        talked = talk(content, shot, api.url)

    sent = api.asked[0]
    expected = (("key", made_up),) if query == "made up" else query
    assert sent.query[1:] == expected
    assert sent.headers.get("authorization") == (f"Bearer {made_up}" if header else None)
    assert KEY not in repr(sent)
    assert isinstance(talked.outcome, Fault)  # its list is not read by this TOML: see below


def test_an_error_in_a_list_is_read_where_the_toml_says() -> None:
    shape = shapes.CONTENT
    provider = shapes.provider("content", shape, auth=shapes.QUERY)
    errors = provider.errors.model_copy(
        update={
            "failed": type(provider.errors.failed)("[0].error || error"),
            "message": (type(provider.errors.failed)("[0].error.message"),),
            "code": (type(provider.errors.failed)("[0].error.status"),),
        }
    )
    provider = provider.model_copy(update={"errors": errors})
    shot = planned(provider, {"prompt": "a fox"}, operation="edit", credential="wrong")
    with served(generated) as api:
        talked = talk(provider, shot, api.url)

    assert isinstance(talked.outcome, Refused)
    assert talked.outcome.error.message == "API key not valid"
    assert talked.outcome.error.code == "INVALID_ARGUMENT"


def test_a_data_url_and_a_mask_leave_whole() -> None:
    edits = shapes.edits()
    mask = image("png-rgba-256x256-1.png")
    shot = planned(edits, {"images": [image()], "mask": mask, "prompt": "a fox"})

    def edited(asked: Asked, url: str) -> Answer:
        return (200, PNG) if asked.method == "GET" else (200, {"data": [{"url": f"{url}/1.png"}]})

    with served(edited) as api:
        talked = talk(edits, shot, api.url)

    body = api.asked[0].body
    assert isinstance(talked.outcome, Images)
    assert body["images"] == [{"image_url": f"data:image/png;base64,{TEXT}"}]
    raw = body["mask"]["image_url"].removeprefix("data:image/png;base64,")
    assert base64.b64decode(raw) == reference_bytes("png-rgba-256x256-1.png")


def test_an_image_whose_bytes_nobody_kept_is_not_sent() -> None:
    edits = shapes.edits()
    strange: Json = {"media_type": "image/png", "bytes": 1234, "width": 8, "height": 8}
    shot = planned(edits, {"images": [strange], "prompt": "a fox"})
    with served(generated) as api:
        talked = talk(edits, shot, api.url)

    assert api.asked == []
    assert isinstance(talked.exchanges[0].answer, Failure)
    assert isinstance(talked.outcome, Fault)
    assert "nobody kept the bytes of this image" in talked.outcome.why


def test_a_reply_that_is_an_image_itself_is_one() -> None:
    shape = shapes.EDITS.replace('images = ["data[*].url"]', 'images = ["@"]')
    provider = shapes.provider("raw", shape)
    with served(lambda _asked, _url: (200, PNG)) as api:
        talked = talk(provider, planned(provider, {"prompt": "a fox"}), api.url)

    assert isinstance(talked.outcome, Images)
    assert [picture.state for picture in talked.outcome.pictures] == ["decoded"]


def test_json_stays_json() -> None:
    assert json.loads(json.dumps(shapes.content().model_dump(mode="json")))
