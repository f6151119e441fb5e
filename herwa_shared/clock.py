"""The clock of the application. All code gets the wall-clock time from here."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Get the current time as an aware datetime in UTC."""
    return datetime.now(UTC)
