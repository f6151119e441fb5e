"""Sampled counts over time: samples are stored when a count changes, and hold until the next one.

A sample holds from its time until the end of the covered period in which it lies: nothing is known about the count
beyond a gap. The value of an interval, and of a window, is the newest sample that holds at some moment of it.

The newest sample of each hour is read from `sample_hourly`, which is kept forever. An hour that a boundary divides is
read from the raw events as well, as long as they are kept.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.coverage import Coverage
from herwa_shared.analytics.growth import NO_GROWTH, EstimatedGrowth, load_growth
from herwa_shared.analytics.metric_definitions import Metric, get_definition
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.table_selection import (
    MAX_EDGES_PER_STATEMENT,
    fetch_rows,
    floor_to_hour,
    format_array,
    get_raw_events_start,
)
from herwa_shared.analytics.timezones import SECONDS_PER_HOUR
from herwa_shared.db import Database

MILLISECOND = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOOK_BACK = timedelta(days=7)
"""How long before a window the samples are read that may hold at its start."""

# The newest sample between each two edges, and after the last one within its hour.
NEWEST_SQL = """
SELECT /* analytics.samples */ max((at_ms, value)) AS newest
FROM samples
GROUP BY roundDown(intDiv(at_ms, 1000), {edges:Array(UInt32)})
"""
HOURLY_SAMPLES_SQL = """
    SELECT toUnixTimestamp64Milli(newest_of_hour.1) AS at_ms, newest_of_hour.2 AS value
    FROM (
        SELECT max(newest) AS newest_of_hour
        FROM sample_hourly
        WHERE guild_id = {guild:UInt64} AND kind = {kind:String}
          AND hour >= toStartOfHour(toDateTime({start:UInt32}, 'UTC')) AND hour < toDateTime({end:UInt32}, 'UTC')
        GROUP BY hour
    )
"""
SAMPLE_EVENTS_SQL = """
    SELECT toUnixTimestamp64Milli(at), ifNull(value, 0)
    FROM activity_events
    WHERE guild_id = {guild:UInt64} AND kind = {kind:String}
      AND at >= toDateTime({first_raw_hour:UInt32}, 'UTC')
      AND at < toDateTime({last_raw_hour:UInt32}, 'UTC') + INTERVAL 1 HOUR
      AND toUnixTimestamp(toStartOfHour(at)) IN {raw_hours:Array(UInt32)}
"""
HOURS_ONLY_SQL = "WITH samples AS (" + HOURLY_SAMPLES_SQL + ")" + NEWEST_SQL
HOURS_AND_EVENTS_SQL = "WITH samples AS (" + HOURLY_SAMPLES_SQL + "UNION ALL" + SAMPLE_EVENTS_SQL + ")" + NEWEST_SQL


@dataclass(frozen=True, slots=True)
class SampleTimeline:
    """The newest samples between the boundaries for which it was loaded, in order, and when they were recorded.

    `growth` estimates the count before the first sample.
    """

    samples: Sequence[tuple[datetime, int]]
    coverage: Coverage
    growth: EstimatedGrowth = NO_GROWTH

    def find_value(self, start: datetime, end: datetime) -> int | None:
        """Find the newest count that is known in `[start, end)`, which lies between two boundaries."""
        index = bisect_left(self.samples, end, key=lambda sample: sample[0]) - 1
        if index < 0 or start >= end:
            return None
        at, value = self.samples[index]
        return value if at >= start or self.coverage.find_end(at) > start else None

    def list_values(self, query: ActivityQuery, edges: Sequence[int]) -> dict[int, int]:
        """Return the value of each interval of a window that has one, by the interval's start (Unix seconds)."""
        values: dict[int, int] = {}
        for start, end in pairwise(edges):
            first, last = max(start, query.start_second), min(end, query.end_second)
            value = self.find_value(datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC))
            if value is not None:
                values[start] = value
        return values

    def list_estimates(self, query: ActivityQuery, edges: Sequence[int]) -> dict[int, int]:
        """Return the estimate for each interval of a window that has one and no value, as `list_values` does."""
        values = self.list_values(query, edges)
        estimates = self.growth.list_values(query, edges)
        return {start: estimate for start, estimate in estimates.items() if start not in values}

    def find_estimate(self, query: ActivityQuery) -> int | None:
        """Find the estimated total of a window without a value."""
        return self.growth.find_value(query.start_second, query.end_second)

    def find_total(self, query: ActivityQuery) -> int | None:
        """Find the total of a window: its value, or else its estimate."""
        value = self.find_value(query.start, query.end)
        return self.find_estimate(query) if value is None else value


async def load_timeline(
    database: Database,
    clickhouse: AsyncClient,
    metric: Metric,
    windows: Sequence[ActivityQuery],
    boundaries: Iterable[int],
    coverage: Coverage,
    *,
    now: datetime,
) -> SampleTimeline:
    """Load the samples of a metric as `load_samples` does, and the estimate before its first sample."""
    kind = get_definition(metric).kind
    timeline = await load_samples(clickhouse, kind, windows, boundaries, coverage, now=now)
    is_known = timeline.samples and timeline.samples[0][0] <= min(window.start for window in windows)
    if is_known or metric is not Metric.MEMBERS:
        return timeline
    return replace(timeline, growth=await load_growth(database, clickhouse, windows[0].guild_id, kind))


async def load_samples(
    clickhouse: AsyncClient,
    kind: str,
    windows: Sequence[ActivityQuery],
    boundaries: Iterable[int],
    coverage: Coverage,
    *,
    now: datetime,
) -> SampleTimeline:
    """Load the samples of a guild that hold in one of `windows`, as exact as `boundaries` (Unix seconds) need.

    `coverage` is that of `kind`; it reaches back to the beginning of each period that contains the start of a window.
    Raises ServiceUnavailable if ClickHouse cannot be reached.

    Performance: a count that holds at the start of a window was usually stored shortly before it. Earlier samples cost
    a read of each month, so they are read only if there is none.
    """
    window_start = min(window.start for window in windows)
    first = min(coverage.find_start(window.start) for window in windows)
    recent = max(first, window_start - LOOK_BACK)
    cuts = {second for window in windows for second in (window.start_second, window.end_second)}
    samples = await _fetch_samples(clickhouse, windows[0].guild_id, kind, {_to_hour(recent), *cuts, *boundaries}, now)
    if first < recent and not (samples and samples[0][0] <= window_start):
        earlier = await _fetch_samples(clickhouse, windows[0].guild_id, kind, {_to_hour(first), _to_hour(recent)}, now)
        samples = earlier + samples
    return SampleTimeline(samples, coverage)


async def _fetch_samples(
    clickhouse: AsyncClient, guild_id: int, kind: str, cuts: Collection[int], now: datetime
) -> list[tuple[datetime, int]]:
    """Fetch the newest sample between each two cuts (Unix seconds), in order."""
    edges = sorted(cuts)
    samples: list[tuple[datetime, int]] = []
    for offset in range(0, len(edges) - 1, MAX_EDGES_PER_STATEMENT):
        chunk = edges[offset : offset + MAX_EDGES_PER_STATEMENT + 1]
        raw_hours = _list_cut_hours(chunk, now)
        parameters = {
            "guild": guild_id,
            "kind": kind,
            "start": chunk[0],
            "end": chunk[-1],
            "edges": format_array(chunk),
            "raw_hours": format_array(raw_hours),
            "first_raw_hour": raw_hours[0] if raw_hours else 0,
            "last_raw_hour": raw_hours[-1] if raw_hours else 0,
        }
        sql = HOURS_AND_EVENTS_SQL if raw_hours else HOURS_ONLY_SQL
        samples += [
            (EPOCH + at_ms * MILLISECOND, value) for ((at_ms, value),) in await fetch_rows(clickhouse, sql, parameters)
        ]
    return sorted(samples)


def _to_hour(moment: datetime) -> int:
    return floor_to_hour(int(moment.timestamp()))


def _list_cut_hours(edges: Iterable[int], now: datetime) -> list[int]:
    """List the hours that an edge divides: their raw events are kept, and there are events after the edge."""
    raw_start, end = int(get_raw_events_start(now).timestamp()), int(now.timestamp())
    return sorted({floor_to_hour(edge) for edge in edges if edge % SECONDS_PER_HOUR and raw_start <= edge < end})
