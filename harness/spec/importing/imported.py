"""A whole OpenAPI document as a provider's tables, in the order of a TOML."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from harness.core.errors import UsageError
from harness.spec.importing.document import Node, OpenApi
from harness.spec.importing.jobs import answer, json_schema
from harness.spec.importing.names import Table, cited, declared_name
from harness.spec.importing.notes import Notes
from harness.spec.importing.operations import Listed, chosen
from harness.spec.importing.quoting import Quoting
from harness.spec.importing.replies import errors_of
from harness.spec.importing.requests import Operations
from harness.spec.importing.security import auth_of
from harness.spec.importing.shapes import Reader

_ORDER = ("generate", "edit", "respond")
MOST_LETTERS = 40
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


def checked_provider_name(name: str) -> str:
    """Return a name for a provider; UsageError with the nearest that would do for any other."""
    if _NAME.fullmatch(name) and len(name) <= MOST_LETTERS:
        return name
    near = declared_name(name)[:MOST_LETTERS]
    raise UsageError(
        f"{name[:80]!r} is no name for a provider: small letters, digits and _, a letter first, "
        f"{MOST_LETTERS} at most",
        hint=f"{near} would do",
    )


def _address(url: str) -> tuple[str, str] | None:
    """Return the origin of an address and its path; an empty origin for a path alone."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not (url.isascii() and url.isprintable()) or parts.query or parts.fragment:
        return None
    if not parts.scheme and url.startswith("/") and not parts.netloc:
        return "", parts.path
    if parts.scheme not in ("http", "https") or not host:
        return None
    at = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{at}{'' if port is None else f':{port}'}", parts.path


@dataclass(slots=True, kw_only=True)
class Imported:
    """A provider's tables: the head, then each operation's; `notes` are what is not in them."""

    document: OpenApi
    head: Table
    operations: dict[str, Table]
    notes: Notes


@dataclass(slots=True)
class Import:
    """Reads one document; `where` picks one of several bodies by the value of a field."""

    document: OpenApi
    where: dict[str, str]
    notes: Notes = field(default_factory=Notes)
    prefix: str = ""

    @property
    def reader(self) -> Reader:
        """Reads schemas and notes what cannot be said."""
        return Reader(self.document, self.notes)

    def provider(self, name: str, wanted: Sequence[str]) -> Imported:
        """Return the tables of the provider, with the operations that are wanted.

        Raises UsageError for an operation that is not there, and for a hostile document.
        """
        listed = chosen(Reader(self.document, Notes()), wanted)
        head = self._head(name, listed)
        operations: dict[str, Table] = {}
        making = Operations(self.reader, self.where, self.prefix)
        for one in listed:
            making.put(operations, one)
        ordered = sorted(operations, key=lambda name: (*_ORDER, name).index(name))
        quoting = Quoting(self.document)
        return Imported(
            document=self.document,
            head=quoting.table(head),
            operations={name: quoting.table(operations[name]) for name in ordered},
            notes=self.notes,
        )

    def _head(self, name: str, listed: list[Listed]) -> Table:
        root = self.document.root
        title = " ".join((root["info"].text("title") or name).split())
        version = root["info"].text("version")
        base_url, at = self._server(listed[0])
        head: Table = {"name": name, "title": title}
        if base_url:
            head |= {"base_url": base_url, "base_url_source": cited(at)}
        else:
            self.notes.need("base_url", "the document names no address; say it, or use --base-url")
        form = f"OpenAPI {root.text('openapi')}"
        about = f"{title} {version}".strip()
        head["documents"] = {"openapi": {"file": self.document.file, "title": f"{about} ({form})"}}
        head["auth"] = auth_of(self.reader, name, [one.node for one in listed])
        head["timeouts"] = {
            "normal_s": 120,
            "large_s": 300,
            "source": cited("#/info"),
            "status": "undocumented",
            "note": "the document names none; these are the harness' own",
        }
        self.notes.need("timeouts", "how long a reply may take is not said")
        head["prices"] = {
            "unit": "image",
            "status": "undocumented",
            "source": cited("#/info"),
            "note": "the document names no price; every image counts as 1, so budgets count images",
            "rows": [{"amount": 1}],
        }
        self.notes.need("prices", "no price is said; budgets count images until you write it")
        head["errors"] = self._errors(listed)
        return head

    def _server(self, first: Listed) -> tuple[str, str]:
        """Return the first absolute address and where it stands; its path goes before all."""
        for holder in (first.node, first.shared, self.document.root):
            for server in holder["servers"].entries():
                url = server.text("url")
                for variable, said in server["variables"].members():
                    url = url.replace(f"{{{variable}}}", said.text("default"))
                found = _address(url)
                if found is not None:
                    origin, path = found
                    self.prefix = path.rstrip("/")
                    if origin:
                        return origin, server["url"].at
        return "", ""

    def _errors(self, listed: list[Listed]) -> Table:
        reader = self.reader
        refused: dict[str, Node] = {}
        for one in listed:
            for code, response in one.node["responses"].members():
                if re.fullmatch(r"[45](\d\d|XX)|default", code, re.IGNORECASE):
                    schema = json_schema(self.document, response)
                    if schema is not None:
                        refused.setdefault(self.document.follow(schema).at, schema)
        answers = [answer(self.document, one.node) for one in listed]
        served = [reader.shape([one[1]]) for one in answers if one is not None]
        found = errors_of(reader, refused.values(), served)
        if found is not None:
            return found
        self.notes.need(
            "errors", "no refusal is described; read as the usual ones, 'error' in them"
        )
        taken = any("error" in shape.properties for shape in served)
        return {
            "failed": "`false`" if taken else "error",
            "message": ["error.message", "message", "detail", "error"],
            "code": ["error.code", "error.type", "code"],
            "names_parameter": "undocumented",
            "shape": "undocumented",
            "source": cited(listed[0].node["responses"].at),
        }
