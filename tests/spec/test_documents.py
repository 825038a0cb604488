"""A quote that its document does not have is a mistake on its line, with the nearest text."""

import tomllib
from pathlib import Path

import pytest

from harness.spec.documents import Quotes, compared_quotes
from harness.spec.load import parse_provider
from tests.spec import small

PAGE = """Start
All requests go to https://small.test \u2014 with your key.
Prices
Failed requests   cost
nothing.
"""
START = "All requests go to https://small.test - with your key."


def toml(*changes: tuple[str, str]) -> str:
    """The small provider with changes, each in one place."""
    text = small.TOML
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def quoting(words: str) -> tuple[str, str]:
    """A change that quotes the page where the key is described."""
    line = 'env = "SMALL_API_KEY"\n'
    return line, f"{line}quote = '{words}'\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "page.txt").write_text(PAGE, "utf-8")
    return tmp_path


def compared(text: str, *folders: Path) -> Quotes:
    return compared_quotes(tomllib.loads(text), text, folders)


def test_a_quote_stands_in_its_document_however_it_is_spaced(folder: Path) -> None:
    unit = 'unit = "credit"\n'
    free = "failed_free = 'page: Prices'\nfailed_free_quote = 'Failed requests cost nothing.'\n"

    found = compared(toml(quoting(START), (unit, f"{unit}{free}")), folder)

    assert found.mistakes == ()
    assert found.compared == 2
    assert found.quoted == 1
    assert found.sourced > found.quoted


def test_a_quote_that_the_document_does_not_have_is_a_mistake(folder: Path) -> None:
    text = toml(quoting("All requests go to https://big.test - with your key."))
    line = text[: text.index("quote = ")].count("\n") + 1

    (mistake,) = compared(text, folder).mistakes

    assert (mistake.key, mistake.line) == ("auth.quote", line)
    assert mistake.reason.startswith("page.txt does not say 'All requests go to https://big.test")
    assert mistake.write == f'"{START}"'


def test_a_quote_of_the_second_source_is_looked_for_in_that_document(folder: Path) -> None:
    second = (
        'page = { file = "page.txt", title = "A page" }\n',
        'page = { file = "page.txt", title = "A page" }\nsdk = { file = "sdk.md", title = "S" }\n',
    )
    auth = (
        'env = "SMALL_API_KEY"\n',
        f"env = 'SMALL_API_KEY'\nsecond_source = 'sdk: Keys'\nsecond_quote = '{START}'\n",
    )
    (folder / "sdk.md").write_text("Keys\nthe key goes into a header", "utf-8")

    (mistake,) = compared(toml(second, auth), folder).mistakes

    assert mistake.key == "auth.second_quote"
    assert mistake.reason.startswith("sdk.md does not say")
    assert mistake.write == ""


def test_a_document_that_is_not_there_is_named_and_skipped(folder: Path) -> None:
    text = toml(quoting("anything"), ('"page.txt"', '"https://small.test/page"'))

    found = compared(text, folder)

    assert (found.mistakes, found.compared) == ((), 0)
    assert found.absent == {"https://small.test/page": 1}


def test_only_files_within_the_folders_are_read(folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir()
    text = toml(quoting(START), ('"page.txt"', '"../page.txt"'))

    found = compared(text, inner)

    assert found.absent == {"../page.txt": 1}


def test_the_first_folder_that_has_the_document_counts(folder: Path) -> None:
    other = folder / "other"
    other.mkdir()

    assert compared(toml(quoting(START)), other, folder).mistakes == ()


def test_what_an_operation_inherits_is_counted_and_told_once(folder: Path) -> None:
    length = 'max_length = { characters = 100, source = "page: Generate"'
    edit = """
[operations.again]
extends = "generate"
title = "Again"
source = "page: Generate"
"""

    found = compared(toml((length, f"{length}, quote = 'no such row'")) + edit, folder)

    assert [mistake.key for mistake in found.mistakes] == [
        "operations.generate.arguments.prompt.max_length.quote"
    ]
    assert found.compared == 1


def test_a_claim_about_prices_is_a_quote_itself(folder: Path) -> None:
    model = """
[model]
name = "large"
status = "undocumented"
source = "page: Prices"
claim = { share = 0.8, says = "Failed requests cost little.", source = "page: Prices" }
"""

    (mistake,) = compared(small.TOML + model, folder).mistakes

    assert mistake.key == "model.claim.says"
    assert mistake.write == '"Failed requests cost nothing."'


@pytest.mark.parametrize("file", ["a\0b", "x" * 5000, "", "."])
def test_a_name_that_no_file_has_is_no_document(folder: Path, file: str) -> None:
    tables = tomllib.loads(toml(quoting(START)))
    tables["documents"]["page"]["file"] = file

    found = compared_quotes(tables, small.TOML, (folder,))

    assert list(found.absent) == [file]


def test_a_quote_of_what_is_not_cited_is_a_mistake() -> None:
    line = 'env = "SMALL_API_KEY"\n'
    tables = tomllib.loads(toml((line, f"{line}second_quote = 'of nothing'\n")))

    mistakes = parse_provider(tables)

    assert isinstance(mistakes, tuple)
    assert [(each.key, each.reason.partition(",")[0]) for each in mistakes] == [
        ("auth", "second_quote goes together with second_source")
    ]


def test_a_quote_longer_than_a_sentence_is_a_mistake() -> None:
    mistakes = parse_provider(tomllib.loads(toml(quoting("x" * 301))))

    assert isinstance(mistakes, tuple)
    assert [(each.key, each.reason[:30]) for each in mistakes] == [
        ("auth.quote", "write at most 300 characters, ")
    ]
