"""What was asked for, as somebody types it: `size=1024x1024,quality=high,n=1`."""

from collections.abc import Mapping, Sequence

from harness.core.errors import UsageError, nearest
from harness.core.jsonvalue import Json
from harness.spec.provider import Argument, Operation, Provider

FLAG = "--asked"
_FORMATS = {"jpg": "jpeg"}
_AUTO = "auto"


def read_asked(texts: Sequence[str], operation: Operation) -> dict[str, Json]:
    """Return the arguments of `NAME=VALUE,...`, by the parameters of an operation.

    Raises UsageError for a text of another form, an unknown parameter, and a value that the
    parameter cannot have, each with what to write.
    """
    asked: dict[str, Json] = {}
    for pair in (pair for text in texts for pair in text.split(",") if pair.strip()):
        name, equals, content = (part.strip() for part in pair.partition("="))
        name = name.replace("-", "_")
        if not equals or not content:
            raise UsageError(f"{FLAG} {pair}: write NAME=VALUE", hint="size=1024x1024,quality=high")
        argument = operation.arguments.get(name)
        if argument is None:
            near = nearest(name, operation.arguments)
            known = f"did you mean {near}?" if near else f"one of {', '.join(operation.arguments)}"
            raise UsageError(f"{FLAG} {pair}: unknown parameter {name!r}", hint=known)
        if name in asked:
            raise UsageError(f"{FLAG} {pair}: {name} is given twice")
        asked[name] = _value(pair, argument, _FORMATS.get(content, content))
    checked(asked, operation)
    return asked


def _value(pair: str, argument: Argument, text: str) -> Json:
    if argument.type == "boolean":
        if text.lower() not in {"true", "false"}:
            raise UsageError(f"{FLAG} {pair}: write true or false")
        return text.lower() == "true"
    if argument.type == "integer":
        try:
            return int(text)
        except ValueError:
            raise UsageError(f"{FLAG} {pair}: write a whole number") from None
    return text


def checked(asked: Mapping[str, Json], operation: Operation) -> None:
    """Raise UsageError for a size, quality or format that could not be compared with any image."""
    size = asked.get("size")
    if size is not None and size != _AUTO and operation.size_px(asked) is None:
        raise UsageError(f"{FLAG} size={size}: no size", hint="write WIDTHxHEIGHT, as 1024x1024")
    for name in ("quality", "output_format"):
        argument = operation.arguments.get(name)
        words = argument.one_of.values if argument is not None and argument.one_of else ()
        given = asked.get(name)
        if given is not None and words and given not in words:
            listed = ", ".join(str(word) for word in words)
            raise UsageError(f"{FLAG} {name}={given}: not known", hint=f"one of {listed}")


def operation_of(provider: Provider, asked: Sequence[str]) -> Operation:
    """Return the operation whose parameters are meant: to generate, if it has all of them."""
    names = [pair.partition("=")[0].strip() for text in asked for pair in text.split(",")]
    kinds = (*provider.meant("generate"), *provider.meant("edit"), *provider.operations)
    operations = [provider.operation(name) for name in dict.fromkeys(kinds)]
    return next(
        (one for one in operations if all(not name or name in one.arguments for name in names)),
        operations[0],
    )
