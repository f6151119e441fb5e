"""Texts of `herwa backfill`, and of back-fills in `herwa status`."""

from datetime import datetime

from herwa.texts.counts import format_count
from herwa.texts.history_import import format_duration
from herwa_shared.services.backfills import BackfillStatus

BACKFILL_HELP = "Import a server's messages from before the bot was added, as /history import does."
BACKFILL_EXAMPLE = "Example: herwa backfill 'My server' start"
GUILD_ARGUMENT = "ID or exact name of the server."
ACTION_ARGUMENT = "What to do."


def format_not_started(name: str) -> str:
    """Format that a server has no back-fill."""
    return f"{name}: no import was started."


def format_backfill(name: str, status: BackfillStatus, now: datetime) -> str:
    """Format how far the back-fill of a server is."""
    parts = [f"{name}: {status.state}, from {status.begin:%Y-%m-%d} to {status.end:%Y-%m-%d}"]
    if status.channels is not None:
        done = status.channels - status.open_channels
        parts.append(f"{done} of {format_count(status.channels, 'channel')}")
    parts.append(f"{format_count(status.fetched, 'message')}, {status.compute_rate(now):,.0f} per second")
    if (seconds_left := status.estimate_seconds_left(now)) is not None:
        parts.append(f"{format_duration(seconds_left)} left")
    if status.refused_channels:
        parts.append(f"{format_count(status.refused_channels, 'channel')} can't be read")
    return ", ".join(parts)
