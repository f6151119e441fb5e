"""Builds time series for tests of charts: from given values, or random ones with hypothesis."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from herwa_shared.analytics.compared_series import ComparedSeries
from herwa_shared.analytics.comparison import Change
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.results import Interval, Point, PointStatus, TimeSeries

GUILD_ID = 813_402_719_422_463_011
MAY_3 = datetime(2021, 5, 3, tzinfo=UTC)
INTERVAL_STEPS = {Interval.HOUR: timedelta(hours=1), Interval.DAY: timedelta(days=1), Interval.WEEK: timedelta(days=7)}


def build_timeseries(
    values,
    *,
    start=MAY_3,
    end=None,
    interval=Interval.DAY,
    zone="UTC",
    partial=(),
    metric=Metric.MESSAGES,
    now=None,
    total=None,
    estimated=(),
) -> TimeSeries:
    """Build a series with one point per value from `start` on, as analytics returns it.

    By default it is over at `now`. The points at the indexes `partial` were recorded by half, those at `estimated` are
    estimates. `end` cuts the last one.
    """
    time_zone = ZoneInfo(zone)
    bounds = []
    at = start.astimezone(time_zone)
    for _ in values:
        bounds.append((at, _get_next_start(at, interval)))
        at = bounds[-1][1]
    end, now = end or at, now or at
    points = tuple(
        _build_point(value, bound, end, now, covered_share=0.5 if index in partial else 1.0)
        for index, (value, bound) in enumerate(zip(values, bounds, strict=True))
    )
    points = tuple(
        replace(point, status=PointStatus.ESTIMATED) if index in estimated else point
        for index, point in enumerate(points)
    )
    total = sum(point.value or 0 for point in points) if total is None else total
    return TimeSeries(GUILD_ID, metric, interval, time_zone, start, end, total, points, now)


def build_compared(series: TimeSeries, comparison: TimeSeries | None = None) -> ComparedSeries:
    """Compare two series whose windows are over and recorded; otherwise without a change."""
    is_fair = comparison is not None and all(
        point.status is PointStatus.COMPLETE for point in (*series.points, *comparison.points)
    )
    return ComparedSeries(series, comparison, Change(series.total, comparison.total) if is_fair else None)


def _build_point(value, bound, window_end, now, *, covered_share) -> Point:
    start, end = bound
    if start >= now:
        return Point(start, end, None, PointStatus.FUTURE)
    if value is None:
        return Point(start, end, None, PointStatus.NO_DATA)
    is_cut = end > window_end
    is_complete = not is_cut and covered_share == 1
    status = PointStatus.CURRENT if now < end else PointStatus.COMPLETE if is_complete else PointStatus.PARTIAL
    return Point(start, end, value, status, is_cut, covered_share)


def _get_next_start(at: datetime, interval: Interval) -> datetime:
    if interval is Interval.MONTH:
        return (at.replace(day=1) + timedelta(days=32)).replace(day=1)
    if interval is Interval.HOUR:
        return (at.astimezone(UTC) + INTERVAL_STEPS[interval]).astimezone(at.tzinfo)
    return at + INTERVAL_STEPS[interval]


counts = st.none() | st.integers(0, 9) | st.integers(0, 2**63)
zones = st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"])


@st.composite
def any_timeseries(draw) -> TimeSeries:
    """Draw a series of any values and gaps, in any time zone, starting at local midnight; over or still running."""
    zone = draw(zones)
    start = datetime(2021, 1, 1, tzinfo=ZoneInfo(zone)) + timedelta(days=draw(st.integers(0, 1500)))
    values = draw(st.lists(counts, max_size=draw(st.sampled_from([3, 40, 200]))))
    partial = draw(st.sets(st.integers(0, max(len(values) - 1, 0)), max_size=4))
    metric, interval = draw(st.sampled_from(Metric)), draw(st.sampled_from(Interval))
    if metric is Metric.MEMBERS and values and draw(st.booleans()):
        estimated = [index for index in range(draw(st.integers(1, len(values)))) if values[index] is not None]
        return build_timeseries(values, start=start, interval=interval, zone=zone, metric=metric, estimated=estimated)
    series = build_timeseries(values, start=start, interval=interval, zone=zone, partial=partial, metric=metric)
    if draw(st.booleans()):
        return series
    now = series.start + (series.end - series.start) * draw(st.floats(0, 1))
    return build_timeseries(values, start=start, interval=interval, zone=zone, partial=partial, metric=metric, now=now)


@st.composite
def any_compared(draw) -> ComparedSeries:
    """Draw a series with or without a comparison."""
    return build_compared(draw(any_timeseries()), draw(st.none() | any_timeseries()))
