"""What must agree about how a request travels: each mistake is told with its key and its reason."""

import tomllib
from typing import Any

import pytest

from harness.core.jsonvalue import Json
from harness.spec.load import parse_provider
from harness.spec.provider import Provider
from tests.spec import small

GENERATE = "operations.generate"
PROMPT = f"{GENERATE}.arguments.prompt"


def changed(changes: str) -> Provider | tuple[str, ...]:
    """What loading says of the small provider with more TOML laid over it."""
    found = parse_provider(_over(small.tables(), tomllib.loads(changes)))
    return tuple(map(str, found)) if isinstance(found, tuple) else found


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    both = dict(below)
    for key, content in above.items():
        inner = both.get(key)
        both[key] = (
            _over(inner, content)
            if isinstance(inner, dict) and isinstance(content, dict)
            else content
        )
    return both


EDIT_PATH = '[operations.edit]\npath = "/edits/{prompt}"'

IMAGES = f"""
[{GENERATE}.arguments.images]
wire = "images"
type = "images"
source = "page: Generate"
"""


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        (f'[{GENERATE}]\npath = "/models/{{model}}:go"',
         f"{GENERATE}.path: no argument fills {{model}}: give one with in = 'path' and wire = "),
        (f'[{GENERATE}]\npath = "/models/{{model"',
         f"{GENERATE}.path: '/models/{{model' has a brace that is not closed"),
        (f'[{PROMPT}]\nin = "path"',
         f"{PROMPT}.wire: the path '/images' has no place {{input.text}}"),
        (f'[{GENERATE}]\npath = "/{{hook}}"\n[{GENERATE}.arguments.webhook_url]\nin = "path"',
         f"{GENERATE}.arguments.webhook_url: an argument in the path is 'required', or has a "),
        (f'[{GENERATE}.headers]\nPrefer = "wait={{seconds}}"',
         f"{GENERATE}.headers.Prefer: {{seconds}} is no argument of this operation"),
        (f'[{GENERATE}.headers]\n"Pre fer" = "x"',
         f"{GENERATE}.headers.Pre fer: 'Pre fer' is no name of a header"),
        (f'[{GENERATE}.headers]\nCookie = "x"',
         f"{GENERATE}.headers.Cookie: Cookie is written by the harness itself"),
        ('[headers]\nauthorization = "Bearer x"',
         "headers.authorization: a key goes into the table 'auth', and comes from the environment"),
        ('[headers]\nX-Line = "a\\nb"',
         "headers.X-Line: 'a\\nb' holds what no address or header can carry"),
        (f'[{GENERATE}]\nmethod = "GET"',
         f"{PROMPT}: a GET has no body: say in = 'query', 'path' or 'header'"),
        (f'{IMAGES}in = "header"',
         f"{GENERATE}.arguments.images.in: an image travels in the body, or its address in "),
        (f'[{PROMPT}]\nencode = "base64"',
         f"{PROMPT}.encode: speaks of images or file, not of a string"),
        (f'{IMAGES}encode = "base64"\nurl_only = {{ source = "page: Generate" }}',
         f"{GENERATE}.arguments.images.url_only: goes together with encode = 'address'"),
        (f'{IMAGES}item = {{ data = "x" }}',
         f'{GENERATE}.arguments.images.item: the text "{{image}}" stands in it once: where '),
        (f'{IMAGES}item = {{ data = "{{image}}", kind = "{{type}}" }}',
         f"{GENERATE}.arguments.images.item: '{{type}}' has a place for neither {{image}} nor "),
        (f'{IMAGES}item = {{ data = "data:image/png;base64,{{image}}" }}',
         f'{GENERATE}.arguments.images.item: the text "{{image}}" stands in it once: where '),
        (f'[{GENERATE}.job.idempotency]\nsource = "page: Jobs"',
         f"{GENERATE}.job.idempotency: give a header or a field, one of the two"),
        (f'[{GENERATE}.idempotency]\nfield = "a[]"\nsource = "page: Jobs"',
         f"{GENERATE}.idempotency.field: 'a[]' is no place of a JSON body"),
        (f'[{GENERATE}.job]\npoll_url = ["status_url"]',
         f"{GENERATE}.job: give poll_path or poll_url, one of the two: where the job is polled"),
        (f'[{GENERATE}.job]\nresult_path = "/results"',
         f"{GENERATE}.job.result_path: '/results' has no place for the job's {{id}}"),
        (f'[{GENERATE}.job]\ncancel_path = "/{{id}}"\ncancel_url = ["urls.cancel"]',
         f"{GENERATE}.job.cancel_path: goes without cancel_url: give one of the two"),
        (f'[{GENERATE}.job]\ncancel_method = "PUT"',
         f"{GENERATE}.job.cancel_method: goes together with cancel_path or cancel_url"),
        (f"[{GENERATE}.job]\nresult_url = []",
         f"{GENERATE}.job.result_url: write a list of expressions into the reply"),
        (f"[{GENERATE}.job]\ndone = []",
         f"{GENERATE}.job.done: name a state in which the job has ended well"),
        (f"[{GENERATE}.job]\nstate = []",
         f"{GENERATE}.job.state: empty: say where a poll's reply holds the state"),
        (f"[{GENERATE}.reply]\nimages = []",
         f"{GENERATE}.reply.images: empty: say where a reply holds its images"),
        ('[auth]\nquery = "key"',
         "auth: give a header or a query, one of the two: where the key travels"),
        ('[auth]\nenv = "lower_case"', "auth.env: "),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_key(changes: str, mistake: str) -> None:
    found = changed(changes)

    assert isinstance(found, tuple), "it loads"
    assert any(one.startswith(mistake) for one in found), found


@pytest.mark.parametrize(
    "changes",
    [
        f'[{GENERATE}]\npath = "/{{input.text}}"\n[{PROMPT}]\nin = "path"\n{EDIT_PATH}',
        f'[{GENERATE}.headers]\nPrefer = "wait=60"\nX-Size = "{{size}}"\n',
        f'[{GENERATE}.query]\nalt = "json"\n[query]\nkind = "{{anything}}"',
        f'{IMAGES}encode = "base64"\nitem = {{ kind = "{{media_type}}", of = "{{image}}" }}',
        f'[{GENERATE}.job]\nresult_url = ["a"]\ncancel_url = ["b"]\ncancel_method = "PUT"',
        f"[{GENERATE}.job]\nsubmitted_status = [200, 201]",
        f"[{GENERATE}.job]\nsubmitted_status = 202",
        f'[{GENERATE}.job.idempotency]\nfield = "input.request_id"\nsource = "page: Jobs"',
        '[auth]\nenv = "REPLICATE_TOKEN"',
    ],
)  # fmt: skip
def test_what_agrees_loads(changes: str) -> None:
    assert isinstance(changed(changes), Provider)


def test_two_arguments_may_add_to_one_list() -> None:
    both = "".join(
        f'[{GENERATE}.arguments.{name}]\nwire = "parts[]"\ntype = "{kind}"\n'
        'source = "page: Generate"\n'
        f'encode = "base64"\nitem = {{ {name} = "{{image}}" }}\n'
        for name, kind in (("images", "images"), ("mask", "file"))
    )

    assert isinstance(changed(both), Provider)


def test_nothing_that_stands_in_the_place_of_a_table_or_a_text_ends_in_a_traceback() -> None:
    strange: list[Json] = [None, 1, "x", [], ["x"], {}, {"x": 1}, [{}]]
    keys = ("headers", "query", "path", "job", "idempotency", "reply", "arguments")
    for content in strange:
        for key in keys:
            raw = small.tables()
            raw["operations"]["generate"][key] = content
            raw["headers"] = raw["query"] = raw["auth"] = content
            assert isinstance(parse_provider(raw), tuple)
        for key in ("wire", "in", "encode", "item"):
            raw = small.tables()
            raw["operations"]["generate"]["arguments"]["prompt"][key] = content
            assert isinstance(parse_provider(raw), tuple | Provider)
