"""Builds time series for tests of charts: from given values, or random ones with hypothesis."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.results import Interval, Point, TimeSeries

GUILD_ID = 813_402_719_422_463_011
MAY_3 = datetime(2021, 5, 3, tzinfo=UTC)
INTERVAL_STEPS = {Interval.HOUR: timedelta(hours=1), Interval.DAY: timedelta(days=1), Interval.WEEK: timedelta(days=7)}


def build_timeseries(
    values, *, start=MAY_3, interval=Interval.DAY, zone="UTC", partial=(), metric=Metric.MESSAGES
) -> TimeSeries:
    """Build a series with one point per value from `start` on, as analytics returns it."""
    time_zone = ZoneInfo(zone)
    points = []
    at = start.astimezone(time_zone)
    for index, value in enumerate(values):
        points.append(Point(at, value, index in partial))
        at = _get_next_start(at, interval)
    total = sum(value or 0 for value in values)
    return TimeSeries(GUILD_ID, metric, interval, time_zone, start, at, total, tuple(points))


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
    """Draw a series of any values and gaps, in any time zone, starting at local midnight."""
    zone = draw(zones)
    start = datetime(2021, 1, 1, tzinfo=ZoneInfo(zone)) + timedelta(days=draw(st.integers(0, 1500)))
    values = draw(st.lists(counts, max_size=draw(st.sampled_from([3, 40, 200]))))
    partial = draw(st.sets(st.integers(0, max(len(values) - 1, 0)), max_size=4))
    metric, interval = draw(st.sampled_from(Metric)), draw(st.sampled_from(Interval))
    return build_timeseries(values, start=start, interval=interval, zone=zone, partial=partial, metric=metric)
