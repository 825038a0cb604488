"""What the emulator's rules say of a case: its request as a server would have it, files and all."""

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from typing import Any

from harness.core.case import Case
from harness.core.exchange import Part, Request
from harness.core.jsonvalue import Json, with_texts
from harness.core.placeholders import BASE64
from harness.emulator import validate
from harness.reference_images import reference_bytes
from harness.spec.request import build_request
from tests.shipped import shipped_provider

made_once = cache(reference_bytes)

OTHER_NAMES: dict[tuple[str, str | None], str] = {
    ("edit", "images.count"): "images.format",
    ("edit_json", "images.count"): "images.format",
    ("edit", "images.url_only"): "images.format",
    **{
        ("generate", f"{name}.format"): f"{name}.one_of"
        for name in (
            *("background", "moderation", "output_format", "quality", "response_format", "size"),
        )
    },
}
"""Where the emulator has a rule of its own for what is no text, or no list of addresses."""


def said(case: Case) -> str | None:
    """The rule by which the emulator refuses a case, None where it serves it."""
    one = shipped_provider(case.provider)
    sent = build_request(one, one.operation(case.operation), case.arguments)
    return uploaded(case) or validate(case.provider, case.operation, body_of(sent))


def disagreement(case: Case) -> str | None:
    """What the emulator says against a case's expectation; nothing where it agrees."""
    rule = said(case)
    if case.expect == "accept":
        return None if rule is None else f"refused for {rule}"
    agreed = rule in (case.breaks, OTHER_NAMES.get((case.operation, case.breaks)))
    return None if rule is not None and agreed else f"for {case.breaks}: {rule}"


def body_of(sent: Request) -> object:
    """A request's body as `validate` takes it: JSON and a form with the bytes of their files."""
    if sent.form is None:
        return with_texts(sent.body, _with_bytes)
    fields: dict[str, list[str]] = {}
    files: dict[str, list[dict[str, Any]]] = {}
    for part in sent.form:
        if part.value is None:
            files.setdefault(part.name, []).append(file_of(part))
        else:
            fields.setdefault(part.name, []).append(part.value)
    return {"fields": fields, "files": files}


def _with_bytes(text: str) -> str:
    head, found, name = text.rpartition(BASE64)
    return head + b64encode(made_once(name)).decode() if found else text


def file_of(part: Part) -> dict[str, Any]:
    """A file as `validate` takes it."""
    assert part.filename is not None
    return {
        "data": made_once(part.filename),
        "media_type": part.media_type,
        "filename": part.filename,
    }


def uploaded(case: Case) -> str | None:
    """The rule that refuses the first wrong one of the files which are uploaded before a case."""
    upload = shipped_provider(case.provider).operation(case.operation).upload
    held = case.arguments.get(upload.argument) if upload else None
    listed: Sequence[Json] = held if isinstance(held, list) else []
    names = [str(item["filename"]) for item in listed if isinstance(item, dict)]
    refused = (of_upload(case.provider, case.operation, name) for name in names)
    return next((rule for rule in refused if rule is not None), None)


@cache
def of_upload(name: str, operation: str, filename: str) -> str | None:
    """The rule that refuses one file's upload: the same whichever request it goes before."""
    upload = shipped_provider(name).operation(operation).upload
    assert upload is not None
    media_type = f"image/{filename.rpartition('.')[2]}"
    file = {"data": made_once(filename), "media_type": media_type, "filename": filename}
    return validate(
        name, operation, {"fields": dict(upload.fields), "files": {upload.file: [file]}}
    )
