"""Selection of the table that a query reads: the hourly rollup or the raw events.

The rollup is kept forever, the raw events for three months. This is the only module that decides it. Both tables are
exposed to queries as one relation, the CTE `activity (kind, moment, channel_id, user_id, person_id, events, total)`, so
that each SELECT is written once. `total` is the sum of the events' `value`. Distinct members are counted by
`person_id`: the member's pseudonym where the window may contain pseudonyms, else `user_id`. The hourly rollup is used
wherever every boundary of the query is a full hour in UTC. If only the end of the window is not, the last hour is read
from the raw events.
"""

import re
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from herwa_shared.analytics.demo_activity import DEMO_PARAMETERS, to_demo_sql
from herwa_shared.analytics.metric_definitions import get_definition
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.timezones import SECONDS_PER_HOUR
from herwa_shared.clickhouse.client import find_row_reader
from herwa_shared.clickhouse.pseudonyms import count_by_pseudonym, may_contain_pseudonyms
from herwa_shared.demo_guild import DEMO_GUILD_ID
from herwa_shared.errors import QuestionTooLarge, ServiceUnavailable

RAW_EVENT_RETENTION_MONTHS = 3
_LIMIT_ERROR = re.compile(r"[Cc]ode: (?:158|159|160|241|307|396)\b")  # rows, time, speed, memory, bytes, result
# ClickHouse accepts at most 128 KiB as one query parameter; the edges of a statement are one Array parameter.
MAX_EDGES_PER_STATEMENT = 4_000
Rows = Sequence[Sequence[Any]]

HOURLY_ACTIVITY_SQL = """
WITH activity AS (
    SELECT kind, toUnixTimestamp(hour) AS moment, channel_id, user_id, user_id AS person_id, events, total
    FROM activity_hourly
    WHERE guild_id = {guild:UInt64} AND kind IN {kinds:Array(String)}
      AND hour >= toDateTime({start:UInt32}, 'UTC') AND hour < toDateTime({end:UInt32}, 'UTC')
      AND ({channel:UInt64} = 0 OR channel_id = {channel:UInt64})
)
"""
RAW_ACTIVITY_SQL = """
WITH activity AS (
    SELECT kind, toUnixTimestamp(at) AS moment, channel_id, user_id, user_id AS person_id, toUInt64(1) AS events,
        toUInt64(ifNull(value, 0)) AS total
    FROM activity_events
    WHERE guild_id = {guild:UInt64} AND kind IN {kinds:Array(String)}
      AND at >= toDateTime({start:UInt32}, 'UTC') AND at < toDateTime({end:UInt32}, 'UTC')
      AND ({channel:UInt64} = 0 OR channel_id = {channel:UInt64})
)
"""
HOURLY_AND_RAW_ACTIVITY_SQL = """
WITH activity AS (
    SELECT kind, toUnixTimestamp(hour) AS moment, channel_id, user_id, user_id AS person_id, events, total
    FROM activity_hourly
    WHERE guild_id = {guild:UInt64} AND kind IN {kinds:Array(String)}
      AND hour >= toDateTime({start:UInt32}, 'UTC') AND hour < toStartOfHour(toDateTime({end:UInt32}, 'UTC'))
      AND ({channel:UInt64} = 0 OR channel_id = {channel:UInt64})
    UNION ALL
    SELECT kind, toUnixTimestamp(at), channel_id, user_id, user_id AS person_id, toUInt64(1), toUInt64(ifNull(value, 0))
    FROM activity_events
    WHERE guild_id = {guild:UInt64} AND kind IN {kinds:Array(String)}
      AND at >= greatest(toDateTime({start:UInt32}, 'UTC'), toStartOfHour(toDateTime({end:UInt32}, 'UTC')))
      AND at < toDateTime({end:UInt32}, 'UTC')
      AND ({channel:UInt64} = 0 OR channel_id = {channel:UInt64})
)
"""


def format_array(numbers: Iterable[int]) -> str:
    """Format integers as the text of a ClickHouse Array parameter.

    Performance: the client's own formatting of 4,000 numbers takes longer than the query itself.
    """
    return f"[{','.join(map(str, numbers))}]"


@dataclass(frozen=True, slots=True)
class TableSelection:
    """The rows that one query reads.

    `activity_sql` defines the CTE `activity`. `approximate` means that boundaries of the query lie within hours of the
    rollup: each hour counts in the interval in which it starts. `has_pseudonyms` means that the window may contain
    pseudonyms.
    """

    activity_sql: str
    query: ActivityQuery
    kinds: tuple[str, ...]
    approximate: bool
    has_pseudonyms: bool

    async def fetch(
        self,
        clickhouse: AsyncClient,
        sql: str,
        *,
        audit_key: bytes | None,
        start: int = 0,
        end: int = 0,
        **extra_parameters: Any,
    ) -> Rows:
        """Run `sql`, a SELECT from `activity`, and return its rows.

        `start` and `end` (Unix seconds, 0 for none) narrow the window. `extra_parameters` are further query parameters
        of the statement. Members are counted across pseudonyms with the audit key. Raises ServiceUnavailable if
        ClickHouse cannot be reached.
        """
        parameters = {
            "guild": self.query.guild_id,
            "kinds": list(self.kinds),
            "channel": self.query.channel_id or 0,
            "start": max(start, self.query.start_second),
            "end": min(end or self.query.end_second, self.query.end_second),
            **extra_parameters,
        }
        statement = self.activity_sql + sql
        if self.has_pseudonyms:
            statement = count_by_pseudonym(statement, audit_key)
        return await fetch_rows(clickhouse, statement, parameters)


def select_table(
    query: ActivityQuery, boundaries: Iterable[int], *, now: datetime, kinds: Iterable[str] | None = None
) -> TableSelection:
    """Select the table for a query.

    The result of the query is cut at the ends of its window and at `boundaries` (Unix seconds). `kinds` are the event
    kinds to read; by default that of the query's metric.
    """
    selected_kinds = tuple(kinds) if kinds is not None else (get_definition(query.metric).kind,)
    activity_sql, approximate = _choose_activity(query, boundaries, now)
    return TableSelection(
        activity_sql,
        query,
        selected_kinds,
        approximate=approximate,
        has_pseudonyms=may_contain_pseudonyms(query.start, now),
    )


def _choose_activity(query: ActivityQuery, boundaries: Iterable[int], now: datetime) -> tuple[str, bool]:
    """Return the definition of `activity`, and whether it is approximate."""
    raw_start = get_raw_events_start(now)
    if all(edge % SECONDS_PER_HOUR == 0 for edge in (query.start_second, *boundaries)):
        if query.end_second % SECONDS_PER_HOUR == 0:
            return HOURLY_ACTIVITY_SQL, False
        if query.end >= raw_start + timedelta(hours=1):
            return HOURLY_AND_RAW_ACTIVITY_SQL, False
    if query.start >= raw_start:
        return RAW_ACTIVITY_SQL, False
    return HOURLY_ACTIVITY_SQL, True


async def fetch_rows(clickhouse: AsyncClient, sql: str, parameters: dict[str, Any]) -> Rows:
    """Run a complete statement and return its rows. Those of the demo guild are computed.

    Raises ServiceUnavailable if ClickHouse cannot be reached, QuestionTooLarge if the statement exceeds its limits.
    """
    if parameters.get("guild") == DEMO_GUILD_ID:
        sql, parameters = to_demo_sql(sql), {**parameters, **DEMO_PARAMETERS}
    reader = find_row_reader(clickhouse)
    try:
        if reader is not None:
            return await reader.fetch(sql, parameters, guild_id=parameters.get("guild"))
        result = await clickhouse.query(sql, parameters=parameters)
    except (OperationalError, OSError) as error:
        raise ServiceUnavailable from error
    except DatabaseError as error:
        if _LIMIT_ERROR.search(str(error)):
            raise QuestionTooLarge from error
        raise
    return result.result_rows


def get_raw_events_start(now: datetime) -> datetime:
    """Return an instant from which on no raw event can have expired by its TTL.

    It lies at most one day after the exact limit of three calendar months, for any lengths of the months.
    """
    start = now - timedelta(days=31 * RAW_EVENT_RETENTION_MONTHS)
    while _add_months(start, RAW_EVENT_RETENTION_MONTHS) <= now:
        start += timedelta(days=1)
    return start


def floor_to_hour(second: int) -> int:
    """Return the start of the UTC hour that contains a time (Unix seconds)."""
    return second - second % SECONDS_PER_HOUR


def _add_months(moment: datetime, months: int) -> datetime:
    """Add calendar months as ClickHouse does: the same day, or the last day of a shorter month."""
    years, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + years, month + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))
