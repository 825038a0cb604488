"""What a request comes to before a reply is written, and what a path of a provider is for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

    from .ledger import Note
    from .replies import EventStream, JsonReply, NoReply


class Problem(Enum):
    """Why a request fails for a reason other than its parameters."""

    NO_KEY = auto()
    BAD_KEY = auto()
    NO_CREDIT = auto()
    RATE_LIMITED = auto()
    MODERATED = auto()
    NOT_FOUND = auto()
    WRONG_METHOD = auto()
    CRASHED = auto()
    UNAVAILABLE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The reply to a request, what the ledger says about it, and the seconds until it is sent."""

    answer: JsonReply | EventStream | NoReply
    note: Note
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSpec:
    """What a path is for.

    `operation` names the rules; `decode` reads the body that they check from the request, None
    where it is unreadable; `fulfil` answers a body that broke none: it charges and draws a
    duration. A path that `draws` no image has no prompt and costs no credit.
    """

    operation: str
    decode: Callable[[Request], Awaitable[object]]
    fulfil: Callable[[Mapping[str, object], Request], Awaitable[Decision]]
    draws: bool
