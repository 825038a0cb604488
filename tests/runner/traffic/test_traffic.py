import json
from pathlib import Path

import pytest

from harness.core.errors import RecordingError
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, Images, Refused
from harness.core.record import Record
from harness.runner.traffic.traffic import Traffic, judge_file, traffic_notes
from harness.transport.bodies.images import ImageCollector
from tests.shipped import shipped_provider as shipped

HERE = Path(__file__).parents[1] / "recordings"
HOST = "https://images.example.org"
PLAIN: dict[str, Json] = {"model": "gpt-image-2", "prompt": "a fox", "n": 1, "quality": "low"}


def judged(path: Path, name: str = "sub2api") -> Traffic:
    return judge_file(path, shipped(name), ImageCollector(lambda _name, _raw: None))


def interaction(
    body: Json,
    reply: Json,
    *,
    status: int = 200,
    path: str = "/v1/images/generations",
    method: str = "POST",
) -> Json:
    return {
        "request": {
            "method": method,
            "uri": path if path.startswith("http") else HOST + path,
            "body": None if body is None else json.dumps(body),
            "headers": {"content-type": ["application/json"]},
        },
        "response": {
            "status": {"code": status, "message": "x"},
            "headers": {},
            "body": {"string": json.dumps(reply)},
        },
    }


def tape(folder: Path, *interactions: Json, name: str = "tape.json") -> Path:
    path = folder / name
    path.write_text(json.dumps({"version": 1, "interactions": list(interactions)}))
    return path


def one(folder: Path, body: Json, reply: Json, *, name: str = "sub2api", **more: object) -> Record:
    file = tape(folder, interaction(body, reply, **more))  # type: ignore[arg-type]
    (record,) = judged(file, name).records
    return record


SERVED: Json = {
    "data": [{"b64_json": "<elided>"}],
    "size": "1024x1024",
    "quality": "low",
    "output_format": "png",
    "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
}
REFUSAL: Json = {"error": {"message": "no", "type": "invalid_request_error", "param": None}}


@pytest.mark.parametrize(
    ("file", "kind", "count"),
    [
        ("sub2api.vcrpy.yaml", "vcrpy", 7),
        ("sub2api.vcrpy.json", "vcrpy", 1),
        ("sub2api.ruby.yml", "ruby-vcr", 1),
    ],
)
def test_each_format_is_read(file: str, kind: str, count: int) -> None:
    traffic = judged(HERE / file)

    assert traffic.format == kind
    assert len(traffic.records) == count
    assert all(record.evidence.source == "images.example.org" for record in traffic.records)
    assert all(record.evidence.date.startswith("2026-08-11") for record in traffic.records)


def test_a_request_inside_the_documents_must_be_served() -> None:
    served, refused = judged(HERE / "sub2api.vcrpy.yaml").records[:2]

    assert served.shot.case.expect == refused.shot.case.expect == "accept"
    assert isinstance(served.outcome, Images)
    assert isinstance(refused.outcome, Refused)


def test_a_request_that_breaks_one_rule_must_be_refused() -> None:
    case = judged(HERE / "sub2api.vcrpy.yaml").records[2].shot.case

    assert (case.expect, case.breaks) == ("refuse", "n.range")
    assert case.why == "outside sub2api's documents: n.range (11)"


def test_a_model_of_which_the_document_does_not_speak_is_observed_and_named() -> None:
    case = judged(HERE / "sub2api.vcrpy.yaml").records[3].shot.case

    assert case.expect == "observe"
    assert case.why == "outside sub2api's documents: model.one_of (gpt-image-1)"


def test_a_request_that_breaks_several_rules_is_observed() -> None:
    case = judged(HERE / "sub2api.vcrpy.yaml").records[4].shot.case

    assert case.expect == "observe"
    assert "n.range (11)" in case.why
    assert "size.multiple_of (1000x1000)" in case.why


def test_a_key_that_no_document_knows_is_named_and_observed() -> None:
    case = judged(HERE / "sub2api.vcrpy.yaml").records[5].shot.case

    assert case.expect == "observe"
    assert "style: not a documented parameter" in case.why


def test_a_parameter_of_which_only_another_source_speaks_is_observed() -> None:
    record = judged(HERE / "sub2api.vcrpy.yaml").records[6]

    assert isinstance(record.outcome, Refused)
    assert record.shot.case.expect == "observe"
    assert "silent or at odds on: response_format (b64_json)" in record.shot.case.why


@pytest.mark.parametrize(
    ("name", "body", "expect"),
    [
        ("aimlapi", {"size": "1024x1024"}, "accept"),
        ("aimlapi", {"size": "1024x1536"}, "observe"),
        ("aimlapi", {"size": "2048x2048"}, "observe"),
        ("aimlapi", {"background": "transparent"}, "observe"),
        ("aimlapi", {"background": "auto"}, "accept"),
        ("aimlapi", {"quality": "low"}, "observe"),
        ("aimlapi", {"response_format": "b64_json"}, "observe"),
        ("aimlapi", {"output_compression": 101, "output_format": "jpeg"}, "refuse"),
        ("aimlapi", {"output_compression": 101, "response_format": "b64_json"}, "observe"),
    ],
)
def test_only_values_that_the_document_itself_shows_are_promised(
    tmp_path: Path, name: str, body: dict[str, Json], expect: str
) -> None:
    asked = {"model": "openai/gpt-image-2", "prompt": "a fox", **body}

    record = one(tmp_path, asked, {"data": [{"url": "https://cdn.test/a"}]}, name=name)

    assert record.shot.case.expect == expect, record.shot.case.why


def test_one_reference_image_is_observed_where_documents_differ_on_its_form(
    tmp_path: Path,
) -> None:
    asked: Json = {
        "model": "gpt-image-2",
        "prompt": "a fox",
        "gptImage2Params": {"input_images": ["https://example.org/a.png"]},
    }

    record = one(
        tmp_path, asked, {"error": "x"}, name="apiframe", path="/v2/images/generate", status=400
    )

    assert record.shot.case.operation == "edit"
    assert record.shot.case.expect == "observe"


def test_other_endpoints_are_named_and_not_judged() -> None:
    traffic = judged(HERE / "sub2api.vcrpy.yaml")

    assert traffic.strangers == (
        "#7 POST images.example.org/v1/responses",
        "#8 POST images.example.org/v1/chat/completions",
        "#9 GET images.example.org/v1/models",
    )
    assert len(traffic_notes([traffic], shipped("sub2api"))) == 3


def test_a_responses_request_counts_only_with_the_image_tool(tmp_path: Path) -> None:
    tools: Json = [{"type": "image_generation"}]
    asked: Json = {"model": "gpt-5", "input": "draw a fox"}
    text = interaction(asked, {"output": []}, path="/v1/responses")
    drawn = interaction({**asked, "tools": tools}, {"output": []}, path="/v1/responses")  # type: ignore[dict-item]

    traffic = judged(tape(tmp_path, text, drawn))

    assert [record.shot.case.expect for record in traffic.records] == ["observe"]
    assert len(traffic.strangers) == 1


def test_elided_bytes_are_absent_and_not_broken() -> None:
    (record,) = judged(HERE / "sub2api.ruby.yml").records

    assert isinstance(record.outcome, Images)
    assert [picture.state for picture in record.outcome.pictures] == ["absent", "absent"]


def test_polls_and_downloads_go_to_the_job_that_asked_for_them() -> None:
    traffic = judged(HERE / "buble.har", "buble")
    wide, square, cut_off = (record.outcome for record in traffic.records)

    assert traffic.strangers == ()
    assert isinstance(wide, Images)
    assert (wide.pictures[0].width_px, wide.pictures[0].height_px) == (1280, 720)
    assert isinstance(square, Images)
    assert (square.pictures[0].width_px, square.pictures[0].height_px) == (1024, 1024)
    assert isinstance(cut_off, Fault)
    assert "was not recorded" in cut_off.why


def test_a_download_whose_signature_was_taken_out_is_still_found(tmp_path: Path) -> None:
    asked: Json = {"model": "openai/gpt-image-2", "prompt": "a fox"}
    posted = interaction(asked, {"data": [{"url": "https://cdn.test/a.png?sig=secret"}]})
    fetched = interaction(None, "no image", method="GET", path="https://cdn.test/a.png?sig=GONE")

    traffic = judged(tape(tmp_path, posted, fetched), "aimlapi")

    assert traffic.strangers == ()
    assert len(traffic.records[0].exchanges) == 2


def downloaded(folder: Path, told: str, *asked: str) -> Traffic:
    body: Json = {"model": "openai/gpt-image-2", "prompt": "a fox"}
    posted = interaction(body, {"data": [{"url": f"https://cdn.test/a.png?{told}"}]})
    fetched = [
        interaction(None, "no image", method="GET", path=f"https://cdn.test/a.png?{query}")
        for query in asked
    ]
    return judged(tape(folder, posted, *fetched), "aimlapi")


CUT = [
    ("id=1&sig=secret", "id=1&sig=GONE"),
    ("id=1&sig=secret", "id=1"),
    ("id=1&expires=<TIME>", "id=1&expires=1795930074"),
    ("id=1&expires=1795930074", "id=1&expires=***"),
    ("id=1&who=REDACTED-3f2a91c0", "who=ann&id=1"),
]


@pytest.mark.parametrize(("told", "asked"), CUT)
def test_a_download_is_found_by_what_was_left_of_its_query(
    told: str, asked: str, tmp_path: Path
) -> None:
    traffic = downloaded(tmp_path, told, asked.replace("id=1", "id=2"), asked)

    assert len(traffic.records[0].exchanges) == 2
    assert "id=1" in traffic.records[0].exchanges[-1].request.target


@pytest.mark.parametrize(("told", "asked"), CUT)
def test_a_download_of_another_image_is_not_taken_for_it(
    told: str, asked: str, tmp_path: Path
) -> None:
    traffic = downloaded(tmp_path, told, asked.replace("id=1", "id=2"))

    assert len(traffic.strangers) == 1
    assert len(traffic.records[0].exchanges) == 1


def test_two_downloads_that_may_be_it_are_none(tmp_path: Path) -> None:
    traffic = downloaded(tmp_path, "id=<ID>", "id=1", "id=2")

    assert len(traffic.strangers) == 2


def test_a_download_from_another_host_is_not_taken_for_it(tmp_path: Path) -> None:
    asked: Json = {"model": "openai/gpt-image-2", "prompt": "a fox"}
    posted = interaction(asked, {"data": [{"url": "https://cdn.test/a.png"}]})
    other = interaction(None, "no image", method="GET", path="https://else.test/a.png")

    traffic = judged(tape(tmp_path, posted, other), "aimlapi")

    assert len(traffic.strangers) == 1
    assert isinstance(traffic.records[0].outcome, Images)
    assert traffic.records[0].outcome.pictures[0].state == "absent"


LATER: Json = {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}


def test_a_clients_own_repetition_after_429_belongs_to_its_request(tmp_path: Path) -> None:
    first, again = interaction(PLAIN, LATER, status=429), interaction(PLAIN, SERVED)

    (record,) = judged(tape(tmp_path, first, again)).records

    assert isinstance(record.outcome, Images)
    assert len(record.exchanges) == 2


def test_another_request_is_never_taken_for_a_repetition_of_one_that_came_too_early(
    tmp_path: Path,
) -> None:
    early = interaction({**PLAIN, "n": 11}, LATER, status=429)
    other = interaction(PLAIN, SERVED)

    forbidden, plain = judged(tape(tmp_path, early, other)).records

    assert isinstance(forbidden.outcome, Fault)
    assert forbidden.outcome.error_class == "rate_limit"
    assert isinstance(plain.outcome, Images)


def test_a_request_without_its_body_is_never_held_against_anybody(tmp_path: Path) -> None:
    for name in ("buble", "sub2api", "apiframe", "nanobanana", "aimlapi"):
        operation = shipped(name).operation("generate")

        record = one(tmp_path, None, SERVED, name=name, path=operation.path)

        assert record.shot.case.expect == "observe", name


@pytest.mark.parametrize("prompt", ["", "   ", "\N{CAT FACE}" * 1001])
def test_a_text_of_which_the_documents_do_not_say_whether_it_is_allowed_is_observed(
    prompt: str, tmp_path: Path
) -> None:
    asked: Json = {"model": "gpt-image-2", "prompt": prompt}

    record = one(tmp_path, asked, {"code": 0}, name="nanobanana", path="/v1/images/generate")

    assert record.shot.case.expect == "observe", record.shot.case.why


@pytest.mark.parametrize(("length", "expect"), [(2000, "accept"), (2001, "refuse")])
def test_the_longest_prompt_is_promised_and_one_more_forbidden(
    length: int, expect: str, tmp_path: Path
) -> None:
    asked: Json = {"model": "gpt-image-2", "prompt": "\N{LATIN SMALL LETTER E WITH ACUTE}" * length}

    record = one(tmp_path, asked, {"code": 0}, name="nanobanana", path="/v1/images/generate")

    assert record.shot.case.expect == expect


def test_null_is_taken_for_omitted(tmp_path: Path) -> None:
    asked = {**PLAIN, "size": None, "output_compression": None, "partial_images": None}

    assert one(tmp_path, asked, SERVED).shot.case.expect == "accept"


def test_a_base_path_before_the_documented_one_does_not_matter(tmp_path: Path) -> None:
    record = one(tmp_path, PLAIN, SERVED, path="/gateway/v1/images/generations")

    assert record.shot.case.expect == "accept"


def test_a_forms_numbers_are_numbers(tmp_path: Path) -> None:
    entry: Json = {
        "startedDateTime": "2026-08-11T10:00:00Z",
        "time": 1,
        "request": {
            "method": "POST",
            "url": f"{HOST}/v1/images/edits",
            "headers": [],
            "postData": {
                "mimeType": "multipart/form-data",
                "params": [
                    {"name": "model", "value": "gpt-image-2"},
                    {"name": "prompt", "value": "a fox"},
                    {"name": "n", "value": "2"},
                    {"name": "image[]", "fileName": "a.png", "contentType": "image/png"},
                ],
            },
        },
        "response": {
            "status": 200,
            "headers": [],
            "content": {"size": 9, "text": json.dumps(SERVED)},
        },
    }
    path = tmp_path / "edit.har"
    path.write_text(json.dumps({"log": {"entries": [entry]}}))

    (record,) = judged(path).records

    assert record.shot.case.arguments["n"] == 2
    assert record.shot.case.expect == "accept", record.shot.case.why


def test_what_is_no_recording_says_so(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("# notes\n")

    with pytest.raises(RecordingError, match="no recording"):
        judged(path)
