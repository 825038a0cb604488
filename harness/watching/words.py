"""What a watch says: its status and its alerts as Markdown, and what a hook is sent."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from harness.core.jsonvalue import Json
from harness.core.money import unit_of
from harness.report.formats.markdown_text import escaped
from harness.report.text import one_line
from harness.watching.ledger import Budget
from harness.watching.model import Alerted, Message, Spent, State, WatchResult

_LONGEST = 400

_KINDS = {"alert": "alert", "back": "resolved"}
"""What a message is called where people and hooks read it."""


def alert_markdown(message: Message) -> str:
    """Return what is told once, as Markdown."""
    lines = [f"# {_KINDS[message.kind].capitalize()} of {message.day}", ""]
    lines += [f"- {escaped(one_line(each, _LONGEST))}" for each in message.sentences]
    return "\n".join([*lines, ""])


def hook_json(message: Message) -> dict[str, Json]:
    """Return what a hook is sent: `text` for people (Slack, Mattermost and the like), and all else.

    `id` is the same where it is delivered again.
    """
    said = [one_line(each, _LONGEST) for each in message.sentences]
    head = f"harness watch, {_KINDS[message.kind]}"
    return {
        "text": "\n".join([f"{head} of {message.day}:", *(f"- {each}" for each in said)]),
        "id": message.id,
        "kind": _KINDS[message.kind],
        "day": message.day,
        "changes": [
            {
                "provider": each.provider,
                "kind": each.kind,
                "operation": each.operation,
                "promise": each.promise,
                "sentence": one_line(each.sentence, _LONGEST),
                "since": each.since,
                "until": each.until,
            }
            for each in message.changes
        ],
    }


def still_sentence(alerted: Alerted) -> str:
    """Say that what was alerted is not over."""
    return f"alerted on {alerted.since}, not resolved: {one_line(alerted.sentence, _LONGEST)}"


def spent_sentence(provider: str, unit: str, spent: Spent, budget: Budget) -> str:
    """Say what a month's runs may have cost, of what they may; what is unsettled counts."""
    of_images = "" if budget.images is None else f" of {budget.images}"
    of_amount = "" if budget.amount is None else f" of {plain(budget.amount)}"
    counted = f"{spent.images}{of_images} images"
    money = f"{plain(spent.amount)}{of_amount} {unit_of(Decimal(2), unit)}"
    both = money if unit == "image" and budget.images is None else counted
    both += f", {money}" if unit != "image" else ""
    return f"{provider}: this month at most {both}"


def plain(amount: Decimal) -> str:
    """Return an amount without an exponent or trailing zeros."""
    text = f"{amount.normalize():f}"
    return text if len(text) < len("0.00000000") else f"{amount:.4f}"


def status_markdown(
    state: State, sentence: str, notes: Sequence[str], *, day: str, ledger: Mapping[str, str]
) -> str:
    """Return how a watch stands, as Markdown."""
    lines = [f"# Watch, {day}", "", escaped(one_line(sentence, _LONGEST)), ""]
    lines += [f"- {escaped(one_line(each, _LONGEST))}" for each in notes]
    lines += [f"- {escaped(each)}" for each in ledger.values()]
    if state.alerted:
        lines += ["", "## Alerted", "", "| since | until | change |", "|---|---|---|"]
        for each in reversed(state.alerted):
            until = each.until or ("that day" if each.event else "not resolved")
            said = escaped(one_line(each.sentence, _LONGEST)).replace("|", "\\|")
            lines.append(f"| {each.since} | {until} | {said} |")
    return "\n".join([*lines, ""])


def result_json(result: WatchResult) -> dict[str, Json]:
    """Return what a call came to, as `--json` prints it."""
    return {
        "exit_code": result.exit_code,
        "why": one_line(result.why, _LONGEST),
        "day": result.day,
        "messages": [hook_json(each) for each in result.messages],
        "notes": [one_line(each, _LONGEST) for each in result.notes],
        "run": None if result.run is None else str(result.run),
        "again": None if result.again is None else str(result.again),
        "spent": {
            name: {"images": each.images, "amount": plain(each.amount)}
            for name, each in result.spent.items()
        },
    }
