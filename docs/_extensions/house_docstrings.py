"""Docstrings as the house writes them: an example is indented, and needs no colons before it."""

from typing import Any

from sphinx.application import Sphinx


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
    word = line.split()[0]
    if word in {"pytest", "harness"}:
        return "sh"
    return "text" if word.startswith(("HarnessError", "|", "`")) else "python"


def _read(  # noqa: PLR0913, PLR0917 - Sphinx's own signature
    _app: Sphinx, _what: str, _name: str, _object: object, _options: object, lines: list[str]
) -> None:
    lines[:] = blocks_of_code(lines)


def setup(app: Sphinx) -> dict[str, Any]:
    """Show the blocks as autodoc reads a docstring."""
    app.connect("autodoc-process-docstring", _read)
    return {"parallel_read_safe": True}
