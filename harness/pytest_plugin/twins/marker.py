"""The marker `image_provider`: which providers a test runs with, and what their twin is like."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, NoReturn

import pytest

from harness.pytest_plugin.twins.names import MARKER, PROVIDERS
from harness.pytest_plugin.twins.twins import TwinSettings

TWIN = ("time_scale", "seconds_per_image", "natural", "signed", "variants")
ARGUMENTS = ("faults", "seed", *TWIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderMarker:
    """What the marker says; without `names`, all providers."""

    names: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    seed: int = 0
    settings: TwinSettings = field(default_factory=TwinSettings)


def read_marker(node: pytest.Item | Any) -> ProviderMarker:  # noqa: ANN401 - pytest's own definition of a test has no public type
    """Return what the nearest marker of a test says; where it is wrong, the test cannot run."""
    mark = node.get_closest_marker(MARKER)
    if mark is None:
        return ProviderMarker()
    _check_names(mark.args, PROVIDERS, "there is no twin of")
    given = dict(mark.kwargs)
    _check_names(given, ARGUMENTS, "the marker has no argument")
    for argument in ("faults", "variants"):
        if argument in given:
            given[argument] = _texts(argument, given[argument])
    for argument in ("time_scale", "seconds_per_image"):
        _check_number(argument, given.get(argument))
    seed = given.get("seed", 0)
    if type(seed) is not int or seed < 0:
        _wrong(f"seed={seed!r} is no whole number from 0 on", "")
    return ProviderMarker(
        names=tuple(dict.fromkeys(mark.args)),
        faults=given.get("faults", ()),
        seed=seed,
        settings=TwinSettings(**{name: given[name] for name in TWIN if name in given}),
    )


def the_only(marker: ProviderMarker, node: pytest.Item) -> str:
    """Return the one provider of a test that pytest does not parametrize."""
    if len(marker.names) != 1:
        _wrong(
            f"{node.name} is not run once for each provider (a method of a unittest.TestCase, or "
            "it asks for the fixture by its name)",
            f'mark it with one: @pytest.mark.{MARKER}("apiframe")',
        )
    return marker.names[0]


def _check_names(names: Iterable[object], known: tuple[str, ...], what: str) -> None:
    for name in names:
        if name not in known:
            _wrong(f"{what} {name!r}", _near(name, known))


def _texts(argument: str, value: object) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, Iterable):
        _wrong(f"{argument}={value!r} is no list of names", "")
    texts = tuple(listed)
    if not all(isinstance(each, str) for each in texts):
        _wrong(f"{argument}={value!r} is no list of names", "")
    return texts


def _check_number(argument: str, value: object) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is not None and not (number and 0 <= value < math.inf):  # type: ignore[operator]  # a number
        _wrong(f"{argument}={value!r} is no number from 0 on", "")


def _near(name: object, names: Iterable[str]) -> str:
    close = get_close_matches(str(name), list(names), n=3, cutoff=0.5)
    return f"close: {', '.join(close)}" if close else f"one of {', '.join(names)}"


def _wrong(what: str, hint: str) -> NoReturn:
    pytest.fail(f"{MARKER}: {what}" + (f" ({hint})" if hint else ""), pytrace=False)
