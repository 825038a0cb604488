"""The reference page of the vocabulary, PROVIDERS.md: every table and key, made from the models.

`python -m harness.spec.toml.reference` writes it again; a test holds the page against the models.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.core import tomltext
from harness.spec.provider import PARAMETERS
from harness.spec.rules import KINDS
from harness.spec.toml.schema import INHERITING, PROMISE, Node, alternatives, provider_schema
from harness.spec.toml.spelling import example_of, spelt, type_words

PAGE = Path(__file__).parents[3] / "PROVIDERS.md"

INTRODUCTION = """\
# A provider's TOML

Every table and every key that a provider's TOML may have. This page is made from the models that
read it (`make reference`); editors get the same as a JSON Schema from `harness providers schema`.
[TUTORIAL.md](TUTORIAL.md) writes one step by step.

    harness providers validate acme.toml

names every mistake in a file at once: its line, the key, the reason, what was probably meant.

* A **source** says where a promise stands: `"page: Sizes"` is the section *Sizes* of the document
  `page`, which `[documents]` names. Nearly every table needs one: what has no source is no promise.
* A **quote** is what the document says there, word for word: readers of a report see it beside the
  finding. `harness providers validate acme.toml --documents FOLDER` looks for each one in the files
  that `[documents]` names. It is no promise: runs and recordings stay good when a quote is edited.
* A **JMESPath expression** says where something stands in a JSON body: `data[*].url`. A list of
  them is in order of preference: the first that finds anything counts.
* A **regular expression** is Python's, searched ignoring case. Write it in single quotes:
  `'^invalid_\\w+$'`.
* **In TOML** a key belongs to the header above it. Keys of the file as a whole stand above the
  first header.
* A key without a default has to be there.
"""


_CANONICAL = """\
## Canonical arguments

An argument with one of these names is understood by workloads, checks, prices and reports, whatever
it is called on the wire: {}.
Any other name is the provider's own: it is sent, tried and judged by its rules.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A table of the vocabulary: where it may stand, and what is in it."""

    name: str
    node: Node
    places: tuple[str, ...]


def sections() -> tuple[Section, ...]:
    """Return every table once, in the order in which a reader of the file meets them."""
    places: dict[str, list[str]] = {"": ["the file as a whole"]}
    nodes: dict[str, Node] = {"": provider_schema()}
    _walk("", provider_schema(), places, nodes)
    return tuple(
        Section(name=name, node=node, places=tuple(dict.fromkeys(places[name])))
        for name, node in nodes.items()
    )


def _walk(path: str, node: Node, places: dict[str, list[str]], nodes: dict[str, Node]) -> None:
    for key, value in node.get("properties", {}).items():
        for inner_path, name in _tables(f"{path}.{key}" if path else key, value):
            inner = provider_schema()["$defs"][name]
            places.setdefault(name, []).append(inner_path)
            if name not in nodes and "properties" in inner:
                nodes[name] = inner
                _walk(inner_path.strip("[]"), inner, places, nodes)


def _tables(path: str, node: Node) -> Iterator[tuple[str, str]]:
    """Yield the tables to which a key leads: the header and the definition's name of each."""
    if "$ref" in node:
        yield f"[{path}]", str(node["$ref"]).rpartition("/")[2]
    for inner in node.get("anyOf", ()):
        yield from _tables(path, inner)
    if isinstance(node.get("items"), dict):
        for header, name in _tables(path, node["items"]):
            yield f"[{header}]", name
    if isinstance(node.get("additionalProperties"), dict):
        yield from _tables(f"{path}.NAME", node["additionalProperties"])


def page() -> str:
    """Return the page as Markdown."""
    lines = [INTRODUCTION]
    rules = {name: kind.__name__ for name, kind in KINDS.items()}
    known = [section for section in sections() if section.name not in rules.values()]
    lines += [_promise()]
    lines += [_section(section) for section in known]
    lines += [_CANONICAL.format(", ".join(f"`{name}`" for name in PARAMETERS)), ""]
    lines += [
        "## Rules of an argument",
        "",
        'A table of an argument each: `range = { min = 1, max = 4, source = "page: Sizes" }`.',
        "Its id in reports is `<argument>.<rule>`: `n.range`. It speaks of values of its types.",
        "",
    ]
    found = {section.name: section for section in sections()}
    lines += [_rule(name, found[definition]) for name, definition in rules.items()]
    return "\n".join(lines).rstrip() + "\n"


def _promise() -> str:
    node = provider_schema()["$defs"]["Required"]
    rows = [_row(key, node["properties"][key], node) for key in PROMISE]
    return "\n".join(["## Keys of most tables", "", *_HEAD, *rows, ""])


_HEAD = ("| key | type | default | meaning | example |", "|---|---|---|---|---|")


def _section(section: Section) -> str:
    title = "The file as a whole" if not section.name else f"`{section.places[0]}`"
    others = ", ".join(f"`{place}`" for place in section.places[1:])
    words = [f"The same at {others}.", ""] if others else []
    properties = section.node["properties"]
    if "extends" not in properties and {"path", "protocol"} <= set(properties):
        properties = {**properties, **INHERITING}
    node = {**section.node, "properties": properties}
    text = [_paragraphs(str(node.get("description", ""))), ""]
    skipped = set(KINDS) if set(KINDS) <= set(properties) else set()
    path = section.places[0].strip("[]") if section.name else ""
    return "\n".join([f"## {title}", "", *text, *words, *_rows(node, skipped, path), ""])


def _rows(node: Node, skipped: set[str], path: str) -> list[str]:
    properties = {key: value for key, value in node["properties"].items() if key not in skipped}
    common = [key for key in PROMISE if _is_common(key, properties)]
    own = [key for key in properties if key not in common]
    lines = [*_HEAD, *(_row(key, properties[key], node, path) for key in own)] if own else []
    if common:
        needed = [f"`{key}`" for key in common if key in node.get("required", ())]
        optional = [f"`{key}`" for key in common if key not in node.get("required", ())]
        said = [f"{' and '.join(needed)} (has to be there)"] if needed else []
        said += [", ".join(optional)] if optional else []
        lines += ["", f"And {', '.join(said)}, as above."]
    if skipped:
        lines += ["", "And the rules below, each under its name."]
    return lines


def _is_common(key: str, properties: Node) -> bool:
    """Tell whether a key means here what it means in most tables."""
    usual = provider_schema()["$defs"]["Required"]["properties"][key]
    return key in properties and properties[key].get("description") == usual["description"]


def _rule(name: str, section: Section) -> str:
    kind = KINDS[name]
    text = _paragraphs(str(section.node.get("description", "")))
    example = f"`{name} = {spelt(example_of(section.node))}`"
    speaks = f"Speaks of: {', '.join(kind.speaks_of)}. Example: {example}"
    return "\n".join(
        [f"### `{name}`", "", text, "", speaks, "", *_rows(section.node, set(), ""), ""]
    )


def _row(key: str, node: Node, table: Node, path: str = "") -> str:
    """Return the line of one key."""
    choices = list(alternatives(node))
    required = key in table.get("required", ())
    default = "" if required else f"`{spelt(node['default'])}`" if "default" in node else "none"
    cells = [
        f"`{key}`",
        type_words(choices),
        default,
        _cell(str(node.get("description", "")).split("\n\n")[0]),
    ]
    return f"| {' | '.join([*cells, _example(key, choices, path)])} |"


def _example(key: str, choices: list[Node], path: str) -> str:
    header = f"{path}.{key}" if path else key
    node = next((choice for choice in choices if choice.get("examples")), choices[0])
    if node.get("type") == "object" and not node.get("examples"):
        return f"a table `[{header}]`"
    if node.get("type") == "array" and not node.get("examples"):
        items = next(alternatives(node.get("items", {})), {})
        if items.get("type") == "object":
            return f"tables `[[{header}]]`"
    line = f"{tomltext.key(key)} = {spelt(example_of(node))}"
    return _code(line.replace("|", "\\|"))


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
