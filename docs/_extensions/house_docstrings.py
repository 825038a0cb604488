"""Docstrings as the house writes them: an example is indented, and needs no colons before it.

`<!-- names: harness.api -->` shows the public names of a module that the page does not name itself,
so that none is forgotten.
"""

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any, get_origin

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from harness import api

NAMES = re.compile(r"^<!-- names: (?P<module>[\w.]+) -->$", re.MULTILINE)


def blocks_of_code(lines: list[str]) -> list[str]:
    """Return the lines with what is indented by four behind an empty line as blocks of code."""
    shown: list[str] = []
    inside = False
    for i, line in enumerate(lines):
        indented = line.startswith("    ")
        if indented and not inside and i and not lines[i - 1].strip():
            shown += [f".. code-block:: {_language(line)}", ""]
            inside = True
        elif line.strip() and not indented:
            inside = False
        shown.append(line)
    return shown


def _language(line: str) -> str:
    word = line.split(maxsplit=1)[0]
    if word in {"pytest", "harness"}:
        return "sh"
    return "text" if word.startswith(("HarnessError", "|", "`")) else "python"


def _read(
    _app: Sphinx, _what: str, _name: str, _object: object, _options: object, lines: list[str]
) -> None:
    lines[:] = blocks_of_code(lines)


def _public(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: nodes.Element
) -> nodes.Element | None:
    """Lead to a type's public name from where it is defined: `harness.run_result.RunResult`."""
    target = node.get("reftarget", "")
    name = target.rpartition(".")[2]
    if node.get("refdomain") != "py" or name not in api.__all__ or not target.startswith("harness"):
        return None
    return env.domains["py"].resolve_xref(
        env, node["refdoc"], app.builder, "obj", f"harness.api.{name}", node, shown
    )


def _rest(text: str, module: str) -> Iterator[str]:
    """Yield what shows each public name that a page does not show."""
    home = import_module(module)
    for name in home.__all__:
        if re.search(rf"^\.\. auto\w+:: {re.escape(module)}\.{name}$", text, re.MULTILINE):
            continue
        public = getattr(home, name)
        kind = "autofunction" if inspect.isfunction(public) else "py:data"  # a name of a type
        if inspect.isclass(public) and get_origin(public) is None:
            kind = "autoclass"
        members = ["   :members:", "   :undoc-members:"] if kind == "autoclass" else []
        yield from ("```{eval-rst}", f".. {kind}:: {module}.{name}", *members, "```", "")


def _named(_app: Sphinx, _name: str, content: list[str]) -> None:
    text = content[0]

    def shown(mark: re.Match[str]) -> str:
        rest = list(_rest(text, mark["module"]))
        return "\n".join(["## More", "", *rest]) if rest else ""

    content[0] = NAMES.sub(shown, text)


def setup(app: Sphinx) -> dict[str, Any]:
    """Show the blocks as autodoc reads a docstring."""
    app.connect("autodoc-process-docstring", _read)
    app.connect("source-read", _named)
    app.connect("missing-reference", _public)
    return {"parallel_read_safe": True}
