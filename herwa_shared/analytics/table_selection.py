"""Which rows answer: this file alone decides between hourly sums, kept for ever, and single events of three months.

Both are offered to questions as one relation, `activity (kind, moment, channel_id, user_id, events, total)`, so that
each question is written once; `total` is the sum of the events' one number. Hourly rows answer wherever every boundary
of the question is a whole hour in UTC.
"""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import OperationalError

from herwa_shared.analytics.metric_definitions import get_definition
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.timezones import SECONDS_PER_HOUR
from herwa_shared.errors import ServiceUnavailable

RAW_EVENT_RETENTION_MONTHS = 3
Rows = Sequence[Sequence[Any]]

HOURLY_ACTIVITY_SQL = """
WITH activity AS (
    SELECT kind, toUnixTimestamp(hour) AS moment, channel_id, user_id, events, total
    FROM activity_hourly
    WHERE guild_id = {guild:UInt64} AND kind IN {kinds:Array(String)}
      AND hour >= toDateTime({start:UInt32}, 'UTC') AND hour < toDateTime({end:UInt32}, 'UTC')
      AND ({channel:UInt64} = 0 OR channel_id = {channel:UInt64})
)
"""
RAW_ACTIVITY_SQL = """
WITH activity AS (
    SELECT kind, toUnixTimestamp(at) AS moment, channel_id, user_id, toUInt64(1) AS events,
        toUInt64(ifNull(value, 0)) AS total
    FROM activity_events
    WHERE guild_id = {guild:UInt64} AND kind IN {kinds:Array(String)}
      AND at >= toDateTime({start:UInt32}, 'UTC') AND at < toDateTime({end:UInt32}, 'UTC')
      AND ({channel:UInt64} = 0 OR channel_id = {channel:UInt64})
)
"""


def format_array(numbers: Iterable[int]) -> str:
    """An Array parameter as text: the client's own formatting of 4,000 numbers takes longer than the question."""
    return f"[{','.join(map(str, numbers))}]"


@dataclass(frozen=True, slots=True)
class TableSelection:
    """The rows that answer one query. `approximate`: its boundaries cut hours, and each counts where it starts."""

    activity_sql: str
    query: ActivityQuery
    kinds: tuple[str, ...]
    approximate: bool

    async def fetch(
        self, clickhouse: AsyncClient, sql: str, *, start: int = 0, end: int = 0, **extra_parameters: Any
    ) -> Rows:
        """The rows of `question`, a SELECT from `activity`; `start` and `end` narrow the window. Raises Unreachable."""
        parameters = {
            "guild": self.query.guild_id,
            "kinds": list(self.kinds),
            "channel": self.query.channel_id or 0,
            "start": max(start, self.query.start_second),
            "end": min(end or self.query.end_second, self.query.end_second),
            **extra_parameters,
        }
        return await fetch_rows(clickhouse, self.activity_sql + sql, parameters)


def select_table(
    query: ActivityQuery, boundaries: Iterable[int], *, now: datetime, kinds: Iterable[str] | None = None
) -> TableSelection:
    """The rows for this query, whose answer is cut at its ends and at these instants (seconds since 1970).

    They are the events of the query's metric, or of the kinds that are named.
    """
    selected_kinds = tuple(kinds) if kinds is not None else (get_definition(query.metric).kind,)
    edges = (query.start_second, query.end_second, *boundaries)
    if all(edge % SECONDS_PER_HOUR == 0 for edge in edges):
        return TableSelection(HOURLY_ACTIVITY_SQL, query, selected_kinds, approximate=False)
    if query.start >= get_raw_events_start(now):
        return TableSelection(RAW_ACTIVITY_SQL, query, selected_kinds, approximate=False)
    return TableSelection(HOURLY_ACTIVITY_SQL, query, selected_kinds, approximate=True)


async def fetch_rows(clickhouse: AsyncClient, sql: str, parameters: dict[str, Any]) -> Rows:
    """The rows of a whole statement. Raises Unreachable."""
    try:
        result = await clickhouse.query(sql, parameters=parameters)
    except (OperationalError, OSError) as error:
        raise ServiceUnavailable("The store of the statistics does not answer. Try again in a moment.") from error
    return result.result_rows


def get_raw_events_start(now: datetime) -> datetime:
    """From here on no single event can have expired: three months less at most a day, whatever their lengths."""
    start = now - timedelta(days=31 * RAW_EVENT_RETENTION_MONTHS)
    while _add_months(start, RAW_EVENT_RETENTION_MONTHS) <= now:
        start += timedelta(days=1)
    return start


def _add_months(moment: datetime, months: int) -> datetime:
    """The same day of a later month, or that month's last: as ClickHouse adds months."""
    years, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + years, month + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))
