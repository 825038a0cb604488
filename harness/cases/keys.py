"""The plain request without the user's key, in each way in which a key can be wrong."""

from harness.cases import prompts
from harness.cases.build import Builder
from harness.core.case import Case, Expect
from harness.core.exchange import Credential
from harness.spec.credentials import IN_WORDS, KEY_REQUIRED, key_constraint

TRIED: tuple[Credential, ...] = (
    "none",
    "wrong",
    "empty",
    "foreign",
    "other_scheme",
    "other_header",
)
"""What is tried, the likeliest mistake of a provider first."""

_LENGTH = 60


def key_cases(builder: Builder, *, count: int, seed: int) -> tuple[Case, ...]:
    """Return the first `count` of these cases, each with a prompt of its own.

    They are to be refused where the documents say that a key is needed, else looked at.
    """
    constraint = key_constraint(builder.provider)
    expect: Expect = "refuse" if constraint.documented else "observe"
    rule = constraint.rule
    note = f"; {rule.note}" if rule.note else f"; see {rule.source}"
    cases = []
    # A key in the query has no scheme.
    tried = [one for one in TRIED if one != "other_scheme" or not builder.provider.auth.query]
    for number, credential in enumerate(tried[:count]):
        prompt = prompts.distinct_prompt(number, _LENGTH, seed=seed)
        arguments = builder.base(prompt=prompt)
        if builder.objections(arguments):
            continue  # a document with shorter prompts
        case = Case(
            id=f"{builder.name}/{KEY_REQUIRED}/{expect}/{credential}",
            provider=builder.provider.name,
            operation=builder.name,
            expect=expect,
            about=KEY_REQUIRED,
            breaks=KEY_REQUIRED,
            covers=(),
            why="" if constraint.documented else f"{rule.status}: {IN_WORDS[credential]}{note}",
            arguments=arguments,
            depends_on=(f"{builder.name}/base",),
            credential=credential,
        )
        cases.append(case)
    return tuple(cases)
