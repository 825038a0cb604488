import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from harness.cli.main import VERBS, cli, status
from tests.shipped import NAMES

KEYS = {
    *("provider", "operation", "verdict", "breaks", "open", "unknown", "nearest", "price"),
    *("request", "arguments", "assumed"),
}
HEAVY = (
    *("hypothesis", "pandas", "scipy", "numpy", "httpx", "PIL", "rich", "vcr", "jinja2", "yaml"),
    "duckdb",
)
Asked = Callable[..., tuple[int, list[dict[str, Any]]]]


@pytest.fixture
def asked(capsys: pytest.CaptureFixture[str]) -> Asked:
    """Ask, and return the exit code and the objects printed."""

    def ask(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
        code = status(["explain", "--json", *arguments])
        captured = capsys.readouterr()
        assert captured.err == ""
        return code, [json.loads(line) for line in captured.out.splitlines()]

    return ask


@pytest.fixture
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (60, 40)).save("photo.jpg")
    Image.new("RGBA", (60, 40)).save("mask.png")
    Path("text.png").write_text("no image")
    Path("c.json").write_text('{"prompt": "x", "model": "gpt-image-2", "n": 20}')
    Path("list.json").write_text("[1]")
    Path("bad.json").write_text("{")
    Path("nan.json").write_text('{"n": NaN}')
    Path("digits.json").write_text(f'{{"n": {"9" * 5000}}}')
    Path("deep.json").write_text("[" * 100_000)
    Path("typo.json").write_text('{"prompt": "x", "sise": "1024x1024"}')
    Path("either.json").write_text('{"prompt": "x", "image": "https://a.test/b.png"}')
    with Path("huge.json").open("wb") as stream:
        stream.truncate(70_000_000)


def test_json_is_one_object_a_line_for_each_provider(asked: Asked) -> None:
    code, found = asked("--size", "3840x1024", "--n", "2")

    assert code == 1
    assert [one["provider"] for one in found] == list(NAMES)
    assert all(one.keys() == KEYS for one in found)
    assert [one["verdict"] for one in found] == [
        *("not mappable", "refused", "not mappable", "refused", "open", "refused"),
    ]
    gateway = found[1]
    assert gateway["operation"] == "generate"
    assert gateway["price"] is None
    assert gateway["breaks"] == [
        {
            "constraint": "size.max_ratio",
            "says": "size has a ratio of at most 3:1",
            "status": "documented",
            "source": "001_5b0aab872a4ee831.txt: Size Constraints",
            "quotes": [
                {
                    "quote": "Long edge to short edge ratio must be at most `3:1`.",
                    "source": "001_5b0aab872a4ee831.txt: Size Constraints",
                }
            ],
            "note": "",
        }
    ]
    assert gateway["nearest"]["changes"] == [
        {"parameter": "size", "from": "3840x1024", "to": "3840x1280"}
    ]
    assert gateway["nearest"]["price"]["images"] == 2
    assert gateway["request"]["path"] == "/v1/images/generations"
    assert gateway["request"]["json"]["size"] == "3840x1024"
    assert sorted(gateway["assumed"]) == ["model", "prompt"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--provider", "nanobanana", "--size", "1024x1024"), 0),
        (("--provider", "nanobanana", "--size", "1x1"), 1),
        (("--provider", "nanobanana", "--provider", "sub2api", "--n", "2"), 1),
        (("--provider", "aimlapi", "--size", "1x1"), 0),  # open
        (("--provider", "buble", "--size", "1x1"), 0),  # not mappable
        (("--provider", "buble", "--operation", "respond"), 0),
    ],
)
def test_only_a_refusal_is_exit_code_1(asked: Asked, arguments: tuple[str, ...], code: int) -> None:
    assert asked(*arguments)[0] == code


def test_a_text_block_shows_the_rule_its_place_the_nearest_request_and_the_price(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status(["explain", "--provider", "nanobanana", "--size", "3840x1024", "--n", "2"])

    assert capsys.readouterr().out == (
        "Not given, so a plain value stands in: model, prompt.\n"
        "\n"
        "NanoBanana API, generate: refused\n"
        "  breaks n.range: n is 1\n"
        '      "n | integer | No | Number of images to generate. Currently only 1 is\n'
        "          supported (default 1); requests with n > 1 are rejected. Call the API\n"
        '          multiple times if you need more. |": 003_60af399abdeeb1ae.txt: API\n'
        "          Parameters Reference\n"
        "  breaks size.max_ratio: size has a ratio of at most 3:1\n"
        '      "Aspect ratio must not exceed 3:1 (long edge \u2264 3 \u00d7 short edge)":\n'
        "          003_60af399abdeeb1ae.txt: Custom Dimensions\n"
        "  nearest: n 2 -> 1\n"
        "           size 3840x1024 -> 3840x1280\n"
        "           1 image, 133 credits\n"
    )


@pytest.mark.usefixtures("_files")
@pytest.mark.parametrize("columns", ["60", "80"])
def test_the_blocks_keep_to_the_terminals_width(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    status(["explain", "--prompt", "x" * 2500, "--images", "photo.jpg", "--mask", "mask.png"])
    told = capsys.readouterr().out

    assert max(map(len, told.splitlines())) <= int(columns)
    assert "prompt cut from 2,500 to 2,000 characters" in told


@pytest.mark.usefixtures("_files")
def test_a_local_file_is_told_by_its_header(asked: Asked) -> None:
    edit = asked("--provider", "sub2api", "--images", "photo.jpg", "--mask", "mask.png")[1][0]
    stray = asked("--provider", "aimlapi", "--images", "text.png")[1][0]

    photo, mask = edit["arguments"]["images"][0], edit["arguments"]["mask"]
    assert edit["operation"] == "edit"
    assert (photo["media_type"], photo["width"], photo["height"]) == ("image/jpeg", 60, 40)
    assert (mask["media_type"], mask["alpha"], photo["alpha"]) == ("image/png", True, False)
    assert photo["bytes"] == Path("photo.jpg").stat().st_size
    assert [one["constraint"] for one in edit["breaks"]] == ["mask.same_format"]
    assert [one["constraint"] for one in stray["breaks"]] == ["images.media_type"]


def test_any_value_can_be_set(asked: Asked) -> None:
    code, (told,) = asked("--provider", "sub2api", "--set", "n=1.5", "--set", 'user="me"')

    assert code == 1
    assert [one["constraint"] for one in told["breaks"]] == ["n.integer"]
    assert told["request"]["json"]["user"] == "me"


def test_streaming_is_asked_for_or_not(asked: Asked) -> None:
    sent = [
        asked("--provider", "sub2api", *options)[1][0]["request"]["json"].get("stream")
        for options in (("--stream",), ("--no-stream",), ("--n", "1"))
    ]

    assert sent == [True, False, None]


@pytest.mark.usefixtures("_files")
def test_a_request_file_is_taken_as_it_is_and_options_go_over_it(asked: Asked) -> None:
    whole = asked("--request", "c.json", "--provider", "nanobanana")[1][0]
    over = asked("--request", "c.json", "--provider", "nanobanana", "--n", "1")[1][0]
    bare = asked("--request", "c.json", "--provider", "buble")[1][0]

    assert whole["arguments"] == {"prompt": "x", "model": "gpt-image-2", "n": 20}
    assert [one["constraint"] for one in whole["breaks"]] == ["n.range"]
    assert over["verdict"] == "accepted"
    assert bare["assumed"] == []
    assert "mode.required" in [one["constraint"] for one in bare["open"]]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"prompt": "x", "image_urls": ["https://a.test/b.png"], "mode": "image_to_image"},
            (
                *("buble", "edit"),
                {"prompt": "x", "images": ["https://a.test/b.png"], "mode": "image_to_image"},
            ),
        ),
        (
            {"prompt": "x", "gptImage2Params": {"number_of_images": 2}},
            ("apiframe", "generate", {"prompt": "x", "n": 2}),
        ),
        (
            {"input": "x", "tools": [{"type": "image_generation", "size": "1024x1024"}]},
            ("sub2api", "respond", {"prompt": "x", "size": "1024x1024"}),
        ),
    ],
    ids=["buble", "apiframe", "sub2api"],
)
def test_a_wire_body_is_recognised(
    asked: Asked,
    monkeypatch: pytest.MonkeyPatch,
    body: dict[str, Any],
    expected: tuple[str, str, dict[str, Any]],
) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(json.dumps(body).encode()))
    monkeypatch.setattr(sys, "stdin", stdin)

    # The maker's tool has the same body: whose is meant is said there.
    named = ["--provider", "sub2api"] if "tools" in body else []
    (told,) = asked("--request", "-", *named)[1]

    assert (told["provider"], told["operation"], told["arguments"]) == expected


@pytest.mark.usefixtures("_files")
def test_an_unknown_wire_key_is_told(asked: Asked) -> None:
    (told,) = asked("--request", "typo.json", "--provider", "sub2api")[1]

    assert told["unknown"] == [{"name": "sise", "kind": "wire key", "instead": ["size"]}]


@pytest.mark.usefixtures("_files")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no request is given (try harness explain"),
        (("--provider", "bubble", "--n", "1"), "unknown provider 'bubble' (did you mean buble?"),
        (("--sise", "1x1"), "--sise"),
        (("--n", "x"), "'x' is not a valid integer"),
        (("--set", "n"), "--set n: write NAME=JSON"),
        (("--set", "n=abc"), "--set n=abc: not JSON"),
        (("--set", "siez=1"), "unknown parameter 'siez' (did you mean size?)"),
        (("--images", "none.png"), "none.png: No such file or directory"),
        (("--mask", "."), ".: is not a file"),
        (("--request", "none.json"), "none.json: No such file or directory"),
        (("--request", "."), ".: Is a directory"),
        (("--request", "list.json"), "list.json: holds a list"),
        (("--request", "bad.json"), "bad.json: not JSON"),
        (("--request", "photo.jpg"), "photo.jpg: not JSON"),
        (("--request", "nan.json"), "NaN is not a finite number"),
        (("--request", "digits.json"), "a number of 5000 digits"),
        (("--request", "deep.json"), "nested too deep"),
        (("--request", "huge.json"), "huge.json: larger than"),
        (("--request", "typo.json"), "unknown parameter 'sise' (did you mean size?"),
        (
            ("--request", "either.json"),
            "could be a body for any of aimlapi, nanobanana, openai, sub2api",
        ),
    ],
)
def test_wrong_usage_is_one_line_and_2(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = status(["explain", *arguments])
    captured = capsys.readouterr()

    assert code == 2
    assert captured.out == ""
    assert said in captured.err
    assert captured.err.startswith("harness: ")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize("words", [["explain", "--size", "3840x1024"], ["--help"]])
def test_what_is_to_be_quick_imports_nothing_heavy(words: list[str]) -> None:
    program = (
        "import sys; from harness.cli.main import status; "
        f"status({words}); print('LOADED', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.partition("LOADED ")[2].split())

    assert loaded & set(HEAVY) == set()
    assert "harness.core.errors" in loaded


def test_help_lists_every_verb_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    code = status(["--help"])
    told = capsys.readouterr().out

    assert code == 0
    assert all(f"  {name}" in told and line in told for name, line in VERBS.items())
    assert max(map(len, told.splitlines())) <= 100


def test_every_verb_is_where_the_command_line_looks_for_it() -> None:
    assert [cli.commands[name].name for name in VERBS] == list(VERBS)
    assert set(cli.commands) == set(VERBS)
    assert cli.commands.get("runn") is None
