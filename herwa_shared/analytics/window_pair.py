"""A window and its comparison window, read by one statement.

A statement costs the engine several milliseconds, however few rows it reads; so numbers of both windows are not read
one by one. The statement selects from the CTE `activity (kind, is_current, moment, is_counted, is_elapsed, channel_id,
user_id, person_id, events, total)`: a row of the window has `is_current`, a row of the comparison window has not.
`is_counted` rows are those of the windows, `is_elapsed` rows those of the parts that a change compares, see
`comparison.align_windows`. Where the windows overlap, a row is in both.

`table_selection.select_table` chooses the table of each window. If the elapsed part ends within an hour, the rollup's
row of that hour is counted, and its raw events until then are elapsed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.comparison import ComparedWindows
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.table_selection import (
    RAW_ACTIVITY_SQL,
    Rows,
    TableSelection,
    fetch_rows,
    floor_to_hour,
    format_array,
    select_table,
)
from herwa_shared.analytics.timezones import SECONDS_PER_HOUR
from herwa_shared.clickhouse.pseudonyms import count_by_pseudonym

HOURLY_SQL = """
    SELECT kind, 1 AS is_current, toUnixTimestamp(hour) AS moment, 1 AS is_counted,
        hour < {hourly_elapsed_end:DateTime('UTC')} AS is_elapsed,
        channel_id, user_id, user_id AS person_id, events, total
    FROM activity_hourly
    WHERE guild_id = {guild:UInt64} AND kind IN {kinds:Array(String)}
      AND hour >= {start:DateTime('UTC')} AND hour < {hourly_end:DateTime('UTC')}
      AND ({channel:UInt64} = 0 OR channel_id = {channel:UInt64})
"""
RAW_SQL = """
    SELECT kind, 1 AS is_current, toUnixTimestamp(at) AS moment, 1 AS is_counted,
        at < {elapsed_end:DateTime('UTC')} AS is_elapsed, channel_id, user_id, user_id AS person_id,
        toUInt64(1) AS events, toUInt64(ifNull(value, 0)) AS total
    FROM activity_events
    WHERE guild_id = {guild:UInt64} AND kind IN {kinds:Array(String)}
      AND at >= {start:DateTime('UTC')} AND at < {end:DateTime('UTC')}
      AND ({channel:UInt64} = 0 OR channel_id = {channel:UInt64})
"""
RAW_HOURS_SQL = """
    SELECT kind, 1 AS is_current, toUnixTimestamp(at) AS moment, at >= {hourly_end:DateTime('UTC')} AS is_counted,
        at < {elapsed_end:DateTime('UTC')} AS is_elapsed, channel_id, user_id, user_id AS person_id,
        toUInt64(1) AS events, toUInt64(ifNull(value, 0)) AS total
    FROM activity_events
    WHERE guild_id = {guild:UInt64} AND kind IN {kinds:Array(String)}
      AND at >= {start:DateTime('UTC')} AND at < {end:DateTime('UTC')}
      AND toStartOfHour(at) IN {raw_hours:Array(DateTime('UTC'))} AND (is_counted OR is_elapsed)
      AND ({channel:UInt64} = 0 OR channel_id = {channel:UInt64})
"""
_WINDOW_PARAMETERS = ("start", "end", "elapsed_end", "hourly_end", "hourly_elapsed_end", "raw_hours")
_BASE_NAMES = {"1 AS is_current": "0 AS is_current"} | {f"{{{name}:": f"{{base_{name}:" for name in _WINDOW_PARAMETERS}


def _to_base_sql(sql: str) -> str:
    """Return the SELECT for the comparison window: its parameters begin with `base_`."""
    for name, base_name in _BASE_NAMES.items():
        sql = sql.replace(name, base_name)
    return sql


BASE_HOURLY_SQL, BASE_RAW_SQL, BASE_RAW_HOURS_SQL = (_to_base_sql(sql) for sql in (HOURLY_SQL, RAW_SQL, RAW_HOURS_SQL))
# Performance: one SELECT for both windows is cheaper than two. Only for windows that do not overlap.
BOTH_HOURLY_SQL = """
    SELECT kind, hour >= {start:DateTime('UTC')} AND hour < {end:DateTime('UTC')} AS is_current,
        toUnixTimestamp(hour) AS moment, 1 AS is_counted,
        hour < if(is_current, {hourly_elapsed_end:DateTime('UTC')}, {base_hourly_elapsed_end:DateTime('UTC')})
            AS is_elapsed,
        channel_id, user_id, user_id AS person_id, events, total
    FROM activity_hourly
    WHERE guild_id = {guild:UInt64} AND kind IN {kinds:Array(String)}
      AND (hour >= {start:DateTime('UTC')} AND hour < {hourly_end:DateTime('UTC')}
        OR hour >= {base_start:DateTime('UTC')} AND hour < {base_hourly_end:DateTime('UTC')})
      AND ({channel:UInt64} = 0 OR channel_id = {channel:UInt64})
"""


@dataclass(frozen=True, slots=True)
class WindowReader:
    """Reads the rows of one window.

    `elapsed_end` is the end of the part that a change compares. The window or that part ends within each of
    `raw_hours`, which are read from the raw events. All are Unix seconds.
    """

    table: TableSelection
    elapsed_end: int
    raw_hours: tuple[int, ...] = ()

    @property
    def is_hourly(self) -> bool:
        """Whether the hourly rollup is read."""
        return self.table.activity_sql != RAW_ACTIVITY_SQL

    def get_parameters(self) -> dict[str, Any]:
        """Return the parameters of the window's SELECTs."""
        end = self.table.query.end_second
        return {
            "start": self.table.query.start_second,
            "end": end,
            "elapsed_end": self.elapsed_end,
            "hourly_end": self._exclude_raw_hour(end),
            "hourly_elapsed_end": self._exclude_raw_hour(self.elapsed_end),
            "raw_hours": format_array(self.raw_hours),
        }

    def _exclude_raw_hour(self, end: int) -> int:
        """Return the start of the hour in which `end` lies if that hour is read from the raw events, else `end`."""
        hour = floor_to_hour(end)
        return hour if hour in self.raw_hours else end


@dataclass(frozen=True, slots=True)
class WindowPairReader:
    """Reads the rows of a window and of its comparison window, if there is one."""

    current: WindowReader
    base: WindowReader | None

    def list_readers(self) -> list[WindowReader]:
        """List the readers of both windows."""
        return [self.current, self.base] if self.base else [self.current]

    async def fetch(
        self, clickhouse: AsyncClient, sql: str, *, audit_key: bytes | None, **extra_parameters: Any
    ) -> Rows:
        """Run `sql`, a SELECT from `activity`, and return its rows.

        Members are counted across pseudonyms with the audit key. Raises ServiceUnavailable if ClickHouse cannot be
        reached.
        """
        query = self.current.table.query
        parameters = {
            "guild": query.guild_id,
            "kinds": list(self.current.table.kinds),
            "channel": query.channel_id or 0,
            **self.current.get_parameters(),
            **extra_parameters,
        }
        if self.base:
            parameters |= {f"base_{name}": value for name, value in self.base.get_parameters().items()}
        statement = f"WITH activity AS ({'UNION ALL'.join(self._list_selects())}){sql}"
        if any(reader.table.has_pseudonyms for reader in self.list_readers()):
            statement = count_by_pseudonym(statement, audit_key)
        return await fetch_rows(clickhouse, statement, parameters)

    def _list_selects(self) -> list[str]:
        """List the SELECTs whose rows are all rows of both windows."""
        selects = []
        current, base = self.current, self.base
        if base and current.is_hourly and base.is_hourly and not _overlap(current.table.query, base.table.query):
            selects.append(BOTH_HOURLY_SQL)
        else:
            selects.append(HOURLY_SQL if current.is_hourly else RAW_SQL)
            if base:
                selects.append(BASE_HOURLY_SQL if base.is_hourly else BASE_RAW_SQL)
        if current.raw_hours:
            selects.append(RAW_HOURS_SQL)
        if base and base.raw_hours:
            selects.append(BASE_RAW_HOURS_SQL)
        return selects


def select_pair(
    query: ActivityQuery,
    comparison: ActivityQuery | None,
    windows: ComparedWindows | None,
    *,
    boundaries: Iterable[int] = (),
    base_boundaries: Iterable[int] = (),
    now: datetime,
    kinds: Iterable[str],
) -> WindowPairReader:
    """Select the tables for a window and its comparison window.

    The results are cut at the ends of the windows, at the ends of `windows`, and at the boundaries (Unix seconds).
    """
    kinds = tuple(kinds)
    current = _select_window(query, windows.current if windows else query, boundaries, now, kinds)
    if comparison is None:
        return WindowPairReader(current, None)
    base = _select_window(comparison, windows.base if windows else comparison, base_boundaries, now, kinds)
    return WindowPairReader(current, base)


def _select_window(
    query: ActivityQuery, elapsed: ActivityQuery, boundaries: Iterable[int], now: datetime, kinds: tuple[str, ...]
) -> WindowReader:
    """Select the table of a window. There are no events after `now`, so that no hour is cut there."""
    table = select_table(query, boundaries, now=now, kinds=kinds)
    if table.approximate or table.activity_sql == RAW_ACTIVITY_SQL:
        return WindowReader(table, elapsed.end_second)
    past_ends = {end for end in (elapsed.end_second, query.end_second) if end < int(now.timestamp())}
    raw_hours = {floor_to_hour(end) for end in past_ends if end % SECONDS_PER_HOUR}
    return WindowReader(table, elapsed.end_second, tuple(sorted(raw_hours)))


def _overlap(query: ActivityQuery, other: ActivityQuery) -> bool:
    return query.start < other.end and other.start < query.end
