"""The ids of findings on a page."""

import re
from collections import Counter

from harness.report.model import Report


def finding_ids(report: Report) -> dict[str, str]:
    """Give each finding, known by its folder, an id of its own; the first has the cell's."""
    ids: dict[str, str] = {}
    used: Counter[str] = Counter()
    for shown in report.all_findings:
        name = finding_id(shown.finding.provider, shown.finding.operation, shown.name)
        used[name] += 1
        ids[shown.reproduction.folder] = f"{name}--{used[name]}" if used[name] > 1 else name
    return ids


def finding_id(*parts: str) -> str:
    """Return the id of the first finding on a promise: its provider, its operation, its name."""
    return "finding-" + re.sub(r"[^a-z0-9._]+", "-", "-".join(parts).lower())
