"""Each planted mistake is told by line, key and reason, with what to write where one can know."""

import re
from pathlib import Path

import pytest

from harness.core.errors import SpecError
from harness.spec.load import load_provider_file
from tests.benchmarks import spec_mistakes
from tests.spec.planted import ACME, PLANTED, Planted


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.what)
def test_a_planted_mistake_is_told(planted: Planted, tmp_path: Path) -> None:
    path = tmp_path / "acme.toml"
    path.write_bytes(planted.content)

    with pytest.raises(SpecError) as caught:
        load_provider_file(path)

    told = [mistake for mistake in caught.value.mistakes if mistake.key == planted.key]
    assert told, caught.value.message
    assert planted.reason in str(told[0])
    assert told[0].suggestion == planted.suggestion
    assert told[0].line == planted.line
    assert f"acme.toml:{planted.line}: {planted.key or '(the file as a whole)'}: " in str(
        caught.value
    )


def test_the_file_without_a_mistake_loads_however_it_is_saved(tmp_path: Path) -> None:
    path = tmp_path / "acme.toml"
    provider = None
    for text in (ACME, ACME.replace("\n", "\r\n"), f"\ufeff{ACME}", ACME.replace("  {", "\t{")):
        path.write_bytes(text.encode())
        provider = provider or load_provider_file(path)
        assert load_provider_file(path) == provider


def test_there_are_forty_and_no_two_are_alike() -> None:
    assert len({planted.what for planted in PLANTED}) == len(PLANTED) >= 40


def test_the_table_of_planted_mistakes_is_current() -> None:
    assert ours(spec_mistakes.PAGE.read_text(encoding="utf-8")) == ours(spec_mistakes.page())


def ours(page: str) -> str:
    """The page without what tomllib says in words that change from one Python to the next."""
    return re.sub(r"(?<=not valid TOML: )[^;|`]*(?=[;`])", "", page)
