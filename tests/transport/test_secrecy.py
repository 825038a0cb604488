"""Planted secrets, live, recorded and judged; `tests/benchmarks/planted_secrets.py` plants more."""

import random
from pathlib import Path

import pytest

from harness.transport.redaction import Redactor
from tests.secrecy.checking import leaks
from tests.secrecy.living import judged, live
from tests.secrecy.planting import (
    DATA_SPELLINGS,
    PERSONAL,
    SIGNED,
    SPELLINGS,
    key,
    secret_values,
)

NAME = "SUB2API_API_KEY"
AROUND = ("{}", "the key {} is wrong", "https://h.io/x?a={}&b=1", '{{"k": "{}"}}')


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_known_key_is_cut_out_of_every_spelling(spelling: str) -> None:
    for seed, around in enumerate(AROUND):
        secret = key(random.Random(seed))
        text = around.format(SPELLINGS[spelling](secret))

        clean = Redactor({NAME: secret}).known(text)

        assert leaks({"text": text.encode()}, [secret]), "the reader cannot read this spelling"
        assert leaks({"clean": clean.encode("utf-8", "replace")}, [secret]) == []
        assert f"<{NAME}>" in clean


@pytest.mark.parametrize("spelling", DATA_SPELLINGS)
@pytest.mark.parametrize("name", PERSONAL)
def test_personal_data_is_cut_out_by_its_shape(name: str, spelling: str) -> None:
    secret = PERSONAL[name](random.Random(len(spelling)))
    text = f"see {SPELLINGS[spelling](secret)} there"

    clean = Redactor({}).known(text)

    assert leaks({"text": text.encode()}, [secret]), "the reader cannot read this spelling"
    assert leaks({"clean": clean.encode()}, [secret]) == []
    assert clean.startswith("see ")
    assert clean.endswith(" there")


@pytest.mark.parametrize("name", SIGNED)
def test_a_signed_address_is_recorded_without_its_signature_and_still_works(name: str) -> None:
    query = SIGNED[name](random.Random(3))
    address = f"https://files.example.io/a/b.png?w=1024&{query}"
    redactor = Redactor({})

    clean = redactor.known(address)

    assert clean.startswith("https://files.example.io/a/b.png?w=1024&")
    assert leaks({"clean": clean.encode()}, secret_values(query)) == []
    assert redactor.real(clean) == address
    assert redactor.known(clean) == clean
    assert Redactor({}).lost(clean), "another process has no such address any more"
    assert not redactor.lost(clean)


def test_a_live_run_and_its_recording_hold_no_planted_secret(tmp_path: Path) -> None:
    outcome = live(tmp_path, seed=1, images=9)

    assert outcome.leaks == []
    assert outcome.planted > 500
    assert outcome.echo.fetched == len(outcome.echo.addresses) > 0, outcome.output
    assert outcome.code in (1, 4), outcome.output
    assert "Traceback" not in outcome.output
    assert "recorded sub2api" in outcome.output


@pytest.mark.parametrize("kind", ["har", "vcrpy", "ruby"])
def test_a_judged_recording_leaves_no_secret(tmp_path: Path, kind: str) -> None:
    outcome = judged(tmp_path / "run", seed=2, kind=kind, count=4)

    assert outcome.leaks == []
    assert outcome.planted > 200
    assert outcome.code in (0, 1), outcome.output
    assert "4 exchanges of sub2api" in outcome.output
