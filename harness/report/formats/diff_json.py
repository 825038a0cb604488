"""`diff.json`: two runs beside each other, for programs; `diff.schema.json` describes it."""

from collections.abc import Mapping
from typing import Literal, cast

from harness.comparing.model import Change, Diff
from harness.comparing.words import group_of, sentence
from harness.core.jsonvalue import Json
from harness.report.diff_model import ChangeDocument, DiffDocument
from harness.report.jsontext import json_safe, json_text


def diff_json(diff: Diff) -> str:
    """Return the text of `diff.json`; equal diffs have equal texts."""
    return json_text(diff_document(diff))


def diff_document(diff: Diff) -> dict[str, Json]:
    """Return a diff as JSON has it: every key stands there, whatever there is."""
    whole: DiffDocument = {
        "schema": 1,
        "exit_code": cast("Literal[0, 1, 2, 4, 130]", diff.exit_code),
        "why": sentence(diff),
        "base": diff.base,
        "head": diff.head,
        "changes": tuple(_change(diff, change) for change in diff.changes),
        "comparisons": diff.comparisons,
        "promises_compared": diff.promises_compared,
        "not_compared": diff.not_compared,
        "unclear": diff.unclear,
        "known": diff.known,
        "recheck": diff.recheck,
        "fail_on": diff.fail_on,
        "thresholds": diff.thresholds,
    }
    written = json_safe(cast("Mapping[str, object]", whole))
    return written if isinstance(written, dict) else {}


def _change(diff: Diff, change: Change) -> ChangeDocument:
    return {
        "kind": change.kind,
        "direction": change.direction,
        "standing": change.standing,
        "provider": change.provider,
        "operation": change.operation,
        "workload": change.workload,
        "promise": change.promise,
        "check": change.check,
        "sentence": change.sentence,
        "fails": diff.fails(change),
        "group": group_of(diff, change),
        "comparison": change.comparison,
        "p_adjusted": change.p_adjusted,
        "known": change.known,
        "request": change.request,
        "reproduction": change.reproduction,
    }
