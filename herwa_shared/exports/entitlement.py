"""What a guild's tier lets exports hold. Hourly summaries as CSV are in every tier."""

from datetime import datetime
from zoneinfo import ZoneInfo

from herwa_shared.analytics.history_limit import HistoryLimit, HistoryLimitReached
from herwa_shared.catalog import Limit
from herwa_shared.discord.event_times import DISCORD_EPOCH
from herwa_shared.exports.jobs import ExportRequest
from herwa_shared.exports.tables import DataSet, ExportFormat
from herwa_shared.guardrail.policy import Entitlement


def needs_history_feature(request: ExportRequest) -> bool:
    """Return whether an export needs the feature of history exports."""
    return request.data_sets != (DataSet.SUMMARIES,) or request.format is not ExportFormat.CSV


def get_row_limit(entitlement: Entitlement, request: ExportRequest) -> int | None:
    """Return how many rows an export can have; None is unlimited. The time limits those of summaries."""
    return entitlement.limits.get(Limit.EXPORT_ROWS, 0) if needs_history_feature(request) else None


def get_first_start(history: HistoryLimit, zone: ZoneInfo, now: datetime) -> datetime:
    """Return when the history of the tier begins, or a time before all data."""
    return history.get_start(zone, now) or DISCORD_EPOCH


def require_history(history: HistoryLimit, request: ExportRequest, zone: ZoneInfo, now: datetime) -> None:
    """Raise HistoryLimitReached if an export begins before the history of the tier."""
    start = history.get_start(zone, now)
    if start is not None and request.from_at < start:
        raise HistoryLimitReached(start, zone)
