import re
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from harness.spec.catalogue import shipped_catalogue
from harness.spec.expressions import Expression
from harness.spec.reply_places import where


def expressions(content: object) -> Iterator[Expression]:
    """Yield every expression that a value of the vocabulary holds."""
    match content:
        case Expression():
            yield content
        case BaseModel():
            for name in type(content).model_fields:
                yield from expressions(getattr(content, name))
        case dict():
            for inner in content.values():
                yield from expressions(inner)
        case list() | tuple():
            for inner in content:
                yield from expressions(inner)
        case _:
            return


SHIPPED = sorted({one.text for one in expressions(dict(shipped_catalogue().providers))})
OURS = re.compile(r"\[\*\]|\[\?|\||&&|==|!|`|@|\(@|keys\(|\[[^\]\d-]")
"""What JMESPath writes and no reader of a reply does."""


def test_the_shipped_providers_have_expressions() -> None:
    assert len(SHIPPED) > 50
    assert any(OURS.search(text) for text in SHIPPED)


@pytest.mark.parametrize("text", SHIPPED)
def test_no_expression_of_a_shipped_provider_stands_in_its_words(text: str) -> None:
    words = where([Expression(text)])

    assert not OURS.search(words)
    named = set(re.findall(r"[A-Za-z_]\w*", re.sub(r" or |\(.*?\)", " ", words)))
    assert named
    assert named <= set(re.findall(r"[A-Za-z_]\w*", text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("data.url", "data.url"),
        ("[data.url][]", "data.url"),
        ("[data.url, data[*].url][] | [?type(@)=='string']", "data.url or data[].url"),
        ("data[*].[b64_json || url][]", "data[].b64_json or data[].url"),
        ("result.images[*].[url || @][]", "result.images[].url or result.images[]"),
        ("output[?type=='x'].size | [0]", 'output[].size (type "x")'),
        ("details && keys(details)[0]", "details"),
        ("error && !jobId && !id", "error"),
        ("error || (code && message && !data)", "error or message"),
        ("code != `0`", "code"),
        ("data[].url", "data[].url"),
        ("tags[*].items[]", "tags[].items[]"),
        ("[0].error || error", "[0].error or error"),
        ("detail[*].loc[-1]", "detail[].loc[-1]"),
        ("data | [0].url", "data[0].url"),
        ("data[*].url | [0]", "data[].url"),
        ("sort_by(made, &at)[0].url", "made[].url"),
        ("by_name.*.url", "by_name.*.url"),
        ("images[:2].url", "images[].url"),
        ("a.{x: b, y: c}", "a.b or a.c"),
        ('"odd key".url', '"odd key".url'),
        ("a[?b.c=='x' && d].e", "a[].e"),
        ("@", "the whole reply"),
        ("`1`", "the whole reply"),
    ],
)
def test_an_expression_is_told_as_keys_of_the_reply(text: str, words: str) -> None:
    assert where([Expression(text)]) == words


def test_places_of_several_expressions_are_told_once_each() -> None:
    paths = [Expression("[data.url][]"), Expression("data[*].url"), Expression("data.url")]

    assert where(paths) == "data.url or data[].url"
