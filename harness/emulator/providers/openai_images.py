"""What OpenAI's replies and headers hold, and what the images of gpt-image-2 take and cost.

Source: a recorded exchange for each of the headers and for the order of the keys (provider facts,
1.1 and 1.4): no model, no revised_prompt and no address. The output tokens are an exact function of
size and quality, which gives the recorded 120 at 1536x864 low (see `tokens`); quality auto became
low in the one probe that is known, and size auto may break the rules of named sizes, as 1254x1254
does. Prices per token are the maker's: text 5, images read 8, images drawn 30 USD for a million.
The images are drawn here: they carry no signed manifest of the maker.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..replies import Json
from ..tokens import usd
from .images_api import ImagesApi

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..pictures import RenderedImage
    from .images_api import Tokens

# Of every reply, also where the key is refused.
EDGE_HEADERS = {
    "server": "cloudflare",
    "cf-cache-status": "DYNAMIC",
    "strict-transport-security": "max-age=31536000; includeSubDomains; preload",
    "x-content-type-options": "nosniff",
    "alt-svc": 'h3=":443"; ma=86400',
}


class OpenAiImages(ImagesApi):
    """The maker's own API."""

    auto_quality = "low"
    shows_clear = True
    auto_size = "1254x1254"
    indent = 2
    chunked = True

    def headers(self, elapsed_s: float = 0.0) -> dict[str, str]:
        """Return the headers of the recorded replies; none says anything of rate limits."""
        return {
            "openai-version": "2020-10-01",
            "openai-organization": "org-emulated",
            "openai-project": "proj_emulated",
            "openai-processing-ms": str(round(elapsed_s * 1000)),
            "access-control-expose-headers": "CF-Ray, X-Request-ID",
            **self.edge_headers(),
        }

    def edge_headers(self) -> dict[str, str]:
        """Return the headers that a refused key gets, too."""
        number = self.state.new_id("request")
        return {
            "x-request-id": f"req_{number}",
            "cf-ray": f"{number[:16]}-IAD",
            **EDGE_HEADERS,
        }

    def price(self, images: int, tokens: Tokens) -> float:
        """Return the USD of these tokens."""
        del images
        return usd(text=tokens.text, read=tokens.read, drawn=tokens.drawn)

    def body(
        self,
        values: Mapping[str, object],
        pictures: Sequence[RenderedImage],
        declared: Json,
        usage: Json,
    ) -> Json:
        """Return the JSON of a reply that is no stream."""
        del values
        data = [{"b64_json": picture.base64} for picture in pictures]
        reply: Json = {"created": int(time.time()), "background": declared["background"]}
        reply |= {"data": data, **declared, "usage": usage}
        if "missing_field" in self.state.faults:
            del reply["usage"]
        return reply
