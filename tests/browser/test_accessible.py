"""axe-core finds nothing on any report, and what it cannot decide was looked at by a person."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.browser.chromium import AXE, NO_AXE, Noted, Scheme, missing

REVIEWED: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("color-contrast", "nonBmp"): {
        "[aria-hidden]": "a sign beside its word; the word's contrast is computed",
        ".sz-says, .axis, svg text": "an arrow or a dash within words of the same colour",
    },
    ("color-contrast", "shortTextContent"): {
        "svg text": "a tick's digit, in the colour of the longer ones, which are computed",
        "sup a, b, .permalink, .place": "one digit or sign in the colour of links or of text",
        "td, th, td *, th *": "one digit in a table, in the colour of its neighbours",
    },
    ("color-contrast", "bgOverlap"): {
        "svg text": "a name drawn over a line, with a rim in the colour of the paper",
        ".copy *, .matrix *, .scroll *, .worst *": "a button, a head or an image beside the text",
    },
    ("color-contrast", "bgImage"): {
        ".basis, .basis *": "the stripes end before the text begins",
        ".banner *": "the stripes stand above the text",
        "svg text": "the drawing lies beside the text, not under it",
    },
    ("color-contrast", "imgNode"): {
        "svg text": "a mark or a line beside the text, not under it",
    },
    ("color-contrast", "bgGradient"): {
        ".basis, .basis *": "the stripes end before the text begins",
        ".banner, .banner *": "the stripes stand above the text",
        ".finding *, .finding": "a finding that was linked to: its paper is a colour of the pairs",
    },
    ("color-contrast", "pseudoContent"): {
        ".matrix *, .banner *, .wide *, .scroll *": "the edge's shade covers no text to be read",
    },
    ("color-contrast", "elmPartiallyObscured"): {
        ".scroll *, .worst *, .message *, pre *, .copy *, nav *": "what scrolls is cut at its edge",
    },
    ("color-contrast", "elmPartiallyObscuring"): {
        ".scroll *, .worst *, .message *, pre *": "text under a head that stays while it scrolls",
    },
    ("label-content-name-mismatch", ""): {
        ".permalink": "its sign # is said as: Link to this finding",
    },
}
"""What axe leaves undecided: by its rule and its reason the nodes, and why they are no fault.

The pairs of colours themselves are computed in tests/report/formats/test_html.py.
"""

_RUN = """async ([root, reviewed]) => {
  const kinds = new Map(reviewed.map(([rule, why, nodes]) => [`${rule} ${why}`, nodes]));
  const resultTypes = ["violations", "incomplete"];
  const { violations, incomplete } = await axe.run(root, { resultTypes });
  const check = (node) => node.any[0] ?? node.all[0] ?? node.none[0];
  const short = (rule, node) => [
    rule.id, check(node)?.data?.messageKey ?? "", node.target.join(" "), check(node)?.message];
  const open = incomplete.flatMap((rule) => rule.nodes.filter((node) => {
    const nodes = kinds.get(`${rule.id} ${check(node)?.data?.messageKey ?? ""}`);
    return !nodes || !document.querySelector(node.target.join(" ")).matches(nodes);
  }).map((node) => short(rule, node)));
  return [violations.flatMap((rule) => rule.nodes.map((node) => short(rule, node))), open];
}"""


@pytest.fixture(scope="module")
def checker() -> str:
    if not AXE.exists():
        missing(NO_AXE)
    return AXE.read_text(encoding="utf-8")


def _checked(noted: Noted, checker: str, root: str) -> tuple[list[Any], list[Any]]:
    """Return what axe objects to, and what it leaves open that nobody has looked at."""
    if not noted.run("() => 'axe' in window"):
        noted.run(checker)
    reviewed = [[*rule, ", ".join(nodes)] for rule, nodes in REVIEWED.items()]
    violations, undecided = noted.run(_RUN, [root, reviewed])
    return violations, undecided


@pytest.mark.parametrize(("width", "scheme"), [(380, "dark"), (1280, "light")])
def test_axe_finds_no_violation_and_leaves_open_only_what_was_looked_at(
    report: Noted, checker: str, width: int, scheme: Scheme
) -> None:
    report.page.emulate_media(color_scheme=scheme)
    report.page.set_viewport_size({"width": width, "height": 800})
    violations, undecided = _checked(report, checker, "html")

    assert violations == []
    assert undecided == []


@pytest.mark.parametrize(("width", "scheme"), [(380, "light"), (1280, "dark")])
def test_axe_finds_nothing_in_an_open_cell_either(
    report: Noted, checker: str, width: int, scheme: Scheme
) -> None:
    report.page.emulate_media(color_scheme=scheme)
    report.page.set_viewport_size({"width": width, "height": 800})
    report.page.locator(".matrix td a[href^='#cell-']").first.click()
    violations, undecided = _checked(report, checker, "dialog[open]")
    report.page.keyboard.press("Escape")

    assert violations == []
    assert undecided == []
