"""What the page needs to lead from a cell of the matrix to what stands behind it."""

from collections.abc import Callable

from harness.report.anchors import cell_anchor
from harness.report.model import Column, MatrixCell, Report, Row
from harness.report.text import count

CellLinks = Callable[[Column, Row, MatrixCell], str]


def links(report: Report, findings: set[str], finding_anchor: Callable[..., str]) -> CellLinks:
    """Return a function that says where a cell leads: to its detail, to its finding, or nowhere."""
    details = report.transcripts.details

    def link_of(column: Column, row: Row, cell: MatrixCell) -> str:
        place = (column.provider, column.operation, row.id)
        if place in details and cell.state != "absent":
            return cell_anchor(*place)
        finding = finding_anchor(*place)
        return finding if finding in findings else ""

    return link_of


def pictured(report: Report, room_bytes: int) -> tuple[str, ...]:
    """Return the digests of the small images that a page shows, each of which it holds once.

    Those of the galleries first, then those of transcripts, until the room is full.
    """
    behind = (digest for each in report.transcripts.by_case.values() for digest in each.images)
    chosen: list[str] = []
    for digest in dict.fromkeys((*report.pictures.images_shown, *behind)):
        address = report.thumbnails.get(digest, "")
        room_bytes -= len(address)
        if address and room_bytes >= 0:
            chosen.append(digest)
    return tuple(chosen)


def cell_words(cell: MatrixCell) -> str:
    """Say what a cell counts, in a sentence: `Held: 3 cases accepted, 1 refused.`."""
    match cell.state:
        case "held":
            told = f"Held: {count(cell.accepts, 'case')} accepted, {cell.refuses:,} refused"
        case "broken" | "flaky" | "unconfirmed":
            state = "suspected" if cell.state == "unconfirmed" else cell.state
            told = f"{state.capitalize()} in {count(cell.fails, 'case')}"
        case "undocumented" if cell.served + cell.turned_away + cell.unanswered:
            told = (
                f"Undocumented, observed only: {cell.served:,} served,"
                f" {cell.turned_away:,} refused, {count(cell.unanswered, 'fault')}"
            )
        case "undocumented":
            told = "Undocumented, and not probed"
        case _:
            told = cell.state.capitalize()
    return f"{told}."
