"""Which request shows a change: the smallest of HEAD's finding, and the script that sends it."""

from dataclasses import replace
from pathlib import Path

from harness.comparing.model import Diff
from harness.report.formats.terminal import request_line
from harness.report.labels import finding_name
from harness.report.model import Report, Shown
from harness.report.tally import broken_promise

SCRIPT = "repeat.sh"
"""The curl lines of a finding, in its folder below `findings/`."""

_LONGEST = 200
_KINDS = ("broken", "flaky")


def with_requests(diff: Diff, told: Report, head: Path) -> Diff:
    """Return a diff whose broken promises name the request that shows them in HEAD's run folder.

    `told` is the report of `head`. A script is named only where it is there: reports of folders
    that cannot be written have none.
    """
    found = {_place(shown): shown for shown in reversed(told.all_findings)}
    changes = []
    for change in diff.changes:
        place = change.provider, change.operation, change.promise, change.check
        shown = found.get(place)
        if shown is None or change.kind not in _KINDS or change.direction == "better":
            changes.append(change)
            continue
        script = head / shown.reproduction.folder / SCRIPT
        changes.append(
            replace(
                change,
                request=request_line(shown, _LONGEST),
                reproduction=str(script) if script.is_file() else "",
            )
        )
    return replace(diff, changes=tuple(changes))


def _place(shown: Shown) -> tuple[str, str, str, str]:
    finding = shown.finding
    promise = broken_promise(finding) or finding_name(finding)
    return finding.provider, finding.operation, promise, finding.check
