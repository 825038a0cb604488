"""Cases from arguments, each proved against the rules before it may be sent."""

from typing import NoReturn

from harness.cases import references
from harness.cases.values import companion_values, plain_value
from harness.core.case import Case, Expect, FollowUp
from harness.core.errors import HarnessError
from harness.core.jsonvalue import Json, canonical, digest
from harness.spec.evaluate import broken_when_sent, tokens
from harness.spec.provider import Constraint, Operation, Provider
from harness.spec.rules import Choice


class Builder:
    """Builds the cases of one provider's operation."""

    def __init__(self, provider: Provider, operation_name: str) -> None:
        self.provider = provider
        self.name = operation_name
        self.operation: Operation = provider.operation(operation_name)

    def base(self, *, prompt: str) -> dict[str, Json]:
        """Return the cheapest valid request: what is required, and what keeps the price down."""
        arguments: dict[str, Json] = {}
        for name, argument in self.operation.arguments.items():
            if name == "prompt":
                arguments[name] = prompt
            elif argument.type in ("images", "file"):
                if argument.required is not None:
                    arguments[name] = references.plain_reference(name, self.operation)
            elif argument.cheapest is not None:
                arguments[name] = argument.cheapest
            elif argument.required is not None and argument.absent is None:
                arguments[name] = plain_value(argument)
        return arguments

    def with_choice(
        self, base: dict[str, Json], constraint: Constraint, choice: Choice
    ) -> dict[str, Json]:
        """Return the base with a choice in place, and all that the choice needs beside it."""
        name = constraint.parameter
        beside = {**companion_values(name, self.operation), **choice.beside}
        return {**base, **beside, name: choice.value}

    def has_files(self, parameter: str) -> bool:
        """Tell whether a parameter is for images or a mask."""
        argument = self.operation.arguments.get(parameter)
        return argument is not None and argument.type in ("images", "file")

    def objections(self, arguments: dict[str, Json]) -> list[str]:
        """Return the ids of the constraints that a request violates or leaves unspecified."""
        violated, unspecified = broken_when_sent(self.operation, arguments)
        return [constraint.id for constraint in (*violated, *unspecified)]

    def breaks_only(self, arguments: dict[str, Json], constraint: Constraint) -> bool:
        """Tell whether a request violates this constraint and leaves no other one unspecified."""
        violated, unspecified = broken_when_sent(self.operation, arguments)
        return [other.id for other in violated] == [constraint.id] and not unspecified

    def can_tell(
        self, arguments: dict[str, Json], constraint: Constraint, *, satisfied: bool
    ) -> bool:
        """Tell whether a request with other files is about this rule alone, satisfied or violated.

        Files have several properties at once: where a mask must have its image's format and be a
        PNG, no WebP breaks only one of the two. Other arguments are written so that they do.
        """
        if not self.has_files(constraint.parameter):
            return True
        if satisfied:
            return not self.objections(arguments)
        return self.breaks_only(arguments, constraint)

    def follow_ups(self) -> tuple[FollowUp, ...]:
        """Return the free follow-ups to the plain request's job, sent once it has ended.

        A repetition under its key goes first: the poll after it shows whether that was charged.
        """
        job = self.operation.job
        if job is None:
            return ()
        always: tuple[FollowUp, ...] = ("poll_again", "unknown_job")
        return always if job.idempotency is None else ("same_key", *always)

    def accept(
        self,
        case_id: str,
        arguments: dict[str, Json],
        about: str | None,
        *,
        follow_ups: tuple[FollowUp, ...] = (),
    ) -> Case:
        """Return a case that the documents promise to serve.

        Raises HarnessError where the arguments are not valid: that is a bug of ours, and sending
        it would blame the provider.
        """
        if self.objections(arguments):
            self._bug(case_id, arguments)
        return self._case(
            case_id, "accept", arguments, about=about, breaks=None, follow_ups=follow_ups
        )

    def refuse(self, case_id: str, arguments: dict[str, Json], constraint: Constraint) -> Case:
        """Return a case that breaks exactly this documented constraint."""
        if not self.breaks_only(arguments, constraint):
            self._bug(case_id, arguments)
        return self._case(case_id, "refuse", arguments, about=constraint.id, breaks=constraint.id)

    def observe(
        self, case_id: str, arguments: dict[str, Json], constraint: Constraint, why: str
    ) -> Case:
        """Return a case on which the documents are silent or at odds: looked at, never judged."""
        return self._case(
            case_id, "observe", arguments, about=constraint.id, breaks=constraint.id, why=why
        )

    def _case(  # noqa: PLR0913 - a case's own fields
        self,
        case_id: str,
        expect: Expect,
        arguments: dict[str, Json],
        *,
        about: str | None,
        breaks: str | None,
        why: str = "",
        follow_ups: tuple[FollowUp, ...] = (),
    ) -> Case:
        return Case(
            id=f"{self.name}/{case_id}",
            provider=self.provider.name,
            operation=self.name,
            expect=expect,
            about=about,
            breaks=breaks,
            covers=tuple(
                token
                for token in tokens(self.operation, arguments)
                if breaks is None or token.partition("=")[0] != breaks
            ),
            arguments=arguments,
            why=why,
            follow_ups=follow_ups,
            depends_on=() if case_id == "base" else (f"{self.name}/base",),
        )

    def _bug(self, case_id: str, arguments: dict[str, Json]) -> NoReturn:
        raise HarnessError(
            f"{self.provider.name} {case_id}: the case breaks "
            f"{self.objections(arguments) or 'nothing'}: "
            f"{canonical(arguments)[:300]}",
            hint="a bug of the harness: please report it",
        )


def without_argument(arguments: dict[str, Json], name: str) -> dict[str, Json]:
    """Return the arguments but for one."""
    return {key: value for key, value in arguments.items() if key != name}


def short_digest(arguments: dict[str, Json]) -> str:
    """Return eight hexadecimal digits that name these arguments."""
    return digest(arguments)[:8]
