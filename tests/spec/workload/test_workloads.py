import json
import tempfile
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given

from harness.core.errors import UsageError
from harness.core.workload import Workload
from harness.spec.workload.workloads import (
    SETS,
    load_workloads,
    select_workloads,
    shipped_workloads,
)
from tests.workloads import workloads

DRAFT = """
[[workload]]
name = "draft"
operation = "generate"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def as_toml(one: Workload) -> str:
    """The entry of a file: of texts, whole numbers and lists, JSON is TOML."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in asdict(one).items() if value]
    return "\n".join(["[[workload]]", *lines])


def test_no_two_shipped_workloads_share_a_name() -> None:
    found = [one.name for name in SETS for one in shipped_workloads(name)]

    assert len(found) > len(SETS)
    assert sorted(found) == sorted(set(found))


def test_without_a_word_the_default_set_is_meant() -> None:
    assert select_workloads(()) == shipped_workloads("default")


def test_an_entry_that_names_little_leaves_the_rest_to_the_provider(tmp_path: Path) -> None:
    assert load_workloads(written(tmp_path, DRAFT)) == (
        Workload(name="draft", operation="generate"),
    )


def test_one_prompt_length_needs_no_list(tmp_path: Path) -> None:
    (found,) = load_workloads(written(tmp_path, DRAFT + "prompt_length = 300"))

    assert found.prompt_lengths == (300,)


@given(workloads())
def test_what_is_written_is_read_back(one: Workload) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert load_workloads(written(Path(folder), as_toml(one))) == (one,)


# -------------------------------------------------------------------------------------- selection
def test_a_word_is_a_set_a_workload_or_a_file_each_narrowed_by_a_colon(tmp_path: Path) -> None:
    path = written(tmp_path, DRAFT + DRAFT.replace("draft", "other"))

    assert select_workloads(["print"]) == shipped_workloads("print")
    assert select_workloads(["print:print-4k"]) == shipped_workloads("print")[1:]
    assert select_workloads(["print-4k"]) == shipped_workloads("print")[1:]
    assert [one.name for one in select_workloads([str(path)])] == ["draft", "other"]
    assert [one.name for one in select_workloads([f"{path}:other"])] == ["other"]


def test_words_add_up_in_their_order_and_each_workload_is_asked_once() -> None:
    found = select_workloads(["print-4k", "default", "print"])

    assert [one.name for one in found] == [
        "print-4k", *(one.name for one in shipped_workloads("default")), "print-2k",
    ]  # fmt: skip


def test_two_different_workloads_of_one_name_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, DRAFT.replace("draft", "print-4k"))

    with pytest.raises(UsageError, match="another workload is called 'print-4k'") as told:
        select_workloads(["print", str(path)])

    assert "rename one of the two" in str(told.value)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("defalt", "--workload defalt: no such workload, set or file (did you mean default?"),
        ("square-drift", "did you mean square-draft?"),
        ("print:print-8k", "print has no 'print-8k' (one of print-2k, print-4k)"),
        ("print:", "no such workload, set or file"),
        (":print-4k", "no such workload, set or file"),
        ("", "no such workload, set or file"),
        ("nowhere.toml", "nowhere.toml: No such file or directory"),
        ("nowhere.toml:draft", "nowhere.toml: No such file or directory"),
    ],
)
def test_a_word_that_means_nothing_says_what_there_is(word: str, told: str) -> None:
    with pytest.raises(UsageError) as error:
        select_workloads([word])

    assert told in str(error.value)


# --------------------------------------------------------------------------------------- mistakes
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no workload in it: write [[workload]] with name and operation"),
        ("[workload]\nname = 'a'", "no workload in it: write [[workload]]"),
        ("workload = 3", "no workload in it: write [[workload]]"),
        ("workload = [3]", "workload 1: "),
        ("name = 'a'" + DRAFT, "name: unknown key; write [[workload]] above each"),
        ("[[workload]]\noperation = 'generate'", "workload 1: name: missing; write one"),
        ("[[workload]]\nname = 'a'", "workload 1 ('a'): operation: missing; write one"),
        (DRAFT.replace("draft", "My Draft"), "name: write lower-case letters, digits and dashes"),
        (DRAFT.replace("draft", "draft\\n"), "name: write lower-case letters"),
        (DRAFT.replace("draft", ""), "name: write lower-case letters"),
        (DRAFT + DRAFT, "workload 2 ('draft'): name: an earlier workload has it"),
        (DRAFT + "size = '1024*1024'", "size: write WIDTHxHEIGHT, like 1024x1024, got '1024*1024'"),
        (DRAFT + "size = '0x1024'", "size: write WIDTHxHEIGHT"),
        (DRAFT + "qualty = 'low'", "qualty: unknown key; did you mean quality?"),
        (DRAFT + "zzz = 1", "zzz: unknown key; one of name, operation, size"),
        (DRAFT + "quality = 'lwo'", "quality: Input should be 'low', 'medium', 'high' or 'auto'"),
        (DRAFT + "n = 0", "n: Input should be greater than or equal to 1, got 0"),
        (DRAFT + "n = '2'", "n: Input should be a valid integer, got '2'"),
        (DRAFT + "n = true", "n: Input should be a valid integer"),
        (DRAFT + "weight = 0", "weight: Input should be greater than or equal to 1"),
        (DRAFT + "prompt_lengths = []", "prompt_lengths: "),
        (DRAFT + "prompt_lengths = [80, 3]", "prompt_lengths.1: Input should be greater than"),
        (DRAFT + "prompt_length = 80\nprompt_lengths = [80]", "not both"),
        (DRAFT + "references = 1", 'references go with edits: write operation = "edit"'),
        (DRAFT.replace("generate", "edit"), "an edit needs references: write references = 1"),
        (DRAFT.replace("generate", "edti"), "operation: Input should be 'generate', 'edit' or"),
        (DRAFT + "n = 0\nweight = 0\nsize = 'x'", "(and 2 more)"),
        ("[[workload", "not valid TOML: "),
    ],
)
def test_a_mistake_is_told_in_one_line_with_file_entry_and_key(
    text: str, told: str, tmp_path: Path
) -> None:
    path = written(tmp_path, text)

    with pytest.raises(UsageError) as error:
        load_workloads(path)

    assert str(error.value).startswith(f"{path}: ")
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_no_text_or_no_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes(b"# caf\xe9")

    with pytest.raises(UsageError, match=r"latin\.toml: not valid TOML"):
        load_workloads(path)
    with pytest.raises(UsageError, match="Is a directory"):
        load_workloads(tmp_path)


def test_a_file_that_an_editor_marked_as_utf_8_is_read(tmp_path: Path) -> None:
    path = tmp_path / "marked.toml"
    path.write_text(DRAFT, encoding="utf-8-sig")

    assert [one.name for one in load_workloads(path)] == ["draft"]
