"""From counts of intervals to points: silent ones are 0, uncounted ones None, half-counted ones marked."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.coverage import Coverage, Covered, coverage_of
from herwa_shared.analytics.intervals import edges_of
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.series import Point
from herwa_shared.analytics.source import Source, array_of, source_of
from herwa_shared.db import Database

AT_ONCE = 4_000  # edges a statement: a server takes at most 128 KiB as one parameter


async def counted_points(
    database: Database, clickhouse: AsyncClient, query: ActivityQuery, question: str, *, now: datetime
) -> tuple[tuple[Point, ...], Source]:
    """One point an interval of the query, and the rows that gave them, for further questions.

    `question` selects pairs (edge, value) from `activity`, given the `edges` by which to group.
    """
    edges = edges_of(query.start_second, query.end_second, query.interval, query.zone)
    source = source_of(query, edges[1:-1], now=now)
    values: dict[int, int] = {}
    for first in range(0, len(edges) - 1, AT_ONCE):
        some = edges[first : first + AT_ONCE + 1]
        rows = await source.ask(clickhouse, question, start=some[0], end=some[-1], edges=array_of(some[:-1]))
        values.update((edge, value) for edge, value in rows)
    coverage = await coverage_of(database, query.guild_id, query.start, query.end, now=now)
    return tuple(_points(query, edges, values, coverage, now)), source


def _points(
    query: ActivityQuery, edges: list[int], values: dict[int, int], coverage: Coverage, now: datetime
) -> Iterator[Point]:
    latest = min(now, query.end)
    moments = (datetime.fromtimestamp(edge, UTC) for edge in edges)
    for edge, (start, end) in zip(edges, pairwise(moments), strict=False):
        covered = coverage.over(max(start, query.start), min(end, latest))
        value = values.get(edge)
        if value is None and covered is Covered.NOT:
            yield Point(start, None)
        else:
            yield Point(start, value or 0, partial=covered is not Covered.WHOLLY)
