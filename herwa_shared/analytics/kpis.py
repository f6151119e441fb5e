"""Several metrics of one window at a glance: total, change and sparkline of each, in a handful of statements."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.coverage import Coverage, Covered, first_hours, record_of
from herwa_shared.analytics.glance import Glance, glance
from herwa_shared.analytics.measures import CHANNEL_METRICS, Sum, measure_of
from herwa_shared.analytics.points import Counted
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.series import Metric
from herwa_shared.clock import utc_now
from herwa_shared.db import Database

ENOUGH = 0.99
"""The part of a window that must have been counted for its change to be told: restarts take moments."""


@dataclass(frozen=True, slots=True)
class Kpi:
    """One metric over a window. None is what nobody counted, or what cannot be told for one channel.

    `earlier` is the total of the compared window, and of that only as much as has passed of this one in whole hours.
    `change` compares these same hours (0.12 is 12% more); it is None unless both were counted, but for a hundredth.
    """

    metric: Metric
    total: int | None
    earlier: int | None
    change: float | None
    rising_is_good: bool | None
    points: tuple[int | None, ...]


async def kpis(
    database: Database,
    clickhouse: AsyncClient,
    query: ActivityQuery,
    *,
    compare: ActivityQuery | None,
    metrics: Sequence[Metric],
    now: datetime | None = None,
) -> tuple[Kpi, ...]:
    """These metrics in this order, each as `series_of` would say; points are by the query's interval.

    Raises BadRequest over 4,000 points.
    """
    now = now or utc_now()
    done = query.done_at(now)
    before = compare and replace(compare, channel_id=query.channel_id, interval=query.interval).as_much_as(query, now)
    windows = [query, before] if before else [query]
    told = [metric for metric in metrics if query.channel_id is None or metric in CHANNEL_METRICS]
    record, glances = await asyncio.gather(
        record_of(
            database,
            query.guild_id,
            min(window.start for window in windows),
            max(window.end for window in windows),
            now=now,
        ),
        asyncio.gather(*(glance(clickhouse, one, told, done=min(done, one.end), now=now) for one in windows)),
    )
    kinds = {measure_of(one).kind for one in told if measure_of(one).sum is not Sum.NEWEST}
    begun = await first_hours(clickhouse, query.guild_id, sorted(kinds), record)
    found = {}
    for metric in told:
        coverage = record.coverage(measure_of(metric), begun)
        found[metric] = _kpi(metric, glances[0], glances[1] if before else None, coverage, done, now)
    return tuple(found.get(metric) or _untold(metric) for metric in metrics)


def _kpi(
    metric: Metric, current: Glance, before: Glance | None, coverage: Coverage, done: datetime, now: datetime
) -> Kpi:
    measure, query = measure_of(metric), current.query
    points = Counted(replace(query, metric=metric), current.edges, current.values[metric], coverage).points(now)
    total = _told(metric, current, coverage, now)
    earlier = _told(metric, before, coverage, now) if before else None
    finished, change = measure.finished(current.done.get(metric, 0)), None
    if before and earlier and total is not None:
        windows = [(query.start, done), (before.query.start, before.query.end)]
        if measure.sum is Sum.NEWEST or all(coverage.share(*window) >= ENOUGH for window in windows):
            change = finished / earlier - 1
    return Kpi(metric, total, earlier, change, measure.rising_is_good, tuple(point.value for point in points))


def _told(metric: Metric, seen: Glance, coverage: Coverage, now: datetime) -> int | None:
    """The total; None where nothing is stored and nobody counted."""
    measure, query = measure_of(metric), seen.query
    if metric in seen.totals:
        return measure.finished(seen.totals[metric])
    if measure.sum is Sum.NEWEST or coverage.over(query.start, min(query.end, now)) is Covered.NOT:
        return None
    return 0


def _untold(metric: Metric) -> Kpi:
    return Kpi(metric, None, None, None, measure_of(metric).rising_is_good, ())
