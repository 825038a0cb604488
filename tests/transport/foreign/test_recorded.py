"""Files that recorders' own libraries wrote (`recorded/README.md`), judged as a user would."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from harness.checks.judge import judge_records
from harness.runner.traffic.traffic import judge_file
from harness.transport.bodies.images import ImageCollector
from tests.shipped import PROVIDERS, shipped_provider
from tests.transport.foreign.recorded_table import EXPECTED, RECORDED, cells

SUB2API = shipped_provider("sub2api")

TEXTS = [name for name in EXPECTED if name not in ("curl", "mitmproxy.flow", "transcript.sse")]


@pytest.mark.parametrize("name", EXPECTED)
def test_each_recorders_file_is_read_and_what_is_not_there_convicts_nobody(name: str) -> None:
    found = cells(name)

    assert {column: cell.word for column, cell in found.items()} == EXPECTED[name]
    assert all(cell.why for cell in found.values())


def test_every_recorded_file_has_its_row() -> None:
    assert {path.name for path in RECORDED.iterdir()} == {*EXPECTED, "README.md"}


@pytest.mark.parametrize("name", TEXTS)
def test_an_image_of_a_wrong_size_is_found_in_every_format(tmp_path: Path, name: str) -> None:
    """The provider's fault, in the same files: a reply of 512x512 where 1024x1024 was asked."""
    path = RECORDED / name
    text = path.read_text(encoding="utf-8")
    as_json = path.suffix not in (".yaml", ".yml")
    document = json.loads(text) if as_json else yaml.safe_load(text)
    wrong = tmp_path / name
    planted = _with_small_images(document)
    wrong.write_text(json.dumps(planted) if as_json else yaml.safe_dump(planted))

    traffic = judge_file(wrong, SUB2API, ImageCollector(lambda _name, _raw: None))
    verdicts = judge_records(traffic.records, PROVIDERS)

    assert any("512x512" in one.why for one in verdicts if one.status == "fail")


def _small() -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (512, 512), "teal").save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def _with_small_images(node: Any) -> Any:  # noqa: ANN401 - values of JSON, of any shape
    """Put another image in place of each that stands in a reply as base64 in JSON."""
    match node:
        case {"b64_json": str()}:
            return {**node, "b64_json": _small()}
        case {"body": str(), "bodyAsBase64": str()}:  # WireMock's journal holds a body twice
            body = _with_small_images(node["body"])
            packed = base64.b64encode(body.encode()).decode()
            return node if body == node["body"] else {**node, "body": body, "bodyAsBase64": packed}
        case dict():
            return {key: _with_small_images(value) for key, value in node.items()}
        case list():
            return [_with_small_images(value) for value in node]
        case str() if node.startswith('{"created"') and '"b64_json"' in node:
            return json.dumps(_with_small_images(json.loads(node)))
        case _:
            return node
