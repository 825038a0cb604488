"""Fields of a request that no document names."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from harness.core.jsonvalue import Json
from harness.spec.provider import Operation
from harness.spec.rules import Choice
from harness.spec.rules.body import UnknownFields

_FIELDS = ("harness_field", "harnessField", "harness-field", "x_harness", "unknown_harness")
_CONTENTS: tuple[Json, ...] = ("x", 1, True, ["x"], {"value": "x"})


def stray_fields(
    rule: UnknownFields, operation: Operation
) -> tuple[tuple[str, SearchStrategy[Choice]], ...]:
    """Return fields that nobody has, and such as a misspelling of a known one makes."""
    wires = {wire for one in operation.arguments.values() for wire in (*one.places, *one.also)}
    known = [wire.rpartition(".")[2].removesuffix("[]") for wire in wires]
    slips = tuple(
        slip
        for name in sorted(set(known))
        for slip in (f"{name}_x", f"{name}_harness")
        if slip not in known
    )
    return (("invented", _stray(rule, _FIELDS)), ("misspelled", _stray(rule, slips)))


def _stray(rule: UnknownFields, fields: tuple[str, ...]) -> SearchStrategy[Choice]:
    drawn = st.builds(
        lambda field, content: {rule.place(field): content},
        st.sampled_from(fields),
        st.sampled_from(_CONTENTS),
    )
    return drawn.map(lambda value: Choice(value=value, slug="drawn"))
