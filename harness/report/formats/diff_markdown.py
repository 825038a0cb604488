"""A diff as GitHub's Markdown: for the summary of a step and for a comment on a pull request."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from harness.comparing.model import HELD, REGRESSED, Change, Diff
from harness.comparing.words import Group, cautions, ground, group_of, groups, sentence
from harness.report.formats.markdown_text import code, escaped, fitting, markdown_table
from harness.report.text import one_line

MOST_CHARACTERS = 60_000
"""GitHub refuses a comment of more than 65,536 characters, and a step may write more than this."""

_LONGEST = 600
_LONGEST_COMMAND = 500
_MARGIN = 500
_MOST_LINES = 1_000
"""Sentences of a group that are drawn, before those are left out for which there is no room."""

_MARKS = {HELD: "✓", REGRESSED: "✗"}


def diff_markdown(diff: Diff) -> str:
    """Return a diff as Markdown: the sentence, a table of what fails, and all else folded.

    At most `MOST_CHARACTERS`: what does not fit is counted, and stands in the JSON. Nothing in
    foreign text acts as Markdown or HTML, mentions anybody or links anything.
    """
    all_groups = groups(diff)
    mark = _MARKS.get(diff.exit_code, "?")
    page = [
        f"**{mark} {escaped(sentence(diff), _LONGEST)}**",
        f"BASE is {code(diff.base.source)}, HEAD is {code(diff.head.source)}. "
        + " ".join(escaped(each, _LONGEST) for each in cautions(diff)),
        *((escaped(diff.recheck.sentence, _LONGEST),) if diff.recheck else ()),
    ]
    page += [_failing(diff, group) for group in all_groups if group.name == "fails"]
    folded = [group for group in all_groups if group.name != "fails"]
    rest = _fold("What it rests on", ground(diff), room=12_000)
    for group in folded:
        room = (_room(page) - len(rest)) * 0.4
        page.append(_fold(f"{group.heading}: {_number(group)}", group.sentences, room, group))
    if diff.not_compared:
        title = f"Not compared: {len(diff.not_compared):,}"
        page.append(_fold(title, diff.not_compared, (_room(page) - len(rest)) * 0.8))
    return "\n\n".join([*page, rest]) + "\n"


def _number(group: Group) -> str:
    return f"{len(group.sentences):,}"


def _room(page: Sequence[str]) -> int:
    """Return how many characters there are left."""
    return MOST_CHARACTERS - _MARGIN - sum(len(block) + 2 for block in page)


_HEAD = ("", "Provider", "Where", "What changed")


def _failing(diff: Diff, group: Group) -> str:
    """Return a table with a row for each change that fails, and for each known deviation."""
    table = markdown_table(_HEAD, islice(_rows(diff, group), _MOST_LINES))
    head, rule, *rows = table.split("\n")
    shown, _ = fitting(rows, MOST_CHARACTERS * 0.5, separator=1)
    others = len(group.sentences) - len(shown)
    more = f"\n\n… and {others:,} more, all in the JSON." if others else ""
    return "\n".join([head, rule, *shown]) + more


def _rows(diff: Diff, group: Group) -> Iterator[tuple[str, ...]]:
    failing = [each for each in diff.changes if group_of(diff, each) == group.name]
    for change, text, below in zip(failing, group.sentences, group.shown_by, strict=False):
        where = _where(change)
        yield (
            f"**{change.kind}**",
            escaped(change.provider, 60),
            escaped(where, 120),
            "<br>".join([escaped(text, _LONGEST), *map(_span, below)]),
        )
    for shown in diff.known:
        if shown.fails:
            known = shown.known
            where = f"{known.operation} {known.promise or known.check}"
            yield (
                f"**{shown.state}**",
                escaped(known.provider, 60),
                escaped(where, 120),
                escaped(shown.sentence, _LONGEST),
            )


def _span(text: str) -> str:
    """Return a request or a path as code; what would end the code or the cell is dropped."""
    inside = re.sub(r"[`|]", "", one_line(text, _LONGEST_COMMAND)).strip()
    return f"`{inside}`" if inside else ""


def _where(change: Change) -> str:
    return " ".join(filter(None, (change.operation, change.workload, change.promise)))


def _fold(title: str, sentences: Sequence[str], room: float, group: Group | None = None) -> str:
    """Return sentences that are folded away, as many as there is room for."""
    command = _block(group.command) if group and group.command else ""
    lines, _ = fitting(
        [f"- {escaped(each, _LONGEST)}" for each in sentences[:_MOST_LINES]],
        room - len(command),
        separator=1,
    )
    others = len(sentences) - len(lines)
    lines += [f"- … and {others:,} more, all in the JSON."] if others else []
    parts = (f"<details><summary>{title}</summary>", "\n".join(lines), command, "</details>")
    return "\n\n".join(filter(None, parts))


def _block(command: str) -> str:
    """Return a command to copy; nothing where a path makes it too long to be copied."""
    line = one_line(command, _LONGEST_COMMAND)
    if len(command) > _LONGEST_COMMAND or line != command:
        return ""
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", line)), 0)
    return f"To find out:\n\n{fence}sh\n{line}\n{fence}"
