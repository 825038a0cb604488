"""What readers of manifests say, of any shape, becomes a Manifest by its status codes."""

from collections.abc import Mapping
from typing import Any

import pytest

from harness.core.inspection import Manifest
from harness.transport.inspection.told import LETTERS_AT_MOST, NAMES_AT_MOST, manifest_told

SOUND = ("claimSignature.validated", "assertion.dataHash.match", "assertion.hashedURI.match")
TRUSTED = (*SOUND, "signingCredential.trusted")
SIGNED = "2026-08-19T14:34:43.481006+00:00"


def _statuses(*codes: str, label: str = "a") -> list[dict[str, str]]:
    return [{"code": code, "url": f"self#jumbf=/c2pa/{label}/c2pa.signature"} for code in codes]


def _document(parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a store whose active manifest is `a`: these codes, words, other manifests, deltas."""
    signature = {"issuer": "A Maker", "common_name": "A Service", "time": SIGNED}
    results = {
        "success": _statuses(*parts.get("good", TRUSTED)),
        "failure": _statuses(*parts.get("bad", ())),
        "informational": _statuses(*parts.get("noted", ())),
    }
    return {
        "active_manifest": "a",
        "manifests": {
            "a": {"signature_info": signature, **parts.get("active", {})},
            **parts.get("others", {}),
        },
        "validation_results": {
            "activeManifest": results,
            "ingredientDeltas": parts.get("deltas", []),
        },
    }


def _told(*, checked: bool = True, **parts: object) -> Manifest:
    manifest = manifest_told(_document(parts), checked=checked)
    assert manifest is not None
    return manifest


def _acting(
    *actions: dict[str, Any], label: str = "c2pa.actions.v2", **data: object
) -> dict[str, Any]:
    return {"assertions": [{"label": label, "data": {"actions": [*actions], **data}}]}


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        ((), (True, "unaltered", "trusted")),
        (("assertion.dataHash.mismatch",), (True, "altered", "trusted")),
        (("assertion.bmffHash.mismatch",), (True, "altered", "trusted")),
        (("assertion.boxesHash.mismatch",), (True, "altered", "trusted")),
        (("assertion.boxesHash.unknownBox",), (True, "altered", "trusted")),
        (("assertion.hashedURI.mismatch",), (True, "altered", "trusted")),
        (("assertion.missing",), (True, "altered", "trusted")),
        (("assertion.undeclared",), (True, "altered", "trusted")),
        (("assertion.dataHash.malformed",), (True, "unknown", "trusted")),
        (("assertion.action.malformed",), (True, "unaltered", "trusted")),
        (("claimSignature.mismatch",), (False, "unaltered", "trusted")),
        (("claim.malformed",), (False, "unaltered", "trusted")),
        (("claim.multiple",), (False, "unaltered", "trusted")),
        (("algorithm.unsupported",), (False, "unaltered", "trusted")),
        (("general.error",), (False, "unaltered", "trusted")),
        (("signingCredential.untrusted",), (True, "unaltered", "untrusted")),
        (("signingCredential.expired",), (True, "unaltered", "untrusted")),
        (("signingCredential.ocsp.revoked",), (True, "unaltered", "untrusted")),
        (("signingCredential.invalid",), (True, "unaltered", "untrusted")),
        (("timeStamp.mismatch",), (True, "unaltered", "trusted")),
        (("ingredient.manifest.mismatch",), (True, "unaltered", "trusted")),
    ],
)
def test_each_failure_says_what_it_is_about(
    bad: tuple[str, ...], expected: tuple[bool, str, str]
) -> None:
    manifest = _told(bad=bad)

    assert (manifest.signature_valid, manifest.bytes, manifest.chain) == expected
    assert manifest.genuine == (expected == (True, "unaltered", "trusted"))
    assert manifest.failures == bad


def test_nothing_that_is_not_said_is_taken_for_good() -> None:
    silent = _told(good=())
    assert (silent.signature_valid, silent.bytes, silent.chain) == (False, "unknown", "untrusted")
    unbound = _told(
        good=("claimSignature.validated", "signingCredential.trusted"),
        bad=("claim.hardBindings.missing",),
    )
    assert (unbound.signature_valid, unbound.bytes) == (True, "unknown")
    assert not silent.genuine
    assert not unbound.genuine


@pytest.mark.parametrize(
    ("stamped", "noted", "checked", "expected"),
    [
        (("timeStamp.validated", "timeStamp.trusted"), (), True, "trusted"),
        (("timeStamp.validated",), ("timeStamp.untrusted",), True, "untrusted"),
        (("timeStamp.validated",), (), True, "untrusted"),
        (("timeStamp.validated", "timeStamp.trusted"), (), False, "unchecked"),
        (("timeStamp.trusted",), ("timeStamp.mismatch",), True, "none"),
        ((), (), True, "none"),
    ],
)
def test_a_time_is_the_stamps_and_as_good_as_its_authority(
    stamped: tuple[str, ...], noted: tuple[str, ...], *, checked: bool, expected: str
) -> None:
    manifest = _told(good=(*TRUSTED, *stamped), noted=noted, checked=checked)

    assert manifest.time == expected
    assert manifest.signed_at == (None if expected == "none" else "2026-08-19T14:34:43.481Z")


@pytest.mark.parametrize(
    ("time", "told"),
    [
        ("2026-08-19T16:34:43.4819+02:00", "2026-08-19T14:34:43.481Z"),
        ("2026-08-19T14:34:43Z", "2026-08-19T14:34:43.000Z"),
        ("2026-08-19T14:34:43", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        (5, None),
        (None, None),
    ],
)
def test_a_time_is_in_utc_or_none(time: object, told: str | None) -> None:
    active = {"signature_info": {"time": time}}

    assert _told(good=(*TRUSTED, "timeStamp.validated"), active=active).signed_at == told


@pytest.mark.parametrize(
    ("active", "agents"),
    [
        (_acting({"action": "c2pa.created", "softwareAgent": "DALL·E"}), ("DALL·E",)),
        (_acting({"softwareAgent": "DALL·E"}, label="c2pa.actions"), ("DALL·E",)),
        (_acting({"softwareAgent": "DALL·E"}, label="c2pa.actions.v2__1"), ("DALL·E",)),
        (_acting({"softwareAgent": {"name": "gpt-image", "version": "2.0"}}), ("gpt-image 2.0",)),
        (_acting({"softwareAgent": {"name": "GPT-4o"}}), ("GPT-4o",)),
        (_acting({"softwareAgent": {"version": "2.0"}}), ()),
        (_acting({"softwareAgentIndex": 1}, softwareAgents=[{"name": "a"}, "b"]), ("b",)),
        (_acting({"softwareAgentIndex": -1}, softwareAgents=[{"name": "a"}]), ()),
        (_acting({"softwareAgentIndex": 7}, softwareAgents=[{"name": "a"}]), ()),
        (_acting({"softwareAgent": "a"}, {"softwareAgent": "a"}), ("a",)),
        (_acting({"softwareAgent": 7}, {"softwareAgent": ["a"]}), ()),
        (_acting({"softwareAgent": "a"}, label="c2pa.other"), ()),
    ],
)
def test_agents_stand_in_actions_in_many_ways(
    active: dict[str, Any], agents: tuple[str, ...]
) -> None:
    assert _told(active=active).agents == agents


def _made_of(*labels: str, agent: str) -> dict[str, Any]:
    ingredients = [{"active_manifest": label} for label in labels]
    return {**_acting({"softwareAgent": agent}), "ingredients": ingredients}


def test_agents_are_told_down_the_ingredients_each_once() -> None:
    others = {
        "b": _made_of("d", "a", agent="B"),
        "c": _made_of("c", "d", agent="C"),
        "d": _made_of("b", agent="D"),
        "z": _made_of(agent="nobody's ingredient"),
    }

    assert _told(active=_made_of("b", "c", "gone", agent="A"), others=others).agents == (
        *("A", "B", "C", "D"),
    )


def test_what_an_altered_ingredient_says_is_not_told() -> None:
    failure = _statuses("assertion.hashedURI.mismatch", label="b")
    delta = [{"validationDeltas": {"failure": failure}}]
    others = {"b": _made_of("c", agent="forged"), "c": _made_of(agent="beneath it")}

    manifest = _told(active=_made_of("b", agent="A"), others=others, deltas=delta)
    assert manifest.agents == ("A",)
    assert manifest.genuine


def test_an_ingredient_of_a_stranger_is_told_and_is_no_failure_of_the_image() -> None:
    failure = _statuses("signingCredential.untrusted", "signingCredential.expired", label="b")
    delta = [{"validationDeltas": {"failure": failure}}]
    others = {"b": _made_of(agent="B")}

    manifest = _told(active=_made_of("b", agent="A"), others=others, deltas=delta)
    assert (manifest.agents, manifest.failures, manifest.genuine) == (("A", "B"), (), True)


@pytest.mark.parametrize(
    ("active", "generator"),
    [
        ({"claim_generator_info": [{"name": "API", "version": "1"}]}, "API 1"),
        ({"claim_generator": "make_test/0.1 c2pa-rs/0.2"}, "make_test/0.1 c2pa-rs/0.2"),
        ({"claim_generator_info": [], "claim_generator": "old"}, "old"),
        ({"claim_generator_info": "x"}, ""),
    ],
)
def test_the_generator_is_told(active: dict[str, Any], generator: str) -> None:
    assert _told(active=active).generator == generator


def test_a_strangers_words_are_cut() -> None:
    long = "x" * 10_000
    many = [{"action": f"a{number}", "softwareAgent": f"b{number}"} for number in range(1_000)]

    manifest = _told(
        active={**_acting(*many), "signature_info": {"issuer": long, "common_name": long}},
        bad=tuple(f"assertion.{number}" for number in range(1_000)),
    )
    assert len(manifest.signer) == len(manifest.common_name) == LETTERS_AT_MOST
    names = (manifest.agents, manifest.actions, manifest.failures)
    assert [len(each) for each in names] == [NAMES_AT_MOST] * 3


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"active_manifest": None},
        {"active_manifest": "a"},
        {"active_manifest": "a", "manifests": []},
        {"active_manifest": "a", "manifests": {"a": "b"}},
        {"active_manifest": ["a"], "manifests": {"a": {"x": 1}}},
    ],
)
def test_without_an_active_manifest_nothing_is_told(document: dict[str, Any]) -> None:
    assert manifest_told(document, checked=True) is None


def test_words_of_any_shape_are_taken() -> None:
    odd: list[Any] = [None, 7, "x", [], {}, [None], [{}], {"a": None}]
    names = ("signature_info", "assertions", "ingredients", "claim_generator_info")
    for shape in odd:
        active = dict.fromkeys(names, shape) | {"label": "a"}
        document = {
            "active_manifest": "a",
            "manifests": {"a": active},
            "validation_results": {"activeManifest": shape, "ingredientDeltas": shape},
        }
        manifest = manifest_told(document, checked=True)
        assert manifest is not None
        assert not manifest.genuine
