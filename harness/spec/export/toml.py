"""A provider as the text of a TOML, for one that was made in Python and has none."""

from harness.core.tomltext import key, value
from harness.spec.provider import Provider


def toml_of(provider: Provider) -> str:
    """Return a TOML that reads back as this provider; what has its default is left out.

    Documents are named by their files there: a promise's source says no other name.
    """
    tables = provider.model_dump(exclude_none=True, exclude_defaults=True, by_alias=True)
    tables["documents"] = {each["file"]: each for each in tables["documents"].values()}
    return "".join(f"{key(name)} = {value(content)}\n" for name, content in tables.items())
