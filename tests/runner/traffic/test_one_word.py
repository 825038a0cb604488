"""`judge` and `explain` read one request by one path: the same rules, in the same words."""

import json
import re
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cases.boundaries import plain_case
from harness.cases.build import Builder
from harness.core.case import Case
from harness.core.jsonvalue import Json
from harness.runner.traffic.traffic import judge_file
from harness.spec.explain.asked import from_body
from harness.spec.explain.explain import Explanation, explain
from harness.spec.provider import Operation, Provider
from harness.spec.request import build_request
from harness.transport.bodies.images import ImageCollector
from tests.shipped import NAMES, shipped_provider

EVERY = [(name, operation) for name in NAMES for operation in shipped_provider(name).operations]
ADDRESS = "https://a.example/b.png"
DATA_URL = "data:image/png;base64," + "iVBORw0KGgo" * 8
LISTS: tuple[Json, ...] = ([ADDRESS], [ADDRESS, ADDRESS], [{"image_url": DATA_URL}])
OBJECTS: tuple[Json, ...] = ([], ["a"], {}, {"a": 1})
ODD: tuple[Json, ...] = (
    *(None, True, 0, 1, 4, 99, -1, 1.5, "", "1", "auto", "high", "1024x1024", "9x9", "png"),
    *("jpeg", "transparent", "gpt-image-1", "gpt-image-2", *OBJECTS),
    *(ADDRESS, DATA_URL, "x" * 70, *LISTS),
)
STRANGE = ("style", "siez", "image", "images", "image_url", "n", "size", "user", "mask")
LISTED = re.compile(r"(?:^|; )([^\s:;(]+)(?: \(|: not a documented parameter)")
HIDDEN = "the recording holds a placeholder"
"""How a case says that a value of it is not known: `explain` takes any text as it stands."""
BOUNDARY = "-----x"


def plain_body(name: str, operation: str) -> tuple[dict[str, Json], bool]:
    """The plain request of an operation as JSON or as a form's texts, and whether it is a form."""
    provider = shipped_provider(name)
    asked = plain_case(Builder(provider, operation)).arguments
    request = build_request(provider, provider.operation(operation), asked)
    if isinstance(request.body, dict):
        return request.body, False
    parts = request.form or ()
    return {part.name: part.value for part in parts if part.value is not None}, True


PLAIN = {pair: plain_body(*pair) for pair in EVERY}


@st.composite
def bodies(draw: st.DrawFn, pair: tuple[str, str]) -> dict[str, Json]:
    body = deepcopy(PLAIN[pair][0])
    for _ in range(draw(st.integers(0, 3))):
        inner = [each for each in body.values() if isinstance(each, dict)]
        node = draw(st.sampled_from([body, *inner]))
        name = draw(st.sampled_from([*node, *STRANGE]))
        if draw(st.booleans()) or name not in node:
            node[name] = deepcopy(draw(st.sampled_from(ODD)))
        else:
            del node[name]
    return body


def judged(
    provider: Provider, operation: Operation, raw: str, kind: str, file: Path
) -> Case | None:
    """The case that a recorded exchange with this body becomes; None where it is another API."""
    request: Json = {
        "method": operation.method,
        "uri": f"https://gateway.example.com{operation.path}",
        "body": raw,
        "headers": {"content-type": [kind]},
    }
    reply: Json = {"status": {"code": 500}, "headers": {}, "body": {"string": "{}"}}
    tape: Json = {"version": 1, "interactions": [{"request": request, "response": reply}]}
    file.write_text(json.dumps(tape))
    traffic = judge_file(file, provider, ImageCollector(lambda _name, _raw: None))
    return traffic.records[0].shot.case if traffic.records else None


def explained(provider: Provider, operation: str, body: dict[str, Json]) -> Explanation:
    (asked,) = from_body([provider], operation, body, over={}, where="body")
    return explain(
        asked.provider, asked.operation, asked.arguments, unknown=asked.unknown, odd=asked.odd
    )


def is_in_own_words(operation: Operation, body: dict[str, Json]) -> bool:
    """Whether images stand under the argument's own name only, which is no key on the wire.

    `explain` takes them for the argument; a recorded request holds what was sent.
    """
    images = operation.arguments.get("images")
    places = images.places if images else ()
    return bool(images) and "images" in body and body.keys().isdisjoint(places)


def root(place: str) -> str:
    return re.split(r"[.\[]", place)[0] if "[" in place else place


def named(case: Case) -> set[str]:
    """What `judge` names: rules, parameters in doubt, fields that no document has."""
    listed = case.why.partition(": ")[2].replace("silent or at odds on: ", "")
    return {root(each) for each in LISTED.findall(listed)}


def words(told: Explanation) -> set[str]:
    found = {each.about for each in (*told.breaks, *told.open)} | {e.name for e in told.unknown}
    return {root(each) for each in found} - {"body.unknown_fields"}


def form(texts: dict[str, Json]) -> str:
    head = 'Content-Disposition: form-data; name="'
    parts = [f'--{BOUNDARY}\r\n{head}{name}"\r\n\r\n{text}\r\n' for name, text in texts.items()]
    return "".join(parts) + f"--{BOUNDARY}--\r\n"


@pytest.mark.parametrize("pair", EVERY, ids="-".join)
def test_a_recorded_body_is_read_in_the_words_of_explain(
    pair: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    provider = shipped_provider(pair[0])
    operation = provider.operation(pair[1])
    file = tmp_path_factory.mktemp("tapes") / "tape.json"

    @settings(max_examples=12, deadline=None, database=None)
    @given(bodies(pair))
    def same(body: dict[str, Json]) -> None:
        case = judged(provider, operation, json.dumps(body), "application/json", file)
        if case is None:
            return  # the tool is gone: it asks for no image
        told = explained(provider, case.operation, body)

        in_a_form = operation.body == "form"
        if HIDDEN not in case.why and not is_in_own_words(operation, body):
            assert named(case) - {"body"} == words(told), (body, case.why)
        assert (case.expect == "accept") == (told.verdict == "accepted" and not in_a_form)
        if case.expect == "refuse":
            assert told.verdict == "refused"
            assert [each.about for each in told.breaks] == [case.breaks]

    same()


FORMS = [pair for pair in EVERY if PLAIN[pair][1]]


@pytest.mark.parametrize("pair", FORMS, ids="-".join)
def test_a_recorded_form_is_read_in_the_words_of_explain(
    pair: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    provider = shipped_provider(pair[0])
    operation = provider.operation(pair[1])
    file = tmp_path_factory.mktemp("tapes") / "tape.json"
    texts = [each for each in ODD if isinstance(each, str) and each not in ("", DATA_URL)]
    mutated = st.dictionaries(
        st.sampled_from(["n", "size", "style", "user"]), st.sampled_from(texts)
    )

    @settings(max_examples=12, deadline=None, database=None)
    @given(mutated, st.sampled_from(["", *PLAIN[pair][0]]))
    def same(changed: dict[str, Json], left_out: str) -> None:
        body = {**PLAIN[pair][0], **changed}
        body.pop(left_out, None)
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        case = judged(provider, operation, form(body), kind, file)
        assert case is not None
        told = explained(provider, case.operation, body)

        if HIDDEN not in case.why:
            assert named(case) == words(told), (body, case.why)
        assert (case.expect == "accept") == (told.verdict == "accepted")

    same()


def test_an_edit_as_json_is_open_where_the_documents_have_a_form(tmp_path: Path) -> None:
    provider = shipped_provider("sub2api")
    operation, body = provider.operation("edit"), deepcopy(PLAIN["sub2api", "edit"][0])
    body["images"] = [{"image_url": DATA_URL}]

    case = judged(provider, operation, json.dumps(body), "application/json", tmp_path / "tape.json")
    told = explained(provider, "edit", body)

    assert case is not None
    assert (case.expect, told.verdict) == ("observe", "open")
    assert case.why == (
        "sub2api's documents are silent or at odds on: "
        "body (the documents want a form; of JSON they say nothing); "
        "images (files go there; what else would do is not said)"
    )
    assert [each.about for each in told.open] == ["images"]


def test_a_form_is_never_promised_to_be_served_where_the_documents_have_json(
    tmp_path: Path,
) -> None:
    provider = shipped_provider("sub2api")
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    body = form(PLAIN["sub2api", "generate"][0])

    case = judged(provider, provider.operation("generate"), body, kind, tmp_path / "tape.json")

    assert case is not None
    assert case.expect == "observe"
    assert "the documents want JSON; of a form they say nothing" in case.why
