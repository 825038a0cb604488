"""A TOML names a protocol; who speaks it registered itself under that name."""

import tomllib
from typing import Any

import pytest

from harness.core.case import PlannedRequest
from harness.core.outcome import Fault
from harness.spec.load import parse_provider
from harness.spec.provider import SHIPPED_PROTOCOLS, Operation, Provider
from harness.wire.protocol import speak
from harness.wire.protocols import PROTOCOLS, protocol
from harness.wire.retry import Pause, Wire
from tests.report import builders as b
from tests.shipped import FOLDER


def _tables(spoken: str) -> dict[str, Any]:
    raw = tomllib.loads((FOLDER / "sub2api.toml").read_text(encoding="utf-8"))
    raw["operations"]["generate"]["protocol"] = spoken
    return raw


def test_every_protocol_that_a_toml_may_name_is_spoken() -> None:
    assert set(PROTOCOLS) == set(SHIPPED_PROTOCOLS)


def test_a_protocol_that_nobody_speaks_is_a_mistake_with_the_known_ones() -> None:
    mistakes = parse_provider(_tables("soap"))
    told = "operations.generate.protocol: unknown wire protocol 'soap'"

    assert isinstance(mistakes, tuple)
    assert f"{told}; allowed: job, reply, responses" in map(str, mistakes)


def test_a_protocol_from_elsewhere_may_be_named_and_is_spoken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert PROTOCOLS
    monkeypatch.setattr(PROTOCOLS, "_entries", dict(PROTOCOLS._entries))
    monkeypatch.setattr("harness.spec.provider._protocols", set(SHIPPED_PROTOCOLS))

    @protocol("soap")
    def envelope(provider: Provider, operation: Operation, shot: PlannedRequest) -> Wire:
        yield Pause(seconds=1.0)
        why = f"{provider.name} {operation.path} {shot.case.id}: no envelope"
        return Fault(error_class="protocol", why=why, may_be_paid=False)

    found = parse_provider(_tables("soap"))
    assert isinstance(found, Provider)
    shot = b.record(b.case(id="generate/base"), b.images()).shot
    talk = speak(found, found.operation("generate"), shot)
    asked = next(talk)
    with pytest.raises(StopIteration) as ended:
        talk.send(None)

    assert asked == Pause(seconds=1.0)
    assert ended.value.value.why == "sub2api /v1/images/generations generate/base: no envelope"
