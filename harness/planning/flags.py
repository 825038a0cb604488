"""How a choice is typed at a command line: a value beside the field that holds the choice."""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")

FLAG = "flag"
TOPIC = "topic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """The flag of a field; the field's type says what it takes, its default what holds without it.

    `spelling` is `--name`, or `--name/--no-name` for a switch that is on. `metavar` stands for the
    value in the help. A number is at least `least` (more than it, if `above`) and at most `most`;
    a text is one of `choices`, if there are any. A path is a `folder`. `read` makes the value from
    the text, or from all texts of a flag that may be repeated; it raises UsageError. `key` is the
    only name in a configuration of what does not go by its spelling there, `like` an example of
    what a configuration holds.
    """

    spelling: str
    help: str
    metavar: str | None = None
    least: float | None = None
    most: float | None = None
    above: bool = False
    choices: tuple[str, ...] = ()
    folder: bool = False
    repeatable: bool = False
    read: Callable[[Any], object] | None = None  # a text or texts in, the field's value out
    show_default: bool = False
    key: str = ""
    like: str = ""

    def typed(self, value: object) -> str:
        """Return the flag as it is typed to mean this value."""
        on, _, off = self.spelling.partition("/")
        return off if off and value is False else on


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A heading of the help over the flags of a group; the fields of `without` have none there.

    No configuration sets a group that is `typed_only`: it is said for one command.
    """

    heading: str
    without: tuple[str, ...] = ()
    typed_only: bool = False


def option(spelling: str, help: str, *, default: T, **more: Any) -> T:  # noqa: A002, ANN401 - as Flag's
    """Return a dataclass field with its default and its flag."""
    metadata = {FLAG: Flag(spelling=spelling, help=help, **more)}
    if isinstance(default, dict):  # each instance has its own
        return field(default_factory=partial(deepcopy, default), metadata=metadata)
    return field(default=default, metadata=metadata)


def topic(
    group: type[T], heading: str, *, without: tuple[str, ...] = (), typed_only: bool = False
) -> T:
    """Return a dataclass field for a group: the heading of its flags; `without` have none here."""
    about = Topic(heading=heading, without=without, typed_only=typed_only)
    return field(default_factory=group, metadata={TOPIC: about})


def given(group: "DataclassInstance") -> tuple[str, ...]:
    """Return the flags of a group that do not say what their defaults say, as they are typed."""
    flags = []
    for spec in fields(group):
        default = spec.default if spec.default_factory is MISSING else spec.default_factory()
        value = getattr(group, spec.name)
        if FLAG in spec.metadata and value != default:  # 0 is no default: it was given
            flags.append(spec.metadata[FLAG].typed(value))
    return tuple(flags)


def flagged(choices: "type[DataclassInstance]") -> "Iterator[tuple[Field[Any], Field[Any]]]":
    """Yield each group of `choices` with each of its fields that has a flag there, in order."""
    for group in fields(choices):
        if TOPIC in group.metadata:
            for each in fields(group_class(group)):
                if FLAG in each.metadata and each.name not in group.metadata[TOPIC].without:
                    yield group, each


def group_class(group: Field[Any]) -> "type[DataclassInstance]":
    """Return the class of a group of options."""
    if not isinstance(group.type, type):
        raise TypeError(f"{group.name} is no group of options")
    return group.type


def assembled(choices: type[T], values: Mapping[tuple[str, str], object]) -> T:
    """Return `choices` with these values, by group and field; what is not named has its default."""
    groups: dict[str, dict[str, object]] = {}
    for (group, name), content in values.items():
        groups.setdefault(group, {})[name] = content
    made = {
        group.name: group_class(group)(**groups[group.name])
        for group in fields(choices)  # type: ignore[arg-type]  # a dataclass of groups
        if group.name in groups
    }
    return choices(**made)
