import datetime as dt
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.checks.check import CHECKS
from harness.core.errors import ConfigError, UsageError
from harness.known.file import appended, known_in, read_known, written_known
from harness.known.model import KnownDeviation
from harness.sensitive.guard import KeyGuard, has_key_like_word
from tests.known.entries import N_RANGE, known
from tests.shipped import PROVIDERS

ENTRY = """[[known]]
provider = "sub2api"
operation = "generate"
promise = "n.range"
check = "refuses_what_it_forbids"
reason = "they mean to document it"
expires = 2030-12-31
"""


def mistakes(text: str) -> list[str]:
    """What is wrong with a text, each with its line."""
    with pytest.raises(ConfigError) as caught:
        known_in(text, "known.toml", providers=PROVIDERS, checks=tuple(CHECKS))
    return [mistake.located("known.toml") for mistake in caught.value.mistakes]


def test_an_entry_is_read_with_its_line() -> None:
    (entry,) = known_in(f"# why\n\n{ENTRY}", "f", providers=PROVIDERS, checks=tuple(CHECKS))

    assert entry == known(link="", line=3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a" + ".a" * 100_000 + " = 1", "a key of more than 64 parts"),
        (f"[{'a.' * 100_000}a]", "a key of more than 64 parts"),
        ('known."\\"' + '"."\\"' * 10_000 + '" = 1', "a key of more than 64 parts"),
        ("x = " + "9" * 100_000, "not valid TOML"),
        ('"\\"' * 100_000, "not valid TOML"),
    ],
)
def test_no_text_costs_more_than_its_length(text: str, said: str) -> None:
    assert said in mistakes(text)[0]  # and comes within this suite's life


def test_a_pipe_that_nobody_writes_into_is_empty_and_never_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    os.mkfifo(file)

    assert read_known(file) == ()


def test_an_empty_file_is_one_of_which_nothing_is_known(tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    file.write_bytes(b"\xef\xbb\xbf# nothing yet\n")

    assert read_known(file) == ()


def test_every_mistake_is_told_at_once_with_its_line() -> None:
    text = (
        '[[known]]\nprovider = "sub2pi"\noperation = "generate"\ncheck = "refuses_what_it_forbid"\n'
        'reason = "r"\nexpires = 2030-12-31\n\n'
        '[[known]]\nprovider = "sub2api"\noperation = "generate"\nchek = "x"\n'
        'reason = " \\u200b"\nexpires = "soon"\nlink = "javascript:alert(1)"\n'
    )

    assert mistakes(text) == [
        (
            "known.toml:2: known.0.provider: unknown provider: sub2pi; did you mean 'sub2api'? "
            "allowed: buble, sub2api, apiframe, nanobanana, aimlapi, openai"
        ),
        (
            f"known.toml:4: known.0.check: no such check: refuses_what_it_forbid; did you mean "
            f"'refuses_what_it_forbids'? allowed: {', '.join(CHECKS)}"
        ),
        'known.toml:8: known.1.check: is missing; write check = "..."',
        (
            "known.toml:11: known.1.chek: unknown key; did you mean 'check'? allowed: provider, "
            "operation, promise, check, reason, link, since, expires"
        ),
        "known.toml:12: known.1.reason: is empty; say why it is expected",
        "known.toml:13: known.1.expires: is no day; write it like 2027-01-31",
        "known.toml:14: known.1.link: is no link; write it like https://tracker.example/4711",
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("n.range", "n.rang", "sub2api generate has no promise n.rang; did you mean 'n.range'?"),
        ("n.range", "qualty=high with n=2", "no parameter qualty; did you mean 'quality'?"),
        ("n.range", "quality with n=2", "'quality' is no value; write it like quality=high"),
        ('"generate"', '"generat"', "sub2api has no operation generat; did you mean 'generate'?"),
        ("2030-12-31", "2030-12-31T00:00:00Z", "is no day"),
        ("2030-12-31", "2030-12-31\nsince = 2031-01-01", "is before `since`"),
        ("2030-12-31", '2030-12-31\nlink = "https://me@x.example/"', "looks like a key"),
        ("they mean", "x" * 2000, "has 2,015 characters; at most 1,000"),
        ('"refuses_what_it_forbids"', "3", "is no text; write it in quotes"),
        ("[[known]]", "[known]", "no list; write [[known]]"),
        ("[[known]]", "[[knwon]]", "unknown key; did you mean 'known'?"),
    ],
)
def test_a_mistake_says_what_to_write(before: str, after: str, said: str) -> None:
    (mistake, *_) = mistakes(ENTRY.replace(before, after))

    assert said in mistake


def test_the_same_promise_and_check_twice_is_a_mistake_in_whatever_order_its_values_stand() -> None:
    first = ENTRY.replace("n.range", "quality=high with n=2")
    second = ENTRY.replace("n.range", "n=2 + quality=high")

    assert "known already, on line 1" in mistakes(first + second)[0]
    assert len(known_in(first + ENTRY, "f")) == 2


def test_what_looks_like_a_key_is_refused_and_not_repeated() -> None:
    secret = "sk-proj-" + "0123456789abcdefghijABCDEFGHIJ"
    (mistake,) = mistakes(ENTRY.replace("they mean", secret))

    assert "looks like a key" in mistake
    assert secret not in mistake


@pytest.mark.parametrize(
    "reason", ["since release 1.0.0.1", "ask support@provider.com", "said so on +49 170 1234567 89"]
)
def test_whom_to_ask_and_which_release_are_no_keys(reason: str) -> None:
    (entry,) = known_in(ENTRY.replace("they mean to document it", reason), "f")

    assert entry.reason == reason


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"known = [", "not valid TOML"),
        (b"# " + b"x" * 1_100_000, "File too large"),
        (None, "there is no such file"),
    ],
)
def test_what_is_no_such_file_is_one_line(tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "known.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=said) as caught:
        read_known(file)

    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="directory"):
        read_known(tmp_path)


WORDS = (
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
    .map(lambda text: f"r {text}")
    .filter(lambda text: not has_key_like_word(text) and not KeyGuard().is_in(text))
)
DAYS = st.dates(dt.date(2000, 1, 1)).map(dt.date.isoformat)
ENTRIES = st.lists(
    st.builds(
        known,
        promise=st.sampled_from(["", "n.range", "n=2 with quality=high", "size.one_of: n=2"]),
        check=st.sampled_from(["a_check", "another"]),
        reason=WORDS,
        link=st.sampled_from(["", "http://a.example/?q=%22#x", "https://b.example/'"]),
        expires=DAYS,
    ),
    unique_by=lambda entry: entry.place,
    max_size=4,
)


def by_place(entries: tuple[KnownDeviation, ...]) -> list[KnownDeviation]:
    return sorted((known(**_values(entry)) for entry in entries), key=repr)


def _values(entry: KnownDeviation) -> dict[str, object]:
    names = ("provider", "operation", "promise", "check", "reason", "link", "expires", "since")
    return {name: getattr(entry, name) for name in names}


@given(ENTRIES)
def test_what_is_written_is_read_again(entries: list[KnownDeviation]) -> None:
    text = written_known(entries)

    assert by_place(known_in(text, "f")) == by_place(tuple(entries))
    assert written_known(known_in(text, "f")) == text
    assert written_known(entries[::-1]) == text


def test_what_is_appended_leaves_all_that_stands_there_and_repeats_nothing() -> None:
    mine = f"# ours\n{ENTRY}  # until they answer"
    other = known(check="accepts_what_it_documents")
    whole = appended(mine, [N_RANGE, other])

    assert whole.startswith(f"{mine}\n")
    assert [entry.check for entry in known_in(whole, "f")] == [N_RANGE.check, other.check]
    assert appended(whole, [other]) == whole
    assert appended("", [other]) == written_known([other])
    with pytest.raises(UsageError, match="as a table of its own"):
        appended("known = []\n", [other])
