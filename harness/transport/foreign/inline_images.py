"""Images inside the JSON of somebody else's request: what is known of each stays, its bytes go."""

import binascii
from base64 import b64decode

from harness.core.jsonvalue import Json, with_texts
from harness.core.reference import ReferenceImage
from harness.spec.inline import BASE64_TEXT, DATA_URL, base64_of
from harness.transport.bodies.decode import looks_like_image
from harness.transport.foreign.forms import file_part

_KINDS = ((b"\x89PNG", "png"), (b"\xff\xd8", "jpeg"), (b"GIF8", "gif"), (b"RIFF", "webp"))


def without_images(body: Json) -> Json:
    """Return a body with a placeholder for each image in it, as base64 or as a data URL."""
    return with_texts(body, _without_image)


def _without_image(text: str) -> str:
    url = DATA_URL.match(text)
    head = url[0] if url else ""
    content = text[len(head) :]
    if not BASE64_TEXT.fullmatch(content):
        return text
    try:
        raw = b64decode(content.replace("-", "+").replace("_", "/") + "=" * (-len(content) % 4))
    except binascii.Error:
        return text
    if not looks_like_image(raw):
        return text
    kind = next((f"image/{name}" for begin, name in _KINDS if raw.startswith(begin)), None)
    part = file_part("", raw, filename="", media_type=(url and url[1]) or kind)
    return head + base64_of(ReferenceImage.of_part(part))
