"""One sentence that says whether the images were really drawn as asked."""

from harness.inspection.model import Contradicted, FilesInspected
from harness.report.text import count, one_line

QUESTION = "Really drawn as asked?"
_LONGEST_NAME = 80


def answer(found: FilesInspected) -> str:
    """Return the answer; it never says more than the evidence does."""
    if not found.files:
        return f"{QUESTION} Nobody knows: no path leads to an image"
    return f"{QUESTION} {'; '.join(filter(None, [_said(found), _drew(found), _signed(found)]))}"


def _said(found: FilesInspected) -> str:
    if found.contradictions:
        first, *others = found.contradictions
        more = f"; and {count(len(others), 'more contradiction')}" if others else ""
        return f"No: {contradiction_text(first, sole=len(found.files) == 1)}{more}"
    drawn = found.drawn
    if drawn is not None and drawn.agreement == "asked":
        return f"As far as arithmetic tells, yes: {drawn.sentence}"
    if drawn is not None:
        return f"Nothing contradicts it: {drawn.sentence}"
    if not found.asked:
        return "Nobody knows: nothing was said of what was asked for (--asked, --usage)"
    if found.usage is not None:
        return "Nothing contradicts it; of these pixels and this model no count of tokens is known"
    return "Nothing contradicts it; which quality was drawn only its usage tells (--usage N)"


def _drew(found: FilesInspected) -> str:
    return found.drew if found.drawn is not None else ""


def _signed(found: FilesInspected) -> str:
    genuine = sum(file.genuine for file in found.files)
    if not genuine:
        return ""
    return f"signed by the maker: {genuine} of {count(len(found.files), 'file')}"


def contradiction_text(each: Contradicted, *, sole: bool) -> str:
    """Return a contradiction behind the name of its file, unless there is one only."""
    name = "" if sole or not each.name else f"{one_line(each.name, _LONGEST_NAME)}: "
    return f"{name}{each.sentence}"
