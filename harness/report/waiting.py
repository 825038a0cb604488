"""What to say of jobs that may still bring the images which they were paid for."""

from harness.report.model import Report

GONE = (
    "a live run picks these up by their ids with --resume; here they ended with the emulator or the"
    " recording that made them"
)


def waiting_advice(report: Report) -> str:
    """Say in a sentence how the waiting jobs are picked up, or why they cannot be."""
    if not report.can_resume:
        return f"{GONE[0].upper()}{GONE[1:]}."
    return (
        "They were submitted and may have been charged; nobody saw their end. To ask for them by"
        " their ids, and submit nothing twice, go on with the run (RUN is the folder of this"
        " report):"
    )
