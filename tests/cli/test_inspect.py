import json
from pathlib import Path

from PIL import Image

from tests.runner.processes import harness


def square(path: Path) -> Path:
    Image.new("RGB", (1024, 1024), (9, 99, 199)).save(path, "PNG")
    return path


def test_the_answer_stands_on_top_and_the_exit_code_is_its(tmp_path: Path) -> None:
    image = square(tmp_path / "a.png")

    done = harness("inspect", image, "--asked", "size=1024x1024,quality=high", "--usage", "1756")

    assert done.code == 1
    first, second, *_ = done.out.splitlines()
    assert first.startswith("Really drawn as asked? No: ")
    assert "drawn as medium" in first
    assert second.startswith("contradicts (arithmetic): ")


def complaints(err: str) -> list[str]:
    """Return the lines that complain; a slow machine is told of progress, too."""
    return [line for line in err.splitlines() if not line.startswith("inspected: ")]


def test_json_is_one_line_on_stdout_with_all_files(tmp_path: Path) -> None:
    images = [square(tmp_path / name) for name in ("a.png", "b.png")]

    done = harness("inspect", *images, tmp_path / "missing.png", "--json")

    assert done.code == 2
    told = json.loads(done.out)
    assert [Path(file["file"]).name for file in told["files"]] == ["a.png", "b.png"]
    assert [file["tokens"][0]["tokens"] for file in told["files"]] == [196, 196]
    assert told["not_inspected"][0]["why"] == "No such file or directory"
    assert len(complaints(done.err)) == 1


def test_a_name_that_moves_the_cursor_is_shown_and_ends_no_line(tmp_path: Path) -> None:
    odd = square(tmp_path / "a\n\x1b[31m\u202egnp.png")

    done = harness("inspect", odd, tmp_path / "no\nsuch\x07.png")

    assert done.code == 2
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
    assert "\\u001b[31m" in done.out
    assert len(complaints(done.err)) == 1


def test_no_image_is_wrong_usage(tmp_path: Path) -> None:
    done = harness("inspect", tmp_path)

    assert done.code == 2
    assert "a folder without an image" in done.err


def test_a_trust_list_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "list.pem").write_text("no certificate")

    done = harness("inspect", square(tmp_path / "a.png"), "--trust-anchors", tmp_path / "list.pem")

    assert done.code == 2
    assert "it holds no certificate" in done.err
