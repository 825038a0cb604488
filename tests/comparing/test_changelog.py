"""What moved between two TOMLs, in sentences: any leaf, and the ones that people move."""

import tomllib

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from harness.comparing.changelog import Changelog, changelog
from harness.comparing.wording import names
from harness.spec.catalogue import shipped_catalogue
from harness.spec.load import parse_provider
from harness.spec.provider import Provider
from tests.comparing.mutated import Mutation, leaves, mutations, written

SHIPPED = shipped_catalogue()
TABLES = {name: tomllib.loads(entry.text) for name, entry in SHIPPED.items()}
PATHS = {name: [*leaves(tables)] for name, tables in TABLES.items()}


def _told_of(mutation: Mutation, log: Changelog) -> bool:
    """Tell whether a sentence names the key, or its parameter, and both values of a plain leaf."""
    keys = [str(name) for name in mutation.path if not isinstance(name, int)]
    keys = ["price" if key == "prices" else "most" if key == "at_most" else key for key in keys]
    tail = [*keys[:1], *keys[-3:]] + (
        [keys[3]] if keys[:1] == ["operations"] and len(keys) > 3 else []
    )
    plain = [each for each in (mutation.was, mutation.now) if isinstance(each, bool | int | float)]
    return any(
        any(key in told.sentence for key in tail)
        and all(names(told.sentence, each) for each in plain)
        for told in log.told
    )


@pytest.mark.parametrize("name", SHIPPED)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data())
def test_any_leaf_that_moves_makes_a_sentence(name: str, data: st.DataObject) -> None:
    mutation = data.draw(mutations(TABLES[name], PATHS[name]))
    assume(isinstance(parse_provider(mutation.tables), Provider))
    log = changelog(written(TABLES[name]), written(mutation.tables))

    assert _told_of(mutation, log), (mutation.path, mutation.was, mutation.now, log.told)
    assert all(told.sentence.isprintable() for told in log.told)
