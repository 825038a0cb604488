"""Rules that look at another argument, too."""

from collections.abc import Iterable, Iterator

from harness.core.errors import Mistake
from harness.core.jsonvalue import Json
from harness.spec.rules.base import Rule, Table, array, toml_table
from harness.spec.rules.values import in_words, member


class Paired(Rule):
    """A rule that looks at another argument, too."""

    argument: str
    """The other argument, by its canonical name: `argument = "output_format"`."""

    @property
    def partner(self) -> str | None:
        return self.argument

    def wanted(self, own: Json, other: Json) -> Iterable[Json]:
        """Return values that the other argument should have beside the own one."""
        return ()

    @classmethod
    def disagreements(
        cls, place: str, rule: Table, argument: Table, arguments: Table
    ) -> Iterator[Mistake | str]:
        name = rule.get("argument")
        if not isinstance(name, str):
            return
        if name not in arguments:
            reason = f"{name!r} is no argument of this operation"
            yield Mistake.none_of(f"{place}.argument", reason, name, arguments)
            return
        values = array(toml_table(toml_table(arguments[name]).get("one_of")).get("values"))
        for value in array(rule.get("values")) if values else ():
            if not member(value, values):
                reason = f"{value!r} is not among the values of {name}"
                yield Mistake.none_of(f"{place}.values", reason, value, map(in_words, values))
