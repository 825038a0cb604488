"""Made-up keys and the rule that a key is required."""

import re
import tomllib
from typing import get_args

import pytest

from harness.core.exchange import Credential
from harness.spec.auth import Auth
from harness.spec.credentials import (
    IN_WORDS,
    KEY_REQUIRED,
    constraint_of,
    key_constraint,
    key_headers,
    made_up_key,
    refusal_statuses,
)
from harness.spec.load import parse_provider
from harness.spec.provider import Provider
from tests.shipped import NAMES, shipped_provider
from tests.spec.small import TOML

OTHERS: list[Credential] = [one for one in get_args(Credential) if one != "own"]


def parsed(text: str) -> Provider:
    found = parse_provider(tomllib.loads(text))
    assert isinstance(found, Provider), found
    return found


def auth(**changes: str) -> Auth:
    return shipped_provider("sub2api").auth.model_copy(update=changes)


@pytest.mark.parametrize("name", NAMES)
def test_only_the_users_own_credential_holds_the_users_key(name: str) -> None:
    described = shipped_provider(name).auth
    secret = "the-users-own-key"  # noqa: S105 - nobody's

    assert key_headers(described, "own", secret) == (
        (described.header, f"{described.prefix}{secret}"),
    )
    for credential in OTHERS:
        assert secret not in str(key_headers(described, credential, secret))


@pytest.mark.parametrize("name", NAMES)
def test_every_credential_is_sent_in_another_way(name: str) -> None:
    described = shipped_provider(name).auth

    ways = {key_headers(described, credential, "own") for credential in OTHERS}

    assert len(ways) == len(OTHERS) == len(IN_WORDS) - 1
    assert () in ways


@pytest.mark.parametrize(
    "shape", ["sk-[A-Za-z0-9_-]{20,}", "afk_[A-Za-z0-9]{32}", "[0-9a-f]{64}", "k[a-z]{5}x?", ""]
)
def test_a_made_up_key_has_the_shape_of_the_providers_keys_where_one_can_be_made(
    shape: str,
) -> None:
    key = made_up_key(auth(key_shape=shape))

    assert key == made_up_key(auth(key_shape=shape))
    assert key.isascii()
    assert len(key) >= 20
    if shape != "k[a-z]{5}x?":
        assert not shape or re.fullmatch(shape, key)
    if "f]{64}" not in shape:
        assert "harness" in key


@pytest.mark.parametrize("name", NAMES)
def test_a_key_of_another_provider_has_not_the_shape_of_this_ones(name: str) -> None:
    described = shipped_provider(name).auth
    ((_, foreign),) = key_headers(described, "foreign", "")

    key = foreign.removeprefix(described.prefix)
    assert not described.key_shape or re.fullmatch(described.key_shape, key) is None


def test_the_scheme_is_another_one_where_the_documents_name_basic() -> None:
    (pair,) = key_headers(auth(prefix="Basic "), "other_scheme", "")

    assert pair[0] == "Authorization"
    assert pair[1].startswith("Bearer ")


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_document_says_that_a_key_is_needed(name: str) -> None:
    provider = shipped_provider(name)
    constraint = constraint_of(provider, provider.operation("generate"), KEY_REQUIRED)

    assert constraint == key_constraint(provider)
    assert constraint is not None
    assert constraint.documented
    shown = dict.fromkeys(("buble", "apiframe", "aimlapi", "openai"), (401, 403))
    assert refusal_statuses(provider) == shown.get(name, ())


def test_a_toml_without_the_rule_promises_what_its_requests_show() -> None:
    constraint = key_constraint(parsed(TOML))

    assert (constraint.documented, str(constraint.rule.source)) == (True, "page.txt: Start")
    assert refusal_statuses(parsed(TOML)) == ()


def test_a_toml_may_say_otherwise_and_name_statuses() -> None:
    rule = 'required = { status = "undocumented", refused_with = [419], source = "page: Start" }'
    provider = parsed(TOML.replace('env = "SMALL_API_KEY"', f'env = "SMALL_API_KEY"\n{rule}'))

    assert not key_constraint(provider).documented
    assert refusal_statuses(provider) == (419, 401, 403)
