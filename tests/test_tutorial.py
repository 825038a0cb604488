"""The tutorial's file is right, and its commands run as typed, in their order, on loopback."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import SpecError
from harness.spec.load import load_provider_file
from tests.shapes.server import Answer, Received, Refusal, Shape, as_base64, is_integer, serve

ROOT = Path(__file__).parents[1]
TUTORIAL = (ROOT / "TUTORIAL.md").read_text(encoding="utf-8")
ENDS_WITH = {"explain": {1}}
"""Exit codes other than 0: the request that is explained is refused."""


def blocks() -> list[str]:
    """The indented blocks, without their indent."""
    found = re.findall(r"(?:^ {4}.*\n|^\n(?= {4}))+", TUTORIAL, re.MULTILINE)
    return [re.sub(r"^ {4}", "", block, flags=re.MULTILINE).strip("\n") for block in found]


def toml() -> str:
    """The provider's file."""
    (block,) = [block for block in blocks() if block.startswith("#:schema")]
    return block + "\n"


def commands() -> list[str]:
    """What is typed, in its order."""
    lines = "\n".join(blocks()).replace("\\\n", " ").splitlines()
    return [line.partition("  #")[0].strip() for line in lines if line.startswith("harness ")]


class Acme(Shape):
    """A server that does what Acme's page says."""

    def answer(self, request: Received) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.key}":
            raise _refused(401, "invalid_key", "this key is not known", None)
        if (request.method, request.path) != ("POST", "/v1/images"):
            raise _refused(404, "not_found", "there is nothing here", None)
        body = request.body if isinstance(request.body, dict) else {}
        _check(body)
        size = body.get("size", "512x512")
        width, height = map(int, size.split("x"))
        images = [self.image(width, height) for _ in range(body.get("n", 1))]
        return Answer(
            document={"images": [{"b64": as_base64(raw)} for raw in images], "size": size}
        )


def _check(body: dict[str, Any]) -> None:
    prompt, size = body.get("prompt"), body.get("size", "512x512")
    if not isinstance(prompt, str) or not 1 <= len(prompt) <= 1000:
        raise _refused(400, "invalid_value", "prompt: 1 to 1,000 characters", "prompt")
    if not is_integer(body.get("n", 1)) or not 1 <= body.get("n", 1) <= 4:
        raise _refused(400, "invalid_value", "n: 1 to 4", "n")
    if body.get("quality", "draft") not in ("draft", "final"):
        raise _refused(400, "invalid_value", "quality: draft or final", "quality")
    edges = (
        re.fullmatch(r"([1-9][0-9]{1,3})x([1-9][0-9]{1,3})", size, re.ASCII)
        if isinstance(size, str)
        else None
    )
    if edges is None or any(int(edge) % 16 or int(edge) > 1024 for edge in edges.groups()):
        raise _refused(400, "invalid_value", "size: multiples of 16, at most 1024", "size")


def _refused(status: int, code: str, message: str, field: str | None) -> Refusal:
    return Refusal(
        Answer(
            status=status, document={"error": {"code": code, "message": message, "field": field}}
        )
    )


def test_the_file_of_the_tutorial_is_valid_and_says_what_its_page_says(tmp_path: Path) -> None:
    path = tmp_path / "acme.toml"
    path.write_text(toml(), encoding="utf-8")
    provider = load_provider_file(path)

    told = [constraint.describe() for constraint in provider.operation("generate").constraints]
    assert "n is between 1 and 4" in told
    assert "quality is one of draft, final" in told


def test_the_mistake_of_the_tutorial_is_told_as_it_says(tmp_path: Path) -> None:
    (printed,) = [block for block in blocks() if block.startswith("acme.toml:")]
    path = tmp_path / "acme.toml"
    path.write_text(toml().replace("max_edge = { pixels", "max_edge = { pixel"), encoding="utf-8")

    with pytest.raises(SpecError) as caught:
        load_provider_file(path)

    assert f"  {printed.removesuffix(' ...')}" in str(caught.value)


def test_the_commands_of_the_tutorial_run_as_typed(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(toml(), encoding="utf-8")
    scripts = Path(sys.executable).parent
    with serve(Acme()) as acme:
        environment = {
            **os.environ,
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            "ACME_API_KEY": acme.key,
        }
        for command in commands():
            done = subprocess.run(
                shlex.split(command.replace("https://api.acme.test", acme.url)),
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )

            wanted = ENDS_WITH.get(command.split()[1], {0})
            assert done.returncode in wanted, f"{command}\n{done.stdout}\n{done.stderr}"
            assert "Traceback" not in done.stderr

    assert (tmp_path / "provider.schema.json").is_file()
    assert (tmp_path / "cassettes/acme/generate.yaml").is_file()
    assert (tmp_path / "reports/replayed/index.html").is_file()


def test_every_step_is_there_in_its_order() -> None:
    verbs = [command.split()[1:3] for command in commands()]
    steps = ["validate", "show", "try"]

    assert [verb[1] for verb in verbs if verb[0] == "providers" and verb[1] in steps] == steps
    assert [verb[0] for verb in verbs if verb[0] != "providers"] == [
        *("explain", "plan", "plan", "run", "run", "judge", "report"),
    ]
