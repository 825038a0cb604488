"""The plan that a user gets without asking for anything else."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from harness.core.case import Case, Plan
from harness.core.errors import RecordingError, UsageError
from harness.core.jsontype import canonical, digest
from harness.emulator import validate
from harness.plan import to_json
from harness.runner.prepare import new_plan, plans, saved_plan
from harness.spec.load import NAMES, provider
from tests.cases.independent import broken

SCRIPT = """
from harness.core.jsontype import canonical
from harness.plan import to_json
from harness.runner.prepare import plans
from harness.spec.load import NAMES
for plan in plans(NAMES, seed=11):
    print(canonical(to_json(plan)))
"""

plan_of = cache(new_plan)


def default_plan(name: str, seed: int = 0) -> Plan:
    return plan_of(name, seed=seed)


def cases_of(name: str, seed: int = 0) -> tuple[Case, ...]:
    return tuple(shot.case for shot in default_plan(name, seed).shots)


def judged(name: str) -> Iterator[str]:
    operation = provider(name).operation("generate")
    for item in operation.constraints:
        if item.documented and operation.arguments[item.parameter].status == "documented":
            yield item.id


@pytest.mark.parametrize(
    ("name", "constraint"), [(name, item) for name in NAMES for item in judged(name)]
)
def test_every_documented_constraint_is_accepted_once_and_refused_once(
    name: str, constraint: str
) -> None:
    cases = cases_of(name)
    covered = {
        token.partition("=")[0]
        for case in cases
        if case.expect == "accept"
        for token in case.covers
    }
    refused = {case.breaks for case in cases if case.expect == "refuse"}

    assert constraint in covered
    assert constraint in refused


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [0, 1, 7])
def test_a_refused_case_breaks_its_rule_and_no_other(name: str, seed: int) -> None:
    refusals = [case for case in cases_of(name, seed) if case.expect == "refuse"]

    assert refusals
    for case in refusals:
        assert broken(name, case.arguments) == {case.breaks}, case.id
        assert case.about == case.breaks


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [0, 1, 7])
def test_an_accepted_case_breaks_nothing(name: str, seed: int) -> None:
    accepted = [case for case in cases_of(name, seed) if case.expect == "accept"]

    assert accepted
    for case in accepted:
        assert broken(name, case.arguments) == set(), case.id
        assert case.breaks is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [0, 1, 7])
def test_the_emulator_agrees_with_the_whole_plan(name: str, seed: int) -> None:
    for shot in default_plan(name, seed).shots:
        said = validate(name, "generate", shot.request.body)
        if shot.case.expect == "accept":
            assert said is None, shot.case.id
        if shot.case.expect == "refuse":
            assert said is not None, shot.case.id
            assert said.partition(".")[0] == str(shot.case.breaks).partition(".")[0]


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
        assert operation == "generate"
        if case.about is not None:
            assert rest[0] == case.about
            assert rest[1] in {case.expect, "drawn"}


@pytest.mark.parametrize("name", NAMES)
def test_written_ids_do_not_depend_on_the_seed(name: str) -> None:
    def written(seed: int) -> list[str]:
        drawn = ("/drawn/", "/valid/")
        return [case.id for case in cases_of(name, seed) if not any(d in case.id for d in drawn)]

    assert sorted(written(0)) == sorted(written(1))
    assert [case.id for case in cases_of(name, 0)] != [case.id for case in cases_of(name, 1)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [0, 1, 7])
def test_no_two_shots_send_the_same_body(name: str, seed: int) -> None:
    bodies = [digest(shot.request.body) for shot in default_plan(name, seed).shots]

    assert len(set(bodies)) == len(bodies)


@pytest.mark.parametrize("name", NAMES)
def test_only_an_astral_prompt_leaves_the_basic_plane(name: str) -> None:
    for case in cases_of(name):
        prompt = case.arguments.get("prompt", "")
        beyond = isinstance(prompt, str) and any(ord(letter) > 0xFFFF for letter in prompt)

        assert beyond == case.id.endswith("-astral"), case.id


@pytest.mark.parametrize("name", NAMES)
def test_a_prompt_of_a_stated_length_has_that_length(name: str) -> None:
    stated = [case for case in cases_of(name) if case.id.startswith("generate/prompt.max_length/")]
    for case in stated:
        length = case.id.rpartition("/")[2].partition("-")[0]
        prompt = case.arguments["prompt"]
        if length.isdigit() and isinstance(prompt, str) and "/drawn/" not in case.id:
            assert len(prompt) == int(length)

    assert len(stated) >= 5


def test_the_same_seed_plans_the_same_in_any_process() -> None:
    written = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={"PYTHONHASHSEED": hashing},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hashing in ("1", "2")
    ]

    assert len(written[0].splitlines()) == 5
    assert written[0] == written[1]
    assert written[0].splitlines() == [canonical(to_json(item)) for item in plans(NAMES, seed=11)]


def accepted_values(name: str, parameter: str) -> set[object]:
    return {
        case.arguments[parameter]
        for case in cases_of(name)
        if case.expect == "accept" and parameter in case.arguments
    }


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
    assert values <= accepted_values(name, parameter)


def test_compression_is_asked_of_both_formats_that_have_one() -> None:
    asked = {
        case.arguments["output_format"]
        for case in cases_of("sub2api")
        if case.expect == "accept" and "output_compression" in case.arguments
    }

    assert asked == {"jpeg", "webp"}


REFUSED = [
    ("sub2api", "n", {0, 11}),
    ("apiframe", "n", {0, 11}),
    ("nanobanana", "n", {0, 2}),
    ("sub2api", "output_compression", {-1, 101}),
    ("aimlapi", "output_compression", {-1, 101}),
    ("sub2api", "partial_images", {-1, 4}),
    ("sub2api", "background", {"transparent"}),
]


@pytest.mark.parametrize(("name", "parameter", "values"), REFUSED)
def test_the_nearest_value_outside_is_asked_for(
    name: str, parameter: str, values: set[object]
) -> None:
    refused = {
        str(case.arguments[parameter])
        for case in cases_of(name)
        if case.expect == "refuse" and parameter in case.arguments
    }

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


@pytest.mark.parametrize(("name", "constraint"), OPEN)
def test_what_the_documents_leave_open_is_only_looked_at(name: str, constraint: str) -> None:
    about = [case for case in cases_of(name) if case.breaks == constraint]

    assert about
    assert {case.expect for case in about} == {"observe"}


@pytest.mark.parametrize("name", NAMES)
def test_an_open_rule_is_not_probed_with_wrong_types_that_must_be_paid_for(name: str) -> None:
    odd = Counter(
        case.about
        for case in cases_of(name)
        if case.expect == "observe" and case.id.endswith("/an-object")
    )

    assert odd == {}


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_prompt_is_an_open_question(name: str) -> None:
    empty = [case for case in cases_of(name) if case.arguments.get("prompt") == ""]

    assert [(case.id, case.expect) for case in empty] == [
        ("generate/prompt.required/observe/empty", "observe")
    ]


def test_an_unknown_provider_cannot_be_planned() -> None:
    with pytest.raises(UsageError, match="unknown provider"):
        new_plan("dalle", seed=0)


def test_a_plan_that_is_not_there_says_how_to_record_it(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="harness run --record"):
        saved_plan(tmp_path, "buble")


@pytest.mark.parametrize("text", ["{", "", "[" * 100_000, '{"seed": ' + "9" * 5000 + "}"])
def test_a_plan_that_is_no_json_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "buble").mkdir()
    (tmp_path / "buble" / "plan.json").write_text(text, encoding="utf-8")

    with pytest.raises(RecordingError, match="not JSON"):
        saved_plan(tmp_path, "buble")


def test_a_saved_plan_is_read_back(tmp_path: Path) -> None:
    saved = default_plan("apiframe")
    (tmp_path / "apiframe").mkdir()
    (tmp_path / "apiframe" / "plan.json").write_text(canonical(to_json(saved)), encoding="utf-8")

    assert saved_plan(tmp_path, "apiframe") == saved
