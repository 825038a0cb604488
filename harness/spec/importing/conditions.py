"""What a schema says of two properties together, as `only_with` and `never_with`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.core.jsonvalue import Json
from harness.spec.importing.bodies import Body
from harness.spec.importing.document import Node
from harness.spec.importing.names import Table, cited
from harness.spec.importing.replies import EACH, Spot, spots
from harness.spec.importing.shapes import Reader, Shape
from harness.spec.rules.base import array, toml_table
from harness.spec.rules.values import member


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Beside `own` values of one place, another place's value has to fit."""

    own: str
    own_shape: Shape | None
    other: str
    other_spot: Spot
    at: str


def conditional_rules(
    reader: Reader, body: Body, named: Mapping[str, str], tables: Mapping[str, Table]
) -> None:
    """Put the rules about two arguments into their tables; `named` is the argument at a place."""
    for condition in _conditions(reader, body):
        name, partner = named.get(condition.own), named.get(condition.other)
        if name is None or partner is None:
            reader.notes.leave(condition.at, "a condition on what is no argument is left out")
            continue
        made = _rule(condition, partner, tables[partner])
        if made is None or made[0] in tables[name] or not _agrees(made[1], tables[partner]):
            reader.notes.leave(condition.at, f"no rule says what {name} asks of {partner}")
        else:
            kind, rule = made
            tables[name][kind] = rule


def _agrees(rule: Table, partner: Table) -> bool:
    """Tell whether the values of a rule are such as the other argument may have."""
    values = [*array(rule.get("values")), *array(rule.get("when")), *array(rule.get("unless"))]
    listed = array(toml_table(partner.get("one_of")).get("values"))
    named = array(rule.get("values"))
    plain = all(isinstance(value, str | bool | int | float) for value in values)
    return plain and (not listed or all(member(value, listed) for value in named))


def _conditions(reader: Reader, body: Body) -> Iterator[Condition]:
    for prefix, shape in body.shapes.items():
        for key, node in shape.dependent.items():
            own = f"{prefix}.{key}" if prefix else key
            for other, spot in _leaves(reader, node, prefix):
                yield Condition(own=own, own_shape=None, other=other, other_spot=spot, at=node.at)
        for node in shape.conditions:
            asked = list(_leaves(reader, node["if"], prefix))
            then = list(_leaves(reader, node["then"], prefix)) if "then" in node else []
            if len(asked) != 1 or len(then) != 1 or "else" in node or not asked[0][1].required:
                reader.notes.leave(node.at, "no rule says this condition")
                continue
            (own, mine), (other, theirs) = asked[0], then[0]
            yield Condition(
                own=own, own_shape=mine.shape, other=other, other_spot=theirs, at=node.at
            )


def _leaves(reader: Reader, node: Node, prefix: str) -> Iterator[tuple[str, Spot]]:
    """Yield the places of a schema that ask something of a value."""
    for spot in spots(reader, reader.shape([node])):
        if not (spot.shape.properties or spot.shape.items or EACH in spot.path):
            place = ".".join(spot.path)
            yield (f"{prefix}.{place}" if prefix else place), spot


def _rule(condition: Condition, partner: str, other: Table) -> tuple[str, Table] | None:
    """Return the rule's kind and table; None where no kind says it."""
    source = cited(condition.at)
    shape = condition.other_spot.shape
    excluded, above = _excluded(shape), shape.number("maximum")
    if shape.values is not None:
        beside = _own_values(condition.own_shape, wanted=False)
        if beside is None:
            return None
        table: Table = {"argument": partner, "values": shape.values}
        kind, fits = "only_with", member(other.get("default"), shape.values)  # type: ignore[arg-type]
    elif excluded is not None or above is not None:
        beside = _own_values(condition.own_shape, wanted=True)
        if beside is None or (above is not None and int(above) != above):
            return None
        table = {"argument": partner}
        table |= {"values": excluded} if excluded else {}
        table |= {} if above is None else {"above": int(above)}
        kind, default = "never_with", other.get("default")
        too_much = above is not None and isinstance(default, int) and default > above
        fits = not (too_much or member(default, excluded or []))  # type: ignore[arg-type]
    else:
        return None
    agrees = "default" not in other or fits or condition.other_spot.required
    if not agrees:
        table |= {
            "status": "undocumented",
            "note": "allowed where the other is absent",
        }
    return kind, {**table, **beside, "source": source}


def _excluded(shape: Shape) -> list[Json] | None:
    rejected = shape.said.get("not")
    match rejected.value if rejected else None:
        case {"enum": list(values)} if len(rejected.value) == 1:  # type: ignore[union-attr,arg-type]
            return values
        case _:
            return None


def _own_values(own: Shape | None, *, wanted: bool) -> Table | None:
    """Return for which own values a rule holds; None where it cannot say them."""
    if own is None:
        return {}
    if own.values is not None:
        return {"when": own.values} if wanted else None
    excluded = _excluded(own)
    if excluded is not None:
        return None if wanted else {"unless": excluded}
    return {}
