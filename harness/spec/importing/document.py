"""An OpenAPI document as it was read: JSON, its references followed within bounds.

A document is somebody else's text. It may be huge, refer to itself, or double with each level;
whatever it is, reading it ends, and with one sentence.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from harness.core.errors import UsageError
from harness.core.files import MEBIBYTE, read_at_most
from harness.core.jsonvalue import Json

MOST_MEBIBYTES = 32
"""How large a document may be; OpenAI's own has 3."""

MOST_STEPS = 200_000
"""How many places are looked at; a document whose references double has more of them."""

_YAML = re.compile(r"\A\s*(#[^\n]*\n\s*)*(---|openapi\s*:|swagger\s*:|info\s*:)")
_VERSION = re.compile(r"3\.[012](\.\d+)?(-\w+)?", re.ASCII)
_CONVERT = (
    "convert it first: python -c 'import json, sys, yaml; "
    "json.dump(yaml.safe_load(sys.stdin), sys.stdout, default=str)' < {name} > openapi.json"
)


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the document and where it stands: `at` is a JSON pointer behind `#`."""

    value: Json
    at: str

    def __getitem__(self, key: str) -> "Node":
        """Return what stands under a key; nothing (None) where there is no such key."""
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return Node(value, f"{self.at}/{escaped(key)}")

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def text(self, key: str) -> str:
        """Return the text under a key, or an empty one where something else stands there."""
        value = self[key].value
        return value if isinstance(value, str) else ""

    def members(self) -> Iterator[tuple[str, "Node"]]:
        """Yield each key of an object with what stands there."""
        if isinstance(self.value, dict):
            for key in self.value:
                yield key, self[key]

    def entries(self) -> Iterator["Node"]:
        """Yield each entry of a list."""
        if isinstance(self.value, list):
            for place, value in enumerate(self.value):
                yield Node(value, f"{self.at}/{place}")


@dataclass(slots=True)
class OpenApi:
    """A document by the name of its file; `follow` is the one way to what a reference means.

    `text` is what the file holds, by which quotes are made; none are where it is not known.
    """

    file: str
    root: Node
    steps: int = field(default=0)
    text: str = field(default="", repr=False)

    @property
    def siblings_count(self) -> bool:
        """Whether what stands beside a `$ref` counts: since OpenAPI 3.1 it does."""
        return not self.root.text("openapi").startswith("3.0")

    def follow(self, node: Node) -> Node:
        """Return what a node means: itself, or what its `$ref` leads to in the end.

        Raises UsageError for a reference out of the document, to nothing, or in a circle.
        """
        passed: list[str] = []
        while isinstance(node.value, dict) and isinstance(target := node.value.get("$ref"), str):
            self.step(node)
            if not target.startswith("#"):
                raise UsageError(
                    f"{self.file}: {node.at} refers to another document, {target[:80]!r}",
                    hint="only references within the file are followed: bundle it into one",
                )
            if target in passed:
                raise UsageError(f"{self.file}: {node.at} refers to itself: {target[:80]}")
            passed.append(target)
            node = self._target(node, target)
        return node

    def step(self, node: Node) -> None:
        """Count one place that is looked at; UsageError where there are too many."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise UsageError(
                f"{self.file}: {node.at} leads to more than {MOST_STEPS:,} places",
                hint="its references multiply; name fewer operations with --operation",
            )

    def at(self, pointer: str) -> Node | None:
        """Return what stands at a JSON pointer behind `#`; nothing where it leads nowhere."""
        try:
            return self._target(self.root, pointer)
        except UsageError:
            return None

    def _target(self, node: Node, target: str) -> Node:
        found = Node(self.root.value, "#")
        for step in target.removeprefix("#").split("/")[1:]:
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            match found.value:
                case dict() if key in found.value:
                    found = found[key]
                case list() if key.isascii() and key.isdigit() and int(key) < len(found.value):
                    found = Node(found.value[int(key)], f"{found.at}/{key}")
                case _:
                    raise UsageError(f"{self.file}: {node.at} refers to nothing: {target[:80]}")
        return found


def escaped(key: str) -> str:
    """Return a key as a part of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def read_openapi(path: Path) -> OpenApi:
    """Read an OpenAPI document of version 3, written as JSON.

    Raises UsageError with one sentence where the file is none, or cannot be read.
    """
    try:
        content = read_at_most(path, MOST_MEBIBYTES * MEBIBYTE)
    except OSError as error:
        why = error.strerror or str(error)
        too_large = path.is_file() and path.stat().st_size > MOST_MEBIBYTES * MEBIBYTE
        what = f"is larger than {MOST_MEBIBYTES} MiB" if too_large else why
        raise UsageError(f"{path}: {what}") from None
    text = _text(path, content)
    return OpenApi(path.name, Node(_parsed(path, text), "#"), text=text)


def _text(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is no UTF-8 text, from byte {error.start} on") from None


def _parsed(path: Path, text: str) -> Json:
    if _YAML.match(text):
        raise UsageError(f"{path}: is YAML, not JSON", hint=_CONVERT.format(name=path))
    try:
        value: Json = json.loads(text, parse_constant=_refused)
        text.encode("utf-8")
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # a lone surrogate can go nowhere
    except UnicodeEncodeError:
        raise UsageError(f"{path}: holds half a character (a lone \\ud800 or the like)") from None
    except RecursionError:
        raise UsageError(f"{path}: is nested too deeply to be read") from None
    except ValueError as error:
        raise UsageError(f"{path}: is no JSON: {str(error)[:200]}") from None
    return _checked(path, value)


def _refused(word: str) -> Json:
    raise ValueError(f"{word} is no JSON number")


def _checked(path: Path, value: Json) -> Json:
    if not isinstance(value, dict):
        raise UsageError(f"{path}: is no OpenAPI document: not an object")
    if "swagger" in value:
        raise UsageError(
            f"{path}: is Swagger {str(value['swagger'])[:10]}, not OpenAPI 3",
            hint="convert it first, with swagger2openapi for one",
        )
    version = value.get("openapi")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise UsageError(
            f"{path}: is no OpenAPI document of version 3.0 to 3.2: 'openapi' is {version!r:.40}"
        )
    if not isinstance(value.get("paths"), dict):
        raise UsageError(f"{path}: has no paths")
    return value
