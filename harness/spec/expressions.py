"""Where a number is written, and expressions into a reply's body; checked when a TOML loads."""

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, Self

import jmespath
from jmespath.exceptions import JMESPathError, ParseError
from jmespath.functions import Functions
from jmespath.parser import ParsedResult
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    PlainSerializer,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from harness.core.jsonvalue import Json
from harness.spec.quotes import LONGEST, QUOTED_AT

Status = Literal["documented", "undocumented", "contradictory"]
"""`documented` is judged; the other two are only observed."""


class NotAmong(ValueError):  # noqa: N818 - named as it reads where it is raised
    """A name that is none of those that may stand there; who reports it can name the nearest."""

    def __init__(self, reason: str, given: str, allowed: Iterable[str]) -> None:
        super().__init__(reason)
        self.given = given
        self.allowed = tuple(allowed)


class Frozen(BaseModel):
    """A value read from a TOML: immutable, and strict about keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class OrOne:
    """Lets the schema of a list say that one item may stand for it; the models make it a list."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        whole = handler(schema)
        return {"anyOf": [whole["items"], whole]}


class Misspelt(ValueError):  # noqa: N818 - named as it reads where it is raised
    """A text that cannot be read, with what was probably meant; nothing where nobody can know."""

    def __init__(self, reason: str, write: str) -> None:
        super().__init__(reason)
        self.write = write


class Document(Frozen):
    """A text that promises something: `file` is its name among the seeds or facts."""

    file: str
    """The document's name: a file, or the address of a page, as sources should cite it:
    `file = "https://acme.test/docs"`."""
    title: str
    """What the document is called: `title = "Acme API reference"`."""


class Source(Frozen):
    """The place of a promise: the document's file name and the section in it."""

    document: str
    section: str

    def __str__(self) -> str:
        return f"{self.document}: {self.section}"


def _parse_source(value: object, info: ValidationInfo) -> object:
    """Read `"seed: Size Constraints"` with the TOML's own table of documents."""
    if not isinstance(value, str):
        return value
    key, colon, section = value.partition(": ")
    documents = (info.context or {}).get("documents", {})
    if not colon or not section.strip():
        raise ValueError(f"{value!r} names no section; write 'document: section'")
    if key not in documents:
        raise NotAmong(f"{key!r} is not among the documents of this file", key, documents)
    return {"document": documents[key], "section": section.strip()}


Cited = Annotated[
    Source,
    BeforeValidator(_parse_source),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "format": "source", "pattern": r": +\S"}),
]
"""A `Source`, written in TOML as `"<key in [documents]>: <section>"`."""


Quote = Annotated[str, StringConstraints(max_length=LONGEST)]
"""What a document says, in its own words; nothing where it is not quoted."""


class Quoted(Frozen):
    """What has a source, and may quote it."""

    quote: Quote = ""
    """What the source says there, word for word, in 300 characters at most; nothing where it is
    silent: `quote = "| n | integer | 1-4 |"`."""

    @model_validator(mode="after")
    def _quotes_what_it_cites(self) -> Self:
        for cites, quote in QUOTED_AT.items():
            if getattr(self, quote, "") and getattr(self, cites, None) is None:
                raise ValueError(f"{quote} goes together with {cites}")
        return self


class Sourced(Quoted):
    """What a document says, with its place and its words.

    `second_source` is what else says so, `note` what is unclear.
    """

    source: Cited
    """Where the document says so: a key of [documents], a colon and the section:
    `source = "page: Parameters"`."""
    second_source: Cited | None = None
    """What else says so: `second_source = "page: Questions and answers"`."""
    second_quote: Quote = ""
    """What that says, word for word: `second_quote = "You can ask for up to four images."`."""
    note: str = ""
    """What is unclear, in your own words: `note = "the page says 10, the SDK 4"`."""


class Promise(Sourced):
    """What a document says, and how sure that is."""

    status: Status = "documented"
    """Whether the documents say so for sure; what is not `documented` is only observed, never
    judged: `status = "undocumented"`."""


_KEYS = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)


class Expression:
    """A JMESPath expression into a JSON body, compiled once."""

    __slots__ = ("_compiled", "_keys", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._compiled: ParsedResult = jmespath.compile(text)
        self._keys = text.split(".") if _KEYS.fullmatch(text) else ()

    def search(self, document: Json) -> Json:
        """Return what the expression finds, or None where it does not fit the body."""
        if self._keys:  # most expressions: no interpreter has to be asked
            for key in self._keys:
                document = document.get(key) if isinstance(document, dict) else None
            return document
        try:
            result: Json = self._compiled.search(document)
        except JMESPathError:  # a hostile body may make a function's argument the wrong type
            return None
        return result

    @property
    def parsed(self) -> Mapping[str, Any]:
        """The expression as nodes: each has a `type`, its `children`, and often a `value`."""
        parsed: Mapping[str, Any] = self._compiled.parsed
        return parsed

    def functions(self) -> Iterator[str]:
        """Name the functions that the expression calls: a misspelt one fails only when called."""
        yield from _called(self.parsed)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


def _called(node: Mapping[str, Any]) -> Iterator[str]:
    if node["type"] == "function_expression":
        yield str(node["value"])
    for child in node["children"]:
        if isinstance(child, Mapping):
            yield from _called(child)


def _compile(value: object) -> object:
    if isinstance(value, Expression):
        return value
    if not isinstance(value, str):
        raise ValueError("write a JMESPath expression as a string")  # noqa: TRY004 - pydantic's way
    try:
        with warnings.catch_warnings(action="error"):  # a deprecated literal is a mistake, too
            expression = Expression(value)
        unknown = sorted(set(expression.functions()) - set(Functions.FUNCTION_TABLE))
    except JMESPathError as error:
        reason = f"{value!r} is no JMESPath expression: {_cause(value, error)}"
        raise Misspelt(reason, _meant(value)) from None
    except PendingDeprecationWarning as error:
        raise ValueError(f"{value!r} is deprecated: {' '.join(str(error).split())}") from None
    except (RecursionError, ValueError):  # nested too deep, or an index of thousands of digits
        raise ValueError(f"{value[:40]!r}... is too large for an expression") from None
    if unknown:
        reason = f"{value!r} calls {', '.join(unknown)}, which JMESPath does not have"
        raise NotAmong(reason, unknown[0], Functions.FUNCTION_TABLE)
    return expression


def _meant(text: str) -> str:
    """Return an expression without the slips that `_cause` knows; nothing if that is no better."""
    meant = re.sub(r"^\s*\$\.?", "", text)
    meant = re.sub(r'(?<![\w"-])[A-Za-z_]\w*(?:-\w+)+(?![\w"-])', r'"\g<0>"', meant)
    try:
        jmespath.compile(meant)
    except (JMESPathError, ValueError, RecursionError):
        return ""
    return meant if meant != text else ""


def _cause(text: str, error: JMESPathError) -> str:
    """Say why the library does not read an expression, and what people usually meant by it."""
    if text.lstrip().startswith("$"):
        return "this is JSONPath; leave out '$.' at its beginning"
    if re.search(r"\w-\w", text):
        return "a key with other signs than letters, digits and _ stands in double quotes"
    if isinstance(error, ParseError):
        place = f"unexpected {error.token_value!r} in column {error.lex_position + 1}"
        return place if error.token_value else "it ends too early"
    return " ".join(str(error).split())  # the library draws a marker under the text


Compiled = Annotated[
    Expression,
    BeforeValidator(_compile),
    PlainSerializer(lambda e: e.text),
    WithJsonSchema({"type": "string", "format": "jmespath", "minLength": 1}),
]
"""A JMESPath expression, compiled when the TOML loads."""


def _pattern(value: str) -> str:
    try:
        with warnings.catch_warnings(action="error"):
            re.compile(value)
    except (re.error, RecursionError, OverflowError, FutureWarning, DeprecationWarning) as error:
        raise ValueError(f"{value!r} is no regular expression: {error}") from None
    return value


Pattern = Annotated[
    str, AfterValidator(_pattern), WithJsonSchema({"type": "string", "format": "regex"})
]
"""A regular expression, checked when the TOML loads."""

Paths = tuple[Compiled, ...]
"""Several expressions in order of preference, for where documents disagree."""


def first_match(paths: Paths, document: Json) -> Json:
    """Return what the first fitting expression finds: anything but None and the empty list."""
    for path in paths:
        result = path.search(document)
        if result is not None and result != []:
            return result
    return None
