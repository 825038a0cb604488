"""`step-summary.md`: the verdict as GitHub shows it on the page of a workflow's run."""

from harness.report.formats.format import Judged, format_on_request
from harness.report.formats.markdown import markdown

MOST_BYTES = 1_048_576
"""GitHub shows no summary of a step that is larger than 1 MiB; several commands may share it."""


@format_on_request(
    "github",
    file="step-summary.md",
    rank=80,
    appended_to="GITHUB_STEP_SUMMARY",
    most_bytes=MOST_BYTES,
)
def step_summary(judged: Judged) -> str:
    """Return the summary of a step in GitHub's Markdown."""
    return markdown(judged.report)
