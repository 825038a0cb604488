"""The plan that a user gets without asking for anything else."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from harness.core.case import Case, Plan
from harness.core.errors import RecordingError, UsageError
from harness.core.jsonvalue import canonical
from harness.planning.plan import plan_to_json
from harness.runner.recording import saved_plan
from tests.cases import served
from tests.cases.independent import NEVER_BROKEN, broken
from tests.plans import new_plan, plan_of
from tests.shipped import NAMES, shipped_provider

SCRIPT = """
from harness.core.jsonvalue import canonical
from harness.planning.plan import plan_to_json
from harness.planning.conformance import new_plan
from harness.spec.catalogue import shipped_catalogue
for name in ("buble", "apiframe", "aimlapi"):
    entry = shipped_catalogue().entry(name)
    print(canonical(plan_to_json(new_plan(entry, seed=1, discover=True))))
"""

EVERY = [(name, operation) for name in NAMES for operation in shipped_provider(name).operations]


def default_plan(name: str, seed: int = 0) -> Plan:
    """A provider's plan with all open questions: they are added to it, and change nothing else."""
    return plan_of(name, seed=seed, discover=True)


def cases_of(name: str, operation: str | None = None, seed: int = 0) -> tuple[Case, ...]:
    """A provider's planned cases with the user's key, of all its operations or of one."""
    planned = (shot.case for shot in default_plan(name, seed).shots)
    own = (case for case in planned if case.credential == "own")
    return tuple(case for case in own if operation in (None, case.operation))


def judged(name: str, operation: str) -> Iterator[str]:
    described = shipped_provider(name).operation(operation)
    for item in described.constraints:
        if item.documented and described.arguments[item.parameter].status == "documented":
            yield item.id


NEVER_EXERCISED = {
    ("sub2api", "edit"): {"input_fidelity.absent"},
    ("openai", "generate"): {"style.absent", "response_format.absent"},
    ("openai", "edit_json"): {
        "style.absent", "response_format.absent", "input_fidelity.absent",
    },
    ("openai", "edit"): {
        "style.absent", "response_format.absent", "input_fidelity.absent",
    },
}  # fmt: skip
"""What a request keeps by saying nothing, so that there is nothing to cover."""


@pytest.mark.parametrize(
    ("name", "operation", "constraint"),
    [(*one, item) for one in EVERY for item in judged(*one)],
)
def test_every_documented_constraint_is_accepted_once_and_refused_once(
    name: str, operation: str, constraint: str
) -> None:
    cases = cases_of(name, operation)
    covered = {
        token.partition("=")[0]
        for case in cases
        if case.expect == "accept"
        for token in case.covers
    }
    refused = {case.breaks for case in cases if case.expect == "refuse"}
    silent, unbroken = (
        constraint in exempt.get((name, operation), ())
        for exempt in (NEVER_EXERCISED, NEVER_BROKEN)
    )

    assert (constraint in covered) is not silent
    assert (constraint in refused) is not unbroken


@pytest.mark.parametrize(("name", "operation"), EVERY)
@pytest.mark.parametrize("seed", [0, 1, 7])
def test_a_refused_case_breaks_its_rule_and_no_other(name: str, operation: str, seed: int) -> None:
    refusals = [case for case in cases_of(name, operation, seed) if case.expect == "refuse"]

    assert bool(refusals) is (
        (name, operation) != ("sub2api", "respond")
    )  # of the tool nothing is documented
    for case in refusals:
        assert broken(name, case.arguments, operation) == {case.breaks}, case.id
        assert case.about == case.breaks


@pytest.mark.parametrize(("name", "operation"), EVERY)
@pytest.mark.parametrize("seed", [0, 1, 7])
def test_an_accepted_case_breaks_nothing(name: str, operation: str, seed: int) -> None:
    accepted = [case for case in cases_of(name, operation, seed) if case.expect == "accept"]

    assert accepted
    for case in accepted:
        assert broken(name, case.arguments, operation) == set(), case.id
        assert case.breaks is None


@pytest.mark.usefixtures("each_file_is_decoded_once")
@pytest.mark.parametrize(("name", "operation"), EVERY)
def test_the_emulator_agrees_with_the_whole_plan(name: str, operation: str) -> None:
    cases = {case.id: case for seed in (0, 1, 7) for case in cases_of(name, operation, seed)}
    wrong = {
        case.id: told
        for case in cases.values()
        if case.expect != "observe" and (told := served.disagreement(case))
    }

    assert wrong == {}


@pytest.mark.parametrize("name", NAMES)
def test_an_open_question_is_about_one_rule_and_says_what_is_open(name: str) -> None:
    for case in cases_of(name):
        if case.expect == "observe":
            assert case.breaks == case.about is not None
            assert case.why.startswith(("undocumented: ", "contradictory: ")), case.id
            assert len(case.why) > 40, case.id
        else:
            assert case.why == ""


@pytest.mark.parametrize("name", NAMES)
def test_an_id_says_what_the_case_is_about_and_is_unique(name: str) -> None:
    cases = cases_of(name)
    ids = Counter(case.id for case in cases)

    assert max(ids.values()) == 1
    for case in cases:
        operation, *rest = case.id.split("/")
        assert operation == case.operation
        if case.about is not None:
            assert rest[0] == case.about
            assert rest[1] in {case.expect, "drawn"}


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_of_a_provider_is_planned(name: str) -> None:
    assert {case.operation for case in cases_of(name)} == set(shipped_provider(name).operations)


def test_operations_can_be_left_out_of_a_plan() -> None:
    whole = [case for case in cases_of("nanobanana") if case.operation == "edit"]
    edits = new_plan("nanobanana", seed=0, operations=("edit", "respond"), discover=True)

    own = [shot.case for shot in edits.shots if shot.case.credential == "own"]
    assert own == whole


@pytest.mark.parametrize("name", NAMES)
def test_written_ids_do_not_depend_on_the_seed(name: str) -> None:
    """Rows may leave room for a refusal more or less: the last of them gives way."""

    def written(operation: str, seed: int) -> list[str]:
        drawn = ("/drawn/", "/row/")
        cases = cases_of(name, operation, seed)
        return [case.id for case in cases if not any(d in case.id for d in drawn)]

    for operation in shipped_provider(name).operations:
        fewer, more = sorted((written(operation, 0), written(operation, 1)), key=len)
        judged_ = [one for one in fewer if "/observe/" not in one]

        assert [one for one in more if "/observe/" not in one][: len(judged_)] == judged_
        assert len(more) - len(fewer) <= 2
        assert {one for one in fewer if "/observe/" in one} == {
            one for one in more if "/observe/" in one
        }
    assert [case.id for case in cases_of(name)] != [case.id for case in cases_of(name, seed=1)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [0, 1, 7])
def test_no_two_shots_send_the_same_body(name: str, seed: int) -> None:
    sent = [
        (shot.request.target, canonical(shot.request.body), shot.request.form)
        for shot in default_plan(name, seed).shots
    ]

    assert len(set(sent)) == len(sent)


@pytest.mark.parametrize("name", NAMES)
def test_only_an_astral_prompt_leaves_the_basic_plane(name: str) -> None:
    for case in cases_of(name):
        prompt = case.arguments.get("prompt", "")
        beyond = isinstance(prompt, str) and any(ord(letter) > 0xFFFF for letter in prompt)

        assert beyond == case.id.endswith("-astral"), case.id


@pytest.mark.parametrize(("name", "operation"), [one for one in EVERY if one[1] != "respond"])
def test_a_prompt_of_a_stated_length_has_that_length(name: str, operation: str) -> None:
    about = f"{operation}/prompt.max_length/"
    stated = [case for case in cases_of(name) if case.id.startswith(about)]
    for case in stated:
        length = case.id.rpartition("/")[2].partition("-")[0]
        prompt = case.arguments["prompt"]
        if length.isdigit() and isinstance(prompt, str) and "/drawn/" not in case.id:
            assert len(prompt) == int(length)

    assert len(stated) >= 3


@pytest.mark.parametrize("operation", ["generate", "edit"])
@pytest.mark.parametrize(
    ("name", "most"), [("buble", 20_000), ("nanobanana", 2000), ("aimlapi", 32_000)]
)
def test_the_longest_prompt_is_asked_for_in_both_kinds_of_letters(
    name: str, operation: str, most: int
) -> None:
    longest = {
        prompt.isascii()
        for prompt in asked(name, operation, "accept", "prompt")
        if len(prompt) == most
    }

    assert longest == {True, False}


def test_the_same_seed_plans_the_same_in_any_process() -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            env={"PYTHONHASHSEED": hashing},
            stdout=subprocess.PIPE,
            text=True,
        )
        for hashing in ("1", "2")
    ]
    here = [
        canonical(plan_to_json(default_plan(name, seed=1)))
        for name in ("buble", "apiframe", "aimlapi")
    ]
    written = [process.communicate()[0].splitlines() for process in started]

    assert written == [here, here]


def asked(name: str, operation: str, expect: str, parameter: str) -> list[Any]:
    """The values of a parameter in all cases of an expectation."""
    return [
        case.arguments[parameter]
        for case in cases_of(name, operation)
        if case.expect == expect and parameter in case.arguments
    ]


BOUNDARIES = [
    ("buble", "resolution", {"1K", "2K", "4K"}),
    ("buble", "aspect_ratio", {"auto", "1:1", "16:9", "9:16", "4:3", "3:4"}),
    ("sub2api", "model", {"gpt-image-2", "gpt-image-2-2026-04-21"}),
    ("sub2api", "n", {1, 10}),
    ("sub2api", "size", {
        "auto", "1024x1024", "1536x1024", "1024x1536", "3840x2160", "2160x3840", "3840x1280",
        "1280x3840", "1024x640", "640x1024",
    }),
    ("sub2api", "quality", {"low", "medium", "high", "auto"}),
    ("sub2api", "output_format", {"png", "jpeg", "webp"}),
    ("sub2api", "output_compression", {0, 50, 100}),
    ("sub2api", "background", {"auto", "opaque"}),
    ("sub2api", "moderation", {"auto", "low"}),
    ("sub2api", "stream", {True, False}),
    ("sub2api", "partial_images", {0, 1, 2, 3}),
    ("sub2api", "user", {"harness-7f3a"}),
    ("apiframe", "quality", {"low", "medium", "high", "auto"}),
    ("apiframe", "background", {"auto", "opaque"}),
    ("apiframe", "n", {1, 10}),
    ("apiframe", "output_format", {"webp", "png", "jpeg"}),
    ("apiframe", "moderation", {"auto", "low"}),
    ("nanobanana", "n", {1}),
    ("nanobanana", "size", {
        "1024x1024", "1536x1024", "1024x1536", "2048x2048", "2048x1152", "3840x2160", "2160x3840",
        "auto", "3840x1280", "1280x3840", "1024x640", "640x1024",
    }),
    ("nanobanana", "quality", {"low", "medium", "high", "auto"}),
    ("aimlapi", "size", {"1024x1024", "1536x1024"}),
    ("aimlapi", "output_format", {"png", "jpeg", "webp"}),
    ("aimlapi", "output_compression", {0, 50, 100}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "parameter", "values"), BOUNDARIES)
def test_every_documented_value_and_boundary_is_asked_for(
    name: str, parameter: str, values: set[object]
) -> None:
    assert values <= set(asked(name, "generate", "accept", parameter))


OF_GENERATION_ONLY = {("sub2api", "moderation"), ("aimlapi", "moderation")}
"""What the documents promise of generations and not of edits."""


@pytest.mark.parametrize(
    ("name", "parameter", "values"),
    [one for one in BOUNDARIES if one[:2] not in OF_GENERATION_ONLY],
)
def test_an_edit_asks_for_the_same_values_and_boundaries(
    name: str, parameter: str, values: set[object]
) -> None:
    assert values <= set(asked(name, "edit", "accept", parameter))


def test_an_edit_of_aimlapi_may_ask_for_several_images() -> None:
    assert {1, 10} <= set(asked("aimlapi", "edit", "accept", "n"))


def files(name: str, expect: str, parameter: str, about: str | None = None) -> list[dict[str, Any]]:
    """The files of a parameter in all cases of an expectation, or in those about one rule."""
    held = [
        case.arguments[parameter]
        for case in cases_of(name, "edit")
        if case.expect == expect
        and parameter in case.arguments
        and about in (None, str(case.about).partition(".")[2])
        and (about is None or str(case.about).startswith(f"{parameter}."))
    ]
    return [file for one in held for file in (one if isinstance(one, list) else [one])]  # type: ignore[misc]  # files, in these cases


@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [
        ("buble", {1, 16}, {17, 0}),
        ("sub2api", {1, 16}, {17}),
        ("apiframe", {1}, set()),
        ("nanobanana", {1, 14}, {15, 0}),
        ("aimlapi", {1, 16}, {17}),
    ],
)
def test_references_are_asked_for_on_both_sides_of_their_number(
    name: str, accepted: set[int], refused: set[int]
) -> None:
    lists = {expect: asked(name, "edit", expect, "images") for expect in ("accept", "refuse")}
    counts = {
        expect: {len(one) for one in held if isinstance(one, list)}
        for expect, held in lists.items()
    }

    assert accepted <= counts["accept"]
    assert refused <= counts["refuse"]


@pytest.mark.parametrize(
    ("name", "parameter", "accepted", "refused"),
    [
        ("buble", "images", 10_000_000, 10_485_761),
        ("sub2api", "mask", 49_999_999, 52_428_800),
        ("aimlapi", "images", 50_000_000, 52_428_801),
        ("aimlapi", "mask", 3_999_999, 4_194_304),
    ],
)
def test_a_file_is_asked_for_on_both_sides_of_its_size_by_either_reading_of_mb(
    name: str, parameter: str, accepted: int, refused: int
) -> None:
    largest = max(file["bytes"] for file in files(name, "accept", parameter))
    too_large = {file["bytes"] for file in files(name, "refuse", parameter, "max_bytes")}

    assert largest == accepted
    assert refused in too_large


@pytest.mark.parametrize("name", ["buble", "sub2api", "aimlapi"])
def test_references_are_asked_for_in_every_format_and_in_one_that_is_none(name: str) -> None:
    accepted = {
        file["media_type"] for images in asked(name, "edit", "accept", "images") for file in images
    }
    refused = {file["media_type"] for file in files(name, "refuse", "images", "media_type")}

    assert accepted == {"image/png", "image/jpeg", "image/webp"}
    assert refused == {"image/gif"}


def test_a_mask_of_sub2api_is_sent_in_the_format_and_the_dimensions_of_its_image() -> None:
    masked: list[dict[str, Any]] = [
        case.arguments
        for case in cases_of("sub2api", "edit")
        if case.expect == "accept" and "mask" in case.arguments
    ]
    pairs = [(arguments["mask"], arguments["images"][0]) for arguments in masked]

    assert {mask["media_type"] for mask, _ in pairs} == {"image/png", "image/webp"}
    for mask, image in pairs:
        assert all(mask[key] == image[key] for key in ("media_type", "width", "height"))
        assert mask["alpha"]


@pytest.mark.parametrize("name", ["apiframe", "nanobanana"])
def test_base64_and_data_urls_are_no_addresses(name: str) -> None:
    refused = [
        image
        for case in cases_of(name, "edit")
        if case.breaks == "images.url_only" and case.expect == "refuse"
        for image in [case.arguments["images"]]
        if isinstance(image, list)
    ]

    assert any(str(image[0]).startswith("data:image/png;base64,") for image in refused)
    assert any(re.fullmatch(r"[A-Za-z0-9+/=]{100,}", str(image[0])) for image in refused)


def test_a_fidelity_is_sent_to_be_refused_only() -> None:
    assert asked("sub2api", "edit", "refuse", "input_fidelity") != []
    assert asked("sub2api", "edit", "accept", "input_fidelity") == []


@pytest.mark.parametrize("name", NAMES)
def test_every_address_is_a_stand_in_that_reaches_nobody(name: str) -> None:
    texts = json.dumps([shot.case.arguments for shot in default_plan(name).shots])
    hosts = {urlsplit(found).hostname for found in re.findall(r"https?://[^\s\"]+", texts)}

    assert hosts <= {"assets.invalid", "webhooks.invalid"}


def test_no_two_cases_wait_for_the_same_webhook() -> None:
    hooks = [
        case.arguments["webhook_url"]
        for case in cases_of("apiframe")
        if case.expect == "accept" and "webhook_url" in case.arguments
    ]

    assert len(hooks) > 10
    assert len(set(hooks)) == len(hooks)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("buble", ("poll_again", "unknown_job")),
        ("sub2api", ()),
        ("apiframe", ("same_key", "poll_again", "unknown_job")),
        ("nanobanana", ()),
        ("aimlapi", ()),
    ],
)
def test_only_the_base_of_a_job_is_followed_up(name: str, expected: tuple[str, ...]) -> None:
    followed = {case.id: case.follow_ups for case in cases_of(name)}
    bases = {f"{operation}/base" for operation in shipped_provider(name).operations}

    assert {followed[base] for base in bases} == {expected}
    assert not any(followed[one] for one in followed if one not in bases)


@pytest.mark.parametrize("operation", ["generate", "edit"])
def test_compression_is_asked_of_both_formats_that_have_one(operation: str) -> None:
    formats = {
        case.arguments["output_format"]
        for case in cases_of("sub2api", operation)
        if case.expect == "accept" and "output_compression" in case.arguments
    }

    assert formats == {"jpeg", "webp"}


REFUSED = [
    ("sub2api", "n", {0, 11}),
    ("apiframe", "n", {0, 11}),
    ("nanobanana", "n", {0, 2}),
    ("sub2api", "output_compression", {-1, 101}),
    ("aimlapi", "output_compression", {-1, 101}),
    ("sub2api", "partial_images", {-1, 4}),
    ("sub2api", "background", {"transparent"}),
]


@pytest.mark.parametrize("operation", ["generate", "edit"])
@pytest.mark.parametrize(("name", "parameter", "values"), REFUSED)
def test_the_nearest_value_outside_is_asked_for(
    name: str, operation: str, parameter: str, values: set[object]
) -> None:
    refused = {str(value) for value in asked(name, operation, "refuse", parameter)}

    assert {str(value) for value in values} <= refused


OPEN = [
    ("buble", "model.required"),  # advice, not a rule
    ("buble", "mode.required"),
    ("sub2api", "prompt.max_length"),
    ("sub2api", "user.format"),
    ("apiframe", "model.required"),  # required, with a default
    ("apiframe", "prompt.max_length"),
    ("apiframe", "aspect_ratio.one_of"),
    ("apiframe", "webhook_url.format"),
    ("aimlapi", "size.one_of"),
    ("aimlapi", "n.one_of"),
    ("aimlapi", "background.one_of"),
    ("aimlapi", "background.never_with"),
]

OPEN_IN_EDITS = [
    *(one for one in OPEN if one not in {("sub2api", "user.format"), ("aimlapi", "n.one_of")}),
    ("sub2api", "moderation.one_of"),  # OpenAI's form of edits has none
    ("sub2api", "images.max_bytes"),  # the gateway's code has another limit
    ("apiframe", "images.count"),  # one address, or a list of them
    ("aimlapi", "n.integer"),  # a "number"
    ("aimlapi", "mask.alpha"),
]


@pytest.mark.parametrize(
    ("name", "operation", "constraint"),
    [(name, "generate", constraint) for name, constraint in OPEN]
    + [(name, "edit", constraint) for name, constraint in OPEN_IN_EDITS],
)
def test_what_the_documents_leave_open_is_only_looked_at(
    name: str, operation: str, constraint: str
) -> None:
    about = [case for case in cases_of(name, operation) if case.breaks == constraint]

    assert about
    assert {case.expect for case in about} == {"observe"}


def test_an_edit_without_an_image_is_a_generation_at_apiframe() -> None:
    bare = [
        case
        for case in cases_of("apiframe", "edit", seed=1)
        if "images" not in case.arguments and case.expect != "observe"
    ]

    assert bare == []


def test_of_the_responses_tool_only_the_plain_request_is_judged() -> None:
    judged_ = [case.id for case in cases_of("sub2api", "respond") if case.expect != "observe"]

    assert judged_ == ["respond/base"]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("buble", ("-cut", "png-p-", "png-la-")),
        ("sub2api", ("-cut", "png-p-", "png-la-")),
        ("aimlapi", ("-cut", "png-p-", "png-la-")),
        ("apiframe", ("missing",)),
        ("nanobanana", ("missing",)),
    ],
)
def test_a_file_that_no_document_speaks_of_is_only_looked_at(
    name: str, parts: tuple[str, ...]
) -> None:
    for part in parts:
        odd = [
            case
            for case in cases_of(name, "edit")
            if part in canonical(case.arguments.get("images"))
        ]

        assert odd, part
        assert {case.expect for case in odd} == {"observe"}


@pytest.mark.parametrize("name", NAMES)
def test_an_open_rule_is_not_probed_with_wrong_types_that_must_be_paid_for(name: str) -> None:
    odd = Counter(
        case.about
        for case in cases_of(name)
        if case.expect == "observe" and case.id.endswith("/an-object")
    )

    assert odd == {}


@pytest.mark.parametrize(("name", "operation"), EVERY)
def test_an_empty_prompt_is_an_open_question(name: str, operation: str) -> None:
    empty = [case for case in cases_of(name, operation) if case.arguments.get("prompt") == ""]

    assert [(case.id, case.expect) for case in empty] == [
        (f"{operation}/prompt.required/observe/empty", "observe")
    ]


def test_an_unknown_provider_cannot_be_planned() -> None:
    with pytest.raises(UsageError, match="unknown provider"):
        new_plan("dalle", seed=0)


def test_a_plan_that_is_not_there_says_how_to_record_it(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="harness run --against emulator --record"):
        saved_plan(tmp_path, shipped_provider("buble"))


@pytest.mark.parametrize("text", ["{", "", "[" * 100_000, '{"seed": ' + "9" * 5000 + "}"])
def test_a_plan_that_is_no_json_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "buble").mkdir()
    (tmp_path / "buble" / "plan.json").write_text(text, encoding="utf-8")

    with pytest.raises(RecordingError, match="not JSON"):
        saved_plan(tmp_path, shipped_provider("buble"))


def test_a_saved_plan_is_read_back(tmp_path: Path) -> None:
    saved = default_plan("apiframe")
    (tmp_path / "apiframe").mkdir()
    (tmp_path / "apiframe" / "plan.json").write_text(
        canonical(plan_to_json(saved)), encoding="utf-8"
    )

    assert saved_plan(tmp_path, shipped_provider("apiframe")) == saved
