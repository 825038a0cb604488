"""An emulator of six image APIs, written by hand from their documents.

No module here imports a module of the harness from outside this folder: the folder can be copied
elsewhere as `emulator` and run with `python -m emulator`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import rules
from .received import File, Form

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["validate"]


def validate(provider: str, operation: str, body: object) -> str | None:
    """Return the id of the first rule that `body` breaks, or None where it is accepted.

    An id has the form `size.max_ratio`. The servers call the same check when no fault is on.
    `operation` is `generate`, `edit`, `edit_json` or `respond`. `body` is decoded JSON, or for a
    form {"fields": {name: text or texts}, "files": {name: [{"data", "media_type", "filename"}]}}.
    Raises ValueError for a provider or an operation that is not served.
    """
    if operation == "edit" and isinstance(body, dict) and {"fields", "files"} == set(body):
        body = _form(body)
    refusal = rules.check(provider, operation, body)
    return None if refusal is None else refusal.rule


def _form(body: Mapping[str, Any]) -> Form:
    form = Form()
    for name, texts in body["fields"].items():
        form[name] = [texts] if isinstance(texts, str) else list(texts)
    for name, files in body["files"].items():
        form.setdefault(name, []).extend(File(name=name, **file) for file in files)
    return form
