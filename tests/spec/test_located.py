"""No message about a provider's TOML repeats what may be a key."""

from pathlib import Path

import pytest

from harness.core.errors import SpecError
from harness.spec.load import load_provider_file
from tests.spec.planted import ACME

ENV = 'env = "ACME_API_KEY"'
NORMAL = "normal_s = 60"


def told(tmp_path: Path, was: str, line: str) -> str:
    """What is said of the faultless file with one line exchanged."""
    path = tmp_path / "acme.toml"
    assert was in ACME
    path.write_text(ACME.replace(was, line, 1), encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        load_provider_file(path)
    return caught.value.message


@pytest.mark.parametrize(
    ("was", "line"),
    [
        (ENV, "env = sk-proj-my-own-words-0123456789"),
        (ENV, "env = my-own-words-0123456789"),
        (ENV, "env = \u201cmy-own-words-0123456789\u201d"),
        (ENV, "env: my-own-words-0123456789"),
        (ENV, "api_key = my-own-words"),
        (ENV, "api_key: my-own-words"),
        (ENV, "my = { token = \u201cmy-own-words\u201d }"),
        (ENV, "env = the-users-my-own-words"),
        (NORMAL, "normal_s = sk-proj-my-own-words-0123456789"),
        (NORMAL, "normal_s = the-users-my-own-words"),
    ],
)
def test_a_line_that_is_no_toml_is_not_repeated_where_it_looks_like_a_key(
    was: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "the-users-my-own-words")

    message = told(tmp_path, was, line)

    number = ACME[: ACME.index(was)].count("\n") + 1
    assert f"acme.toml:{number}: " in message
    assert "environment only" in message
    assert "own-words" not in message


@pytest.mark.parametrize(
    ("was", "line", "key"),
    [
        (NORMAL, 'normal_s = "sk-proj-my-own-words-0123456789"', "timeouts.normal_s"),
        (NORMAL, 'normal_s = "the-users-my-own-words"', "timeouts.normal_s"),
        ('header = "Authorization"', 'header = "X-Key: my-own-words-0123456789"', "auth.header"),
        (ENV, 'env = "sk-proj-my-own-words-0123456789"', "auth.env"),
        (NORMAL, f"{NORMAL}\nsk-proj-my-own-words-0123456789 = 1", "(the file as a whole)"),
    ],
)
def test_a_value_that_looks_like_a_key_is_not_repeated(
    was: str, line: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "the-users-my-own-words")

    message = told(tmp_path, was, line)

    number = ACME[: ACME.index(was)].count("\n") + 1 + line.count("\n")
    assert f"acme.toml:{number}: {key}: " in message
    assert "own-words" not in message


@pytest.mark.parametrize(
    ("was", "line", "write"),
    [
        ("key_shape = 'ak-[0-9a-f]{32}'", 'key_shape = "ak-\\d{32}"', "key_shape = 'ak-\\d{32}'"),
        (ENV, "env = ACME_API_KEY", 'env = "ACME_API_KEY"'),
        (ENV, "env = acme", 'env = "acme"'),
    ],
)
def test_names_of_the_vocabulary_that_sound_like_a_keys_are_repeated(
    was: str, line: str, write: str, tmp_path: Path
) -> None:
    assert f"write {write}" in told(tmp_path, was, line)
