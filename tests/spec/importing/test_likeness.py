"""A new provider begun from another: valid at once, and nothing of it passes for a promise."""

import tomllib
from pathlib import Path

import pytest

from harness.spec.importing.likeness import TODO, like
from harness.spec.load import load_provider_file, parse_provider
from harness.spec.provider import Provider
from tests.shipped import FOLDER, NAMES, shipped_provider
from tests.spec import small

TEXTS = {name: (FOLDER / f"{name}.toml").read_text(encoding="utf-8") for name in NAMES}


def begun(name: str, model: str) -> Provider:
    """A provider begun from a shipped one."""
    found = parse_provider(tomllib.loads(like(TEXTS[model], name, model=model)))
    assert isinstance(found, Provider), found
    return found


@pytest.mark.parametrize("model", NAMES)
def test_it_has_its_own_name_key_and_address(model: str) -> None:
    provider = begun("acme_two", model)

    assert provider.name == "acme_two"
    assert provider.title == "Acme Two"
    assert provider.auth.env == "ACME_TWO_API_KEY"
    assert provider.base_url == "https://acme-two.invalid"
    assert set(provider.documents) == {TODO}


@pytest.mark.parametrize("model", NAMES)
def test_it_asks_what_the_other_asks(model: str) -> None:
    provider, other = begun("acme", model), shipped_provider(model)

    assert list(provider.operations) == list(other.operations)
    for name, operation in other.operations.items():
        mine = provider.operation(name)
        assert (mine.path, mine.protocol) == (operation.path, operation.protocol)
        assert [one.id for one in mine.constraints] == [one.id for one in operation.constraints]
        assert mine.reply.images == operation.reply.images


@pytest.mark.parametrize("model", NAMES)
def test_it_repeats_nothing_that_the_others_documents_say(model: str) -> None:
    assert "quote = " in TEXTS[model]
    assert "quote = " not in like(TEXTS[model], "acme", model=model)


@pytest.mark.parametrize("model", NAMES)
def test_each_kind_of_table_is_explained_once(model: str) -> None:
    text = like(TEXTS[model], "acme", model=model)

    assert text.count("# A parameter: ") == 1
    assert text.count("# How the key travels") == 1
    assert text.count("[operations.generate.arguments.prompt]") == 1
    assert max(len(line) for line in text.splitlines() if line.startswith("#")) <= 100


def test_a_file_with_another_layout_is_rewritten(tmp_path: Path) -> None:
    text = small.TOML.replace(
        '[auth]\nheader = "Authorization"\nenv = "SMALL_API_KEY"\nsource = "page: Start"\n', ""
    )
    inline = 'auth = { header = "Authorization", env = "SMALL_API_KEY", source = "page: Start" }\n'
    path = small.written(tmp_path, inline + text)
    assert load_provider_file(path).auth.env == "SMALL_API_KEY"

    found = parse_provider(tomllib.loads(like(path.read_text(), "acme", model="small.toml")))

    assert isinstance(found, Provider), found
    assert found.auth.env == "ACME_API_KEY"
    assert found.operation("generate").arguments["n"].range == (
        small.operation()
        .arguments["n"]
        .range.model_copy(  # type: ignore[union-attr]
            update={"source": found.operation("generate").arguments["n"].range.source}  # type: ignore[union-attr]
        )
    )
