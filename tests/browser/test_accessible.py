"""axe-core finds nothing on any report, and what it cannot decide was looked at by a person."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pytest

from tests.browser.chromium import AXE, NO_AXE, Noted, Scheme, missing

REVIEWED: Mapping[str, str] = {
    "color-contrast": (
        "axe cannot read a colour through a gradient, a pseudo-element or an overlap; the pairs of"
        " colours are computed in tests/report/formats/test_html.py"
    ),
}
"""Rules that axe may leave undecided, with the reason why that is no fault."""

_RUN = """async () => {
  const resultTypes = ["violations", "incomplete"];
  const { violations, incomplete } = await axe.run(document, { resultTypes });
  const short = (found) => found.map((rule) => [rule.id, rule.nodes.slice(0, 4).map((node) =>
    `${node.target.join(" ")}: ${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ""}`)]);
  return { violations: short(violations), incomplete: short(incomplete) };
}"""


@pytest.fixture(scope="module")
def checker() -> str:
    if not AXE.exists():
        missing(NO_AXE)
    return AXE.read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [380, 1280])
def test_axe_finds_no_violation_and_leaves_open_only_what_was_looked_at(
    report: Noted, checker: str, width: int, scheme: Scheme
) -> None:
    report.page.emulate_media(color_scheme=scheme)
    report.page.set_viewport_size({"width": width, "height": 800})
    if not report.run("() => 'axe' in window"):
        report.run(checker)
    found: Mapping[str, Any] = report.run(_RUN)
    undecided: dict[str, list[str]] = defaultdict(list)
    for rule, nodes in found["incomplete"]:
        undecided[rule] += nodes

    assert found["violations"] == []
    assert {rule: nodes for rule, nodes in undecided.items() if rule not in REVIEWED} == {}
