"""What moved between two TOMLs, in sentences: any leaf, and the ones that people move."""

import tomllib

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from harness.comparing.documents.changelog import changelog
from harness.spec.catalogue import shipped_catalogue
from harness.spec.load import parse_provider
from harness.spec.provider import Provider
from tests.comparing.mutated import alternatives, at, is_told, leaves, mutated, written

SHIPPED = shipped_catalogue()
TABLES = {name: tomllib.loads(entry.text) for name, entry in SHIPPED.items()}
PATHS = {name: [*leaves(tables)] for name, tables in TABLES.items()}


@pytest.mark.parametrize("name", SHIPPED)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data())
def test_any_leaf_that_moves_makes_a_sentence(name: str, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(PATHS[name]))
    now = data.draw(st.sampled_from(alternatives(at(TABLES[name], path))))
    mutation = mutated(TABLES[name], path, now)
    assume(isinstance(parse_provider(mutation.tables), Provider))
    log = changelog(written(TABLES[name]), written(mutation.tables))

    assert is_told(mutation, log), (mutation, log.told)
    assert all(told.sentence.isprintable() for told in log.told)


APIFRAME = SHIPPED["apiframe"].text

SENTENCES = {
    ("characters = 2000", "characters = 32_000"): (
        "prompt of generate: has at most 32,000 characters, was 2,000"
    ),
    (
        "min = 1, max = 10",
        "min = 1, max = 4",
    ): "n of edit: is between 1 and 4, was between 1 and 10",
    ('["auto", "low", "medium", "high"]', '["auto", "low", "medium", "high", "ultra"]'): (
        'quality of generate: "ultra" is added to one_of.values '
        "(is one of auto, low, medium, high, ultra)"
    ),
    ('["auto", "low", "medium", "high"]', '["auto", "low", "high"]'): (
        'quality of generate: "medium" is removed from one_of.values (is one of auto, low, high)'
    ),
    ('quality = "low" }, amount = 4', 'quality = "low" }, amount = 5'): (
        "price of quality=low: 5 credit, was 4"
    ),
    ('  { when = { quality = "auto" }, amount = 23 },\n', ""): (
        "price of quality=auto is gone, was 23 credit an image"
    ),
    ('path = "/v2/images/generate"', 'path = "/v3/images"'): (
        'endpoint (path) of generate: "/v3/images", was "/v2/images/generate"'
    ),
    ('header = "X-API-Key"', 'header = "X-Key"'): 'auth header: "X-Key", was "X-API-Key"',
    (
        'default = "webp"',
        'default = "png"',
    ): 'default of output_format of generate: "png", was "webp"',
    ('base_url = "https://api.apiframe.ai"', 'base_url = "https://a.test"'): (
        'base_url: "https://a.test", was "https://api.apiframe.ai"'
    ),
    ("status = [402] }", "status = [403] }"): "errors classes quota, 402 status: 403, was 402",
    ("integer = { source", 'integer = { status = "undocumented", source'): (
        'integer status of n of generate: "undocumented", was "documented" '
        "(n is a whole number: only observed now)"
    ),
    ("levels = { low = 16", "levels = { low = 17"): "model tokens levels low: 17, was 16",
    ("default = 1\ninteger = {", "default = 1\nnullable = {"): (
        "n of generate: may be null, which leaves it out (nullable is new)"
    ),
    ("default = 1\ninteger = {", "default = 1\nnumber_ = {"): (
        "n of generate: integer is gone, it said: is a whole number"
    ),
    ("seed: Quick start", "seed: Overview"): (
        "base_url_source of the provider, auth, auth required and 1 more: "
        '"002_c0d23a45f875fe85.txt: Overview", was "002_c0d23a45f875fe85.txt: Quick start"'
    ),
}


@pytest.mark.parametrize("moved", SENTENCES, ids=lambda pair: pair[1][:40])
def test_what_people_move_is_said_as_a_changelog_says_it(moved: tuple[str, str]) -> None:
    before, after = moved
    assert before in APIFRAME
    told = [each.sentence for each in changelog(APIFRAME, APIFRAME.replace(before, after)).told]

    assert SENTENCES[moved] in told


def test_layout_comments_and_quotes_make_no_sentence() -> None:
    quoted = APIFRAME.replace('quote = "Pricing - Pay-as-you-go"', 'quote = "Pricing"')
    assert quoted != APIFRAME

    assert changelog(APIFRAME, f"# of today\n\n{quoted}").told == ()
    assert changelog(APIFRAME, APIFRAME).told == ()


def test_what_is_written_otherwise_and_means_the_same_is_told_and_moves_no_promise() -> None:
    explicit = APIFRAME.replace('protocol = "job"', 'protocol = "job"\nmethod = "POST"', 1)
    log = changelog(APIFRAME, explicit)

    assert [each.sentence for each in log.told] == ['method of generate is new: "POST"']
    assert not log.promises


def test_a_parameter_and_an_operation_that_come_are_described_and_those_that_go() -> None:
    added = written(
        TABLES["apiframe"]
        | {
            "operations": TABLES["apiframe"]["operations"]
            | {"again": {"extends": "generate", "title": "Again", "path": "/v2/again"}}
        }
    )
    (new,) = changelog(APIFRAME, added).told
    (gone,) = changelog(added, APIFRAME).told

    assert new.sentence.startswith("operation again is new: POST /v2/again with prompt, model")
    assert gone.sentence.startswith("operation again is gone, was POST /v2/again with prompt")
    assert ("again", "n.range") in new.promises == gone.promises


def test_a_rule_moves_its_own_promise_and_a_price_that_of_charges() -> None:
    narrowed = changelog(APIFRAME, APIFRAME.replace("min = 1, max = 10", "min = 1, max = 4"))
    dearer = changelog(APIFRAME, APIFRAME.replace("amount = 9", "amount = 10"))
    noted = changelog(APIFRAME, APIFRAME.replace('note = "number, step 1"', 'note = "step 1"'))

    assert narrowed.promises == {("generate", "n.range"), ("edit", "n.range")}
    assert {name for _, name in dearer.promises} == {"charges_the_list_price"}
    assert noted.told
    assert not noted.promises


def test_tomls_of_a_vocabulary_that_is_unknown_here_are_compared_by_their_keys() -> None:
    later = APIFRAME.replace("interval_s = ", "pace_s = ")
    assert later != APIFRAME
    told = [each.sentence for each in changelog(APIFRAME, later).told]

    assert any(sentence.startswith("job pace_s of generate is new: ") for sentence in told)


def test_foreign_text_stays_on_one_line_and_two_long_texts_are_told_apart() -> None:
    long = "x" * 400
    odd = APIFRAME.replace('title = "Apiframe"', f'title = "a\\nb\\u202ec{long}1"')
    other = APIFRAME.replace('title = "Apiframe"', f'title = "a\\nb\\u202ec{long}2"')
    (told,) = changelog(odd, other).told
    assert told.sentence.isprintable()

    after, before = told.sentence.removeprefix("title: ").split(", was ")
    assert after != before
    assert len(told.sentence) < 400
