"""The Dockerfile's instructions, done one after the other in a folder that stands for the image."""

import shlex
import shutil
from pathlib import Path

import pytest

from tests.recipes.ci import OTHERS, ROOT, Machine, readme_installation

TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
INSTRUCTIONS = [
    tuple(line.split(" ", 1))
    for line in TEXT.replace("\\\n", " ").splitlines()
    if line and not line.startswith("#")
]

pytestmark = pytest.mark.xdist_group("recipes")


def let_in(ignored: Path) -> set[str]:
    """Return what a .dockerignore that begins by leaving everything out lets in."""
    first, *rest = ignored.read_text(encoding="utf-8").split()
    assert first == "*"
    return {line[1:] for line in rest if line.startswith("!")}


def test_its_steps_are_those_of_the_readme() -> None:
    steps = tuple(text for name, text in INSTRUCTIONS if name == "RUN" and "python" in text)

    assert steps == readme_installation()


def test_what_it_copies_is_let_in_and_nothing_else_is() -> None:
    copied = {
        word.removeprefix("./")
        for name, text in INSTRUCTIONS
        if name == "COPY"
        for word in text.split()[:-1]
    }

    assert copied == let_in(ROOT / ".dockerignore")
    assert all((ROOT / name).exists() for name in copied)


def test_it_ends_as_a_user_without_rights_and_holds_no_key() -> None:
    names = [name for name, _ in INSTRUCTIONS]
    users = [text for name, text in INSTRUCTIONS if name == "USER"]

    assert users == ["10001:10001"]
    assert names.index("USER") > max(at for at, name in enumerate(names) if name in ("RUN", "COPY"))
    assert not {"ARG", "ADD", "SECRET"}.intersection(names)
    assert "KEY=" not in TEXT


def test_each_instruction_works_where_nothing_else_is(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine")
    machine.command("chown", "#!/bin/bash\nexit 0\n")
    image = tmp_path / "image"
    here, entry = "/", ""
    for name, text in INSTRUCTIONS:
        if name == "WORKDIR":
            here = text
            (image / here[1:]).mkdir(parents=True, exist_ok=True)
        elif name == "COPY":
            *sources, target = text.split()
            into = image / here[1:] / target
            for source in sources:
                if (ROOT / source).is_dir():
                    shutil.copytree(
                        ROOT / source, into, ignore=shutil.ignore_patterns("__pycache__")
                    )
                else:
                    shutil.copy(ROOT / source, into)
        elif name == "RUN":
            script = f"cd {image / here[1:]}\n{text.replace(' /work', f' {image}/work')}"
            assert machine.run(script, OTHERS) == 0, machine.said
        elif name == "ENTRYPOINT":
            (entry,) = (str(image / word[1:]) for word in shlex.split(text.strip("[]")))
    helped = machine.run(f"cd {image}/work\n{entry} --help", OTHERS)
    explained = machine.run(f"cd {image}/work\n{entry} explain --provider nanobanana --n 2", OTHERS)

    assert helped == 0, machine.said
    assert explained == 1, machine.said
    assert "breaks n.range" in machine.said
