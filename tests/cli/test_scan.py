import base64
import json
import random
from pathlib import Path

import pytest
import yaml

from tests.runner.processes import harness
from tests.secrecy.planting import DATA_SPELLINGS, PERSONAL, SIGNED, SPELLINGS, images, key, png

ROOT = Path(__file__).parents[2]
VARIABLE = "SUB2API_API_KEY"


def _planted(folder: Path) -> tuple[str, dict[str, bytes]]:
    """Files of which each holds one secret, and the key that the environment has."""
    dice = random.Random(13)
    known = key(dice)
    texts = {f"key {name}": spell(known) for name, spell in SPELLINGS.items()}
    for name, make in PERSONAL.items():
        texts |= {
            f"{name} {spelling}": SPELLINGS[spelling](make(dice)) for spelling in DATA_SPELLINGS
        }
    for name, make in SIGNED.items():
        texts[f"signed {name}"] = f"https://files.example.io/a.png?{make(dice)}"
    files = {
        f"{at}.txt": f"first\nit says {text} here\n".encode("utf-8", "surrogatepass")
        for at, text in enumerate(texts.values())
    }
    files |= {f"{at}.bin": raw for at, raw in enumerate(images(known, dice).values())}
    for name, raw in files.items():
        (folder / name).write_bytes(raw)
    return known, files


def test_it_finds_each_planted_secret_and_shows_none(tmp_path: Path) -> None:
    known, files = _planted(tmp_path)

    done = harness("scan", tmp_path, "--json", env={"PATH": "/usr/bin", VARIABLE: known})

    assert done.code == 4
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert {Path(line["file"]).name for line in lines} == set(files)
    assert all(line["line"] >= 1 for line in lines if line["file"].endswith(".txt"))
    assert known[8:20] not in done.out + done.err


def test_a_secret_is_named_by_file_line_and_kind(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo: someone@company.io\n")

    done = harness("scan", tmp_path / "a.txt")

    assert (done.code, done.out) == (4, f"{tmp_path / 'a.txt'}:2: e-mail\n")


def test_a_known_key_in_a_file_name_is_found_and_not_shown(tmp_path: Path) -> None:
    known = key(random.Random(1))
    (tmp_path / f"reply-{known}.txt").write_text("nothing\n")

    done = harness("scan", tmp_path, env={"PATH": "/usr/bin", VARIABLE: known})

    assert done.code == 4
    assert f"<{VARIABLE}> in its name" in done.out
    assert known not in done.out


@pytest.mark.slow  # a step of CI by itself: `make scan`
def test_what_is_committed_holds_none() -> None:
    done = harness("scan", ROOT / "cassettes", ROOT / "reports")

    assert (done.code, done.out) == (0, "")


def test_innocent_files_hold_none(tmp_path: Path) -> None:
    dice = random.Random(5)
    (tmp_path / "random.txt").write_text(base64.b64encode(dice.randbytes(400_000)).decode())
    (tmp_path / "digests.txt").write_text("\n".join(dice.randbytes(32).hex() for _ in range(2_000)))
    (tmp_path / "image.png").write_bytes(png(dice))
    (tmp_path / "words.txt").write_text(
        "see https://docs.example.io/v1?size=1024x1024&n=2, write to you@example.com, or set\n"
        "Authorization: Bearer $SUB2API_API_KEY and sk-...; user-provided, org-level, task_12\n"
    )

    done = harness("scan", tmp_path)

    assert (done.code, done.out) == (0, "")


@pytest.mark.parametrize("name", ["missing.txt", "missing/folder"])
def test_a_path_that_is_not_there_is_wrong_usage(tmp_path: Path, name: str) -> None:
    done = harness("scan", tmp_path / name)

    assert done.code == 2
    assert done.err == f"harness: {tmp_path / name} is not there (name files or folders)\n"


def test_the_hook_for_pre_commit_runs_it() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())

    assert hook["entry"] == "harness scan"
    assert "make scan" in (ROOT / ".ci" / "run").read_text()
