"""What sub2api's replies and headers hold, and what its images take.

Source: the seed document, section Response Shape. Its sample tells 196 tokens of a medium image at
1024x1024, which is what low takes: the tokens here are the maker's (see `tokens`).
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..replies import Json
from ..rules.images_api import MODELS
from ..rules.parameters import word_among
from .images_api import ImagesApi

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..pictures import RenderedImage
    from .images_api import Tokens


class Sub2ApiImages(ImagesApi):
    """A deployment on OAuth accounts; the variant `no_model` is one on API-key accounts."""

    # auto becomes a tier that the reply declares; recordings show medium and high, and low once.
    auto_quality = "medium"

    def headers(self, elapsed_s: float = 0.0) -> dict[str, str]:
        """Return the headers that every reply behind the auth layer carries."""
        return {
            "x-request-id": f"req_{self.state.new_id('request')}",
            "openai-processing-ms": str(round(elapsed_s * 1000)),
        }

    def price(self, images: int, tokens: Tokens) -> float:
        """Return the number of images: no price is documented."""
        del tokens
        return images * (2.0 if "overcharge" in self.state.faults else 1.0)

    def body(
        self,
        values: Mapping[str, object],
        pictures: Sequence[RenderedImage],
        declared: Json,
        usage: Json,
    ) -> Json:
        """Return the JSON of a reply that is no stream."""
        as_url = values.get("response_format") == "url"
        data: list[Json] = [
            {"url": f"data:image/{picture.claimed};base64,{picture.base64}"}
            if as_url
            else {"b64_json": picture.base64}
            for picture in pictures
        ]
        reply: Json = {"created": int(time.time()), "data": data, **declared, "usage": usage}
        if "no_model" not in self.state.variants:
            prompt = values.get("prompt")
            for image in data:
                image["revised_prompt"] = prompt if isinstance(prompt, str) else ""
            reply["model"] = word_among(values.get("model"), MODELS, MODELS[0])
        if "missing_field" in self.state.faults:
            del reply["usage"]
        return reply
