"""Requests and prices as the plain JSON that plans, explanations and findings show."""

import re

from harness.core.case import Price
from harness.core.exchange import Part, Request
from harness.core.jsonvalue import Json, number
from harness.core.placeholders import THIS_RUN

_OF_ALL = ("accept", "content-type")
_CREDENTIAL = re.compile(
    r"authorization|cookie|secret|token|password|credential|session|signature|api-?key|^x-key$",
    re.IGNORECASE,
)


def price_json(price: Price) -> dict[str, Json]:
    """Return `{amount, unit, images}`, and `at_most` where it may cost less.

    A whole amount is written without a fraction.
    """
    most: dict[str, Json] = {"at_most": True} if price.at_most else {}
    return {
        "amount": number(price.amount),
        "unit": price.unit,
        "images": price.images,
        **most,
    }


def carried_json(sent: Request, *, digests: bool = False) -> dict[str, Json]:
    """Return `{json: body}`, or `{form: parts}` where a form is sent; see `part_json`."""
    if sent.form is None:
        return {"json": sent.body}
    return {"form": [part_json(part, digests=digests) for part in sent.form]}


def telling_headers(sent: Request) -> tuple[tuple[str, str], ...]:
    """Return the headers by which requests differ.

    Not those of all, no idempotency key, and nothing under the name of a credential.
    """
    return tuple(
        sorted(
            (name.lower(), text)
            for name, text in sent.headers
            if name.lower() not in _OF_ALL and THIS_RUN not in text
            if not _CREDENTIAL.search(name)
        )
    )


def part_json(part: Part, *, digests: bool = False) -> dict[str, Json]:
    """Return a part of a form: `{name, value}`, or a file by what is known of it.

    With `digests`, a file has its digest, too (null where its bytes are not known): that
    tells two files apart, and says nothing to readers.
    """
    if part.value is not None:
        return {"name": part.name, "value": part.value}
    file: dict[str, Json] = {
        "name": part.name,
        "filename": part.filename,
        "media_type": part.media_type,
        "bytes": part.size_bytes,
        "width": part.width_px,
        "height": part.height_px,
    }
    return {**file, "digest": part.digest} if digests else file
