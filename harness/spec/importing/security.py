"""How a key travels, by the security schemes of a document."""

from collections.abc import Iterator

from harness.spec.importing.document import Node
from harness.spec.importing.names import Table, cited
from harness.spec.importing.shapes import Reader

AUTH_HEADERS = ("authorization", "x-api-key", "api-key", "x-goog-api-key", "xi-api-key")
"""Headers in which a key travels where they stand among an operation's parameters."""

_REFUSED = ("401", "403")


def auth_of(reader: Reader, name: str, operations: list[Node]) -> Table:
    """Return the table of the key; with a note where the document does not say how it travels."""
    env = f"{name.upper()}_API_KEY"
    ways = [found for found in _schemes(reader, operations[0]) if found is not None]
    if not ways:
        ways = list(_parameters(reader, operations[0]))
    if not ways:
        reader.notes.need("auth", "how the key travels is not said; read as a Bearer token")
        note = "the document does not say how the key travels"
        return {
            "header": "Authorization",
            "prefix": "Bearer ",
            "env": env,
            "source": cited("#/info"),
            "note": note,
        }
    first, *others = ways
    table: Table = {**first[0], "env": env, "source": cited(first[1])}
    if others:
        table["note"] = f"or in another way ({', '.join(at for _, at in others)})"
    wanted = _requirement(reader, operations[0])
    if any(requirement.value == {} for requirement in wanted.entries()):
        reader.notes.leave(wanted.at, "a request without a key may be served, too")
        return table
    refused = [
        int(code)
        for code in _REFUSED
        if any(code in operation["responses"] for operation in operations)
    ]
    required: Table = {"refused_with": refused} if refused else {}
    return {**table, "required": {**required, "source": cited(wanted.at)}}


def _requirement(reader: Reader, operation: Node) -> Node:
    return operation["security"] if "security" in operation else reader.document.root["security"]


def _schemes(reader: Reader, operation: Node) -> Iterator[tuple[Table, str] | None]:
    """Yield each scheme that is enough by itself, as the table's keys and a pointer."""
    components = reader.document.root["components"]["securitySchemes"]
    for requirement in _requirement(reader, operation).entries():
        names = [name for name, _ in requirement.members()]
        if len(names) != 1:
            if names:
                reader.notes.leave(requirement.at, "several keys at once are not sent")
            continue
        scheme = reader.document.follow(components[names[0]])
        if isinstance(scheme.value, dict):
            yield _scheme(reader, scheme)


def _scheme(reader: Reader, scheme: Node) -> tuple[Table, str] | None:
    kind, place = scheme.text("type"), scheme.text("in")
    if kind == "http" and scheme.text("scheme").lower() == "bearer":
        return {"header": "Authorization", "prefix": "Bearer "}, scheme.at
    if kind in ("oauth2", "openIdConnect"):
        return {"header": "Authorization", "prefix": "Bearer "}, scheme.at
    if kind == "apiKey" and place == "header" and scheme.text("name"):
        return {"header": scheme.text("name")}, scheme.at
    if kind == "apiKey" and place == "query" and scheme.text("name"):
        return {"query": scheme.text("name")}, scheme.at
    reader.notes.leave(scheme.at, f"no key travels so: {kind} {place or scheme.text('scheme')}")
    return None


def _parameters(reader: Reader, operation: Node) -> Iterator[tuple[Table, str]]:
    for entry in operation["parameters"].entries():
        parameter = reader.document.follow(entry)
        name = parameter.text("name")
        if parameter.text("in") == "header" and name.lower() in AUTH_HEADERS:
            bearer = name.lower() == "authorization"
            yield {"header": name, **({"prefix": "Bearer "} if bearer else {})}, parameter.at
