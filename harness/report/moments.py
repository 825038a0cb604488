"""Moments as other tools want them; those of a header, which somebody may have altered."""

from datetime import UTC, datetime


def moment(text: str | None) -> datetime | None:
    """Return an ISO 8601 moment in UTC, of which one without a zone is; None for what is none."""
    try:
        found = datetime.fromisoformat(text or "")
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
