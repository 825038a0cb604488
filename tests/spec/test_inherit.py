from typing import Any

import pytest

from harness.spec.load import inherited, parse_provider
from tests.shipped import shipped_provider
from tests.spec import small


def test_an_operation_inherits_what_it_does_not_say_itself() -> None:
    edit, generate = small.operation("edit"), small.operation("generate")

    assert edit.arguments["size"].min_pixels is not None
    assert edit.arguments["size"].min_pixels.pixels == 65_536
    assert edit.job == generate.job
    assert (edit.path, edit.body, edit.title) == ("/edits", "form", "Edit")


def test_an_argument_said_again_is_merged_key_by_key() -> None:
    edit = small.operation("edit")

    assert edit.arguments["prompt"].wire == "prompt"
    assert edit.arguments["prompt"].max_length is not None


def test_what_is_left_out_is_not_inherited() -> None:
    assert {"stream", "partial_images"}.isdisjoint(small.operation("edit").arguments)


def test_an_inherited_rule_cites_the_section_that_repeats_it() -> None:
    edit = shipped_provider("aimlapi").operation("edit")
    length = edit.arguments["prompt"].max_length

    assert length is not None
    assert str(length.source) == "004_af00e4dce4fb4dd9.txt: Edit image"


def test_the_parent_keeps_its_own_sources() -> None:
    length = shipped_provider("aimlapi").operation("generate").arguments["prompt"].max_length

    assert length is not None
    assert str(length.source) == "004_af00e4dce4fb4dd9.txt: Generate image"


@pytest.mark.parametrize(
    ("key", "value", "mistake"),
    [
        ("extends", "upscale", "operations.edit.extends: there is no other operation 'upscale'"),
        ("extends", "edit", "operations.edit.extends: there is no other operation 'edit'"),
        ("extends", ["generate"], "operations.edit.extends: there is no other operation"),
        ("without", "stream", "operations.edit.without: write a list of arguments"),
        ("without", ["colour"], "operations.edit.without: there is no argument 'colour'"),
        ("without", [["n"]], "operations.edit.without: there is no argument ['n']"),
        ("moved", {"page: Nowhere": "page: Edit"},
         "operations.edit.moved: nothing inherited cites 'page: Nowhere'"),
        ("moved", {"page: Generate": 3},
         "operations.edit.moved: write a table from source to source"),
        ("moved", {"page: Generate": "flyer: Edit"},
         "operations.edit.arguments.n.range.source: 'flyer' is not among the documents"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_inheritance_is_told(key: str, value: object, mistake: str) -> None:
    raw = small.tables()
    raw["operations"]["edit"][key] = value
    found = parse_provider(raw)

    assert isinstance(found, tuple)
    assert any(str(line).startswith(mistake) for line in found), found


def test_operations_do_not_extend_each_other_in_a_chain() -> None:
    raw = small.tables()
    raw["operations"]["respond"] = {"extends": "edit"}
    found = parse_provider(raw)

    assert isinstance(found, tuple)
    told = "operations.respond.extends: 'edit' extends another operation itself"
    assert told in map(str, found)


@pytest.mark.parametrize("operations", [None, 3, [], {"generate": 3}, {"edit": {"extends": 1}}])
def test_tables_of_any_shape_are_read_without_an_exception(operations: Any) -> None:  # noqa: ANN401
    spread, _ = inherited({"operations": operations})

    assert "operations" in spread
