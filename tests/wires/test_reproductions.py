"""What is printed to see a finding again, run as it is printed: by a shell, and by pytest."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.case import PlannedRequest
from harness.core.outcome import Images
from harness.core.record import Provenance, Record
from harness.core.verdict import Finding
from harness.reference_images import reference_bytes
from harness.report.reproduction.curl import files_of
from harness.report.reproduction.folder import reproduction
from harness.spec.provider import Provider
from tests.wires import shapes
from tests.wires.serving import KEY, PNG, RUN_WORD, Answer, Answers, Api, Asked, planned, served
from tests.wires.test_content import NAME, generated, image
from tests.wires.test_jobs import queued

HUNG_S = 120.0


def finding(shot: PlannedRequest, url: str) -> Finding:
    """A finding about a served request."""
    evidence = Provenance(kind="live", source=url, date="2026-12-01", by="test")
    record = Record(shot=shot, evidence=evidence, outcome=Images(pictures=()), exchanges=())
    return Finding(
        provider=shot.case.provider,
        operation=shot.case.operation,
        constraint=None,
        check="accepts_what_it_documents",
        expected="served",
        observed="not",
        record=record,
        cases=(shot.case.id,),
    )


def written(folder: Path, provider: Provider, shot: PlannedRequest, url: str) -> Path:
    """Write the folder of a finding as a report does, with the files that it needs."""
    found = finding(shot, url)
    names = files_of(found.record)
    made = reproduction(found, provider, number=1, source="run", written=names)
    (folder / "files").mkdir()
    for name in names:
        (folder / "files" / name).write_bytes(reference_bytes(name))
    for name, text in made.texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def run(folder: Path, *command: str, key: str = KEY) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "SHAPE_TOKEN": key, "NO_PROXY": "127.0.0.1"}
    return subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=HUNG_S, check=False
    )


def both_repeat(
    tmp_path: Path, provider: Provider, shot: PlannedRequest, answers: Answers, *, key: str = KEY
) -> Api:
    """Run both in turn; return what the server was asked by the shell alone."""
    with served(answers) as api:
        folder = written(tmp_path, provider, shot, api.url)
        shell = run(folder, "sh", "repeat.sh", key=key)
        by_shell = Api(url=api.url, asked=[*api.asked])
        pytests = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", ".")
        tests = run(folder, *pytests, key=key)

    assert shell.returncode == 0, shell.stderr
    assert "1 passed" in tests.stdout, tests.stdout + tests.stderr
    first = by_shell.asked[0]
    again = api.asked[len(by_shell.asked)]
    assert (again.method, again.path, sorted(again.query)) == (
        first.method,
        first.path,
        sorted(first.query),
    )
    assert key not in "".join(path.read_text() for path in folder.glob("*.*"))
    return by_shell


def test_a_key_in_the_query_and_an_image_inside(tmp_path: Path) -> None:
    content = shapes.content()
    shot = planned(content, {"images": [image()], "prompt": "it's a fox"}, operation="edit")

    api = both_repeat(tmp_path, content, shot, generated)

    assert api.asked[0].query == (("alt", "json"), ("key", KEY))
    parts = api.asked[0].body["contents"][0]["parts"]
    assert parts[0] == {"text": "it's a fox"}
    assert parts[1]["inlineData"]["data"].startswith("iVBORw0KGgo")
    assert len(parts[1]["inlineData"]["data"]) == (len(reference_bytes(NAME)) + 2) // 3 * 4


def test_a_key_with_signs_of_its_own_is_quoted_in_the_query(tmp_path: Path) -> None:
    content = shapes.provider("content", shapes.CONTENT, auth='query = "api key"')
    shot = planned(content, {"images": [image()], "prompt": "a fox"}, operation="edit")
    odd = "a+b&c=d %41/#?'\"$x"

    def answers(asked: Asked, url: str) -> Answer:
        own = dict(asked.query).get("api key") == odd
        return generated(replace(asked, query=(("key", KEY if own else ""),)), url)

    api = both_repeat(tmp_path, content, shot, answers, key=odd)

    assert api.asked[0].query == (("alt", "json"), ("api key", odd))


def test_arguments_in_path_query_and_header_and_addresses_out_of_replies(tmp_path: Path) -> None:
    queue = shapes.queue()
    shot = planned(queue, {"model": "fal-ai/flux", "mode": "very fast", "prompt": "a $fox"})

    api = both_repeat(tmp_path, queue, shot, queued)

    asked = api.asked[0]
    assert (asked.path, asked.query) == ("/fal-ai/flux", (("fal_mode", "very fast"),))
    assert asked.headers["x-queue-priority"] == "very fast"
    assert asked.headers["authorization"] == f"Key {KEY}"
    assert asked.body == {"prompt": "a $fox"}


def test_a_large_data_url_is_piped(tmp_path: Path) -> None:
    edits = shapes.edits()
    name = "png-rgb-256x256-1-bytes-400000.png"
    shot = planned(edits, {"images": [image(name)], "prompt": "a fox"})

    def answers(asked: Asked, url: str) -> Answer:
        return (200, PNG) if asked.method == "GET" else (200, {"data": [{"url": f"{url}/1.png"}]})

    api = both_repeat(tmp_path, edits, shot, answers)

    sent = api.asked[0].body["images"][0]["image_url"]
    assert sent.startswith("data:image/png;base64,iVBORw0KGgo")
    assert len(sent) > 500_000


def test_a_key_in_a_field_is_a_placeholder_that_a_note_explains(tmp_path: Path) -> None:
    predictions = shapes.predictions()
    shot = planned(predictions, {"prompt": "a fox"})

    script = (written(tmp_path, predictions, shot, "http://127.0.0.1:9") / "repeat.sh").read_text()

    assert '"request_key": "this-run-generate/base"' in script
    assert "Put a new word in the place of this-run" in script
    assert RUN_WORD not in script


@pytest.mark.parametrize("credential", ["wrong", "empty", "none"])
def test_a_made_up_key_is_spelled_out_in_the_query(credential: str, tmp_path: Path) -> None:
    content = shapes.content()
    shot = planned(content, {"prompt": "a fox"}, operation="edit", credential=credential)  # type: ignore[arg-type]
    with served(generated) as api:
        folder = written(tmp_path, content, shot, api.url)
        done = run(folder, "sh", "repeat.sh")

    assert done.returncode == 0, done.stderr
    assert len(api.asked) == 1
    assert dict(api.asked[0].query).get("key") != KEY
    assert ("key" in dict(api.asked[0].query)) == (credential != "none")
