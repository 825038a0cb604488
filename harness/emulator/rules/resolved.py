"""A JSON body together with what lies behind its addresses on loopback."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .uploads import UploadedImage


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a loopback address of a reference image gave; `upload` is None where it gave nothing."""

    url: str
    upload: UploadedImage | None


class ResolvedBody(dict[str, object]):
    """A decoded body whose loopback addresses have been asked.

    Addresses on other hosts are in none of `references`: they are taken to be reachable and fine.
    """

    def __init__(self, body: Mapping[str, object], references: tuple[Reference, ...]) -> None:
        super().__init__(body)
        self.references = references


def unreachable_address(body: object) -> str | None:
    """Return the first loopback address of a body that gave nothing, None where all answered."""
    references = body.references if isinstance(body, ResolvedBody) else ()
    return next((found.url for found in references if found.upload is None), None)
