import re
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.transport.safe_yaml import UnsafeYamlError, load_yaml
from tests import strategies
from tests.interrupted import signalled_often


@given(strategies.json_values())
def test_it_reads_what_pyyaml_writes(value: object) -> None:
    assert load_yaml(yaml.safe_dump(value)) == value
    assert load_yaml(yaml.dump(value, Dumper=yaml.CSafeDumper, allow_unicode=True)) == value


@given(st.text("ab0123456789.:-+_ex~<=#'\" \n", max_size=8))
def test_scalars_mean_what_pyyaml_says(text: str) -> None:
    try:
        said = yaml.safe_load(f"- {text}")
    except (yaml.YAMLError, ValueError):
        return
    ours = load_yaml(f"- {text}")
    assume(not re.search(r"(?m):(\s|$)", text))  # keys and dates are text on purpose
    assume(not re.search(r"date", repr(said)))

    assert repr(ours) == repr(said)


def test_keys_and_dates_stay_text() -> None:
    read = load_yaml("200: a\nno: b\n~: c\nday: 2025-01-21\nbad: 2025-99-99\n")

    assert read == {"200": "a", "no": "b", "~": "c", "day": "2025-01-21", "bad": "2025-99-99"}


def test_bytes_are_read_as_python_and_ruby_write_them() -> None:
    read = load_yaml(
        "a: !!binary iVBO\nb: !binary |-\n  iVBO\n"
        "c: !!python/object/new:_io.BytesIO\n  state: !!python/tuple\n  - !!binary iVBO\n  - 0\n"
    )

    assert read == {"a": b"\x89PN", "b": b"\x89PN", "c": b"\x89PN"}


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.system ['touch {}']",
        "!!python/object/new:subprocess.Popen [[touch, '{}']]",
        "!!python/name:os.system ''",
        "!!python/module:os ''",
        "!ruby/object:Gem::Installer {{i: x}}",
        "!!set {{a}}",
        "!!int many",
        pytest.param("1" + ":1" * 400 + ".5", id="too large a float to base 60"),
        pytest.param("1" + ":1" * 1_000_000, id="an int to base 60 that takes minutes"),
        pytest.param("0x" + "f" * 1_000_000, id="an int that nobody can print"),
        "!!binary 'a'",
    ],
)
def test_a_tag_that_asks_for_more_than_data_is_refused_and_runs_nothing(
    value: str, tmp_path: Path
) -> None:
    marker = tmp_path / "run"

    read = load_yaml(f"good: 1\nbad: {value.format(marker)}\n")

    assert isinstance(read, dict)
    assert read["good"] == 1
    assert isinstance(read["bad"], UnsafeYamlError)
    assert not marker.exists()


def laughs(levels: int) -> str:
    lines = [
        f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * 9)}]" for level in range(1, levels)
    ]
    return "\n".join(["l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]", *lines])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (laughs(10), "repeat far more"),
        ("a: &a " + "x" * 200_000 + "\nb: [" + "*a, " * 50 + "]", "repeat far more"),
        ("? &k " + "x" * 200_000 + "\n: 1\nb: [" + "*k, " * 50 + "]", "repeat far more"),
        ("a: &a {x: 1}\nb: {<<: *a}", "merge keys"),
        ("a: &a [*a]", "nothing complete"),
        ("a: *b", "undefined alias|nothing complete"),
        ("[" * 100_000, "nested deeper"),
        ("? " * 100_000, "nested deeper"),
        ("- " * 100_000, "nested deeper"),
        ("{a: " * 100_000, "nested deeper"),
        ("[a]: 1", "not text"),
        ("--- 1\n--- 2", "more than one"),
        ("a: [b", "line 2"),
        ("a: \x07", "control characters"),
    ],
)
def test_hostile_or_broken_yaml_is_refused_in_one_line(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        load_yaml(text)

    assert "\n" not in str(caught.value)


def test_aliases_that_repeat_a_little_are_read() -> None:
    assert load_yaml("a: &a [1]\nb: *a\nc: &k x\n*k : *a") == {
        "a": [1],
        "b": [1],
        "c": "x",
        "x": [1],
    }


@given(st.text(max_size=60) | st.text("[]{}:-&*!?|>'\"#%@ \nab01", max_size=40))
def test_any_text_is_read_or_a_value_error(text: str) -> None:
    with suppress(ValueError):  # and nothing else
        load_yaml(text)


def test_a_signal_is_taken_within_a_scalar_of_any_size() -> None:
    text = "word " * 4_000_000
    with signalled_often() as met:
        assert load_yaml(f"a: '{text}'\n") == {"a": text}

    assert "read" in met
