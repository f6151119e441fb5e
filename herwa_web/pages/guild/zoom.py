"""Zooming and panning of the chart: the window that a gesture selects. A window is whole intervals of the chart.

Plotly gives positions on the time axis as local times of the view's zone. Gestures that would change nothing, and
windows outside of the data, give None.
"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from herwa_shared.analytics.date_ranges import DateRange
from herwa_shared.analytics.intervals import INTERVAL_WIDTHS
from herwa_shared.analytics.query import list_query_edges
from herwa_shared.analytics.results import Interval
from herwa_shared.analytics.timezones import to_instant, to_local_time
from herwa_shared.charts.axes import place_on_axis
from herwa_shared.dashboard_query import DashboardQuery

MIN_ZOOM_HOURS = 2
"""A single hour cannot be zoomed: it would be one point."""
MAX_PAN_LENGTH_CHANGE = 0.005
"""A gesture that changes the visible length by a smaller share has moved the axis."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class ChartInterval(NamedTuple):
    """One interval of the chart, cut to the window, and its position on the time axis."""

    start: datetime
    end: datetime
    position: datetime


def find_selected_view(view: DashboardQuery, start_text: str, end_text: str) -> DashboardQuery | None:
    """Return the view after the visible part of the axis has become `start_text` to `end_text`."""
    start, end = _parse_position(start_text), _parse_position(end_text)
    intervals = _list_intervals(view)
    if start is None or end is None or start >= end or len(intervals) < 2:
        return None
    axis_start, axis_length = intervals[0].position, intervals[-1].position - intervals[0].position
    if abs((end - start) / axis_length - 1) < MAX_PAN_LENGTH_CHANGE:
        date_range = _move(view, start - axis_start)
        return view.pan(date_range) if date_range else None
    selected = [interval for interval in intervals if start <= interval.position <= end and interval.start < view.now]
    if not selected:
        date_range = None if view.interval is Interval.HOUR else _round_to_hours(view, start, end)
    else:
        date_range = DateRange(selected[0].start, selected[-1].end)
    return _zoom(view, date_range)


def find_point_view(view: DashboardQuery, position_text: str) -> DashboardQuery | None:
    """Return the view zoomed into the interval at this position of the axis."""
    position = _parse_position(position_text)
    interval = next((interval for interval in _list_intervals(view) if interval.position == position), None)
    return _zoom(view, DateRange(interval.start, interval.end)) if interval and interval.start < view.now else None


def _zoom(view: DashboardQuery, date_range: DateRange | None) -> DashboardQuery | None:
    is_long_enough = date_range and date_range.end - date_range.start >= MIN_ZOOM_HOURS * HOUR
    return view.zoom(date_range) if date_range and is_long_enough and date_range != view.date_range else None


def _list_intervals(view: DashboardQuery) -> list[ChartInterval]:
    query = view.to_activity_query()
    moments = [datetime.fromtimestamp(edge, UTC) for edge in list_query_edges(query)]
    positions = place_on_axis(moments[:-1], view.interval, view.zone)
    return [
        ChartInterval(max(start, query.start), min(end, query.end), position)
        for (start, end), position in zip(pairwise(moments), positions, strict=True)
    ]


def _round_to_hours(view: DashboardQuery, start: datetime, end: datetime) -> DateRange | None:
    """Return the full hours around two local times, within the window and not after the current hour."""
    first = _to_moment(view, start.replace(minute=0, second=0, microsecond=0))
    last = _to_moment(view, (end + HOUR - timedelta(microseconds=1)).replace(minute=0, second=0, microsecond=0))
    current_hour_end = _to_moment(view, _get_data_bounds(view, HOUR)[1])
    first, last = max(first, view.date_range.start), min(last, view.date_range.end, current_hour_end)
    return DateRange(first, last) if first < last else None


def _move(view: DashboardQuery, distance: timedelta) -> DateRange | None:
    """Return the window moved along the axis by whole intervals; not before the first data, and not after now."""
    unit = _get_pan_unit(view)
    first, last = _get_data_bounds(view, unit)
    local_start, local_end = (_to_local(view, moment) for moment in (view.date_range.start, view.date_range.end))
    steps = min(round(distance / unit), max((last - local_end) // unit, 0))
    if first is not None:
        steps = max(steps, min(-((local_start - first) // unit), 0))
    start, end = (_to_moment(view, local + steps * unit) for local in (local_start, local_end))
    return DateRange(start, end) if steps and start < end else None


def _get_pan_unit(view: DashboardQuery) -> timedelta:
    """Return the unit by which panning moves: hours, days or weeks; charts of months move by days."""
    return DAY if view.interval is Interval.MONTH else INTERVAL_WIDTHS[view.interval]


def _get_data_bounds(view: DashboardQuery, unit: timedelta) -> tuple[datetime | None, datetime]:
    """Return the start of the first hour or day with data, if known, and the end of the current one, in local time."""

    def floor(moment: datetime) -> datetime:
        local_hour = _to_local(view, moment).replace(minute=0, second=0)
        return local_hour if unit < DAY else local_hour.replace(hour=0)

    return view.data_start and floor(view.data_start), floor(view.now) + min(unit, DAY)


def _to_local(view: DashboardQuery, moment: datetime) -> datetime:
    return to_local_time(int(moment.timestamp()), view.zone)


def _to_moment(view: DashboardQuery, local_time: datetime) -> datetime:
    return datetime.fromtimestamp(to_instant(local_time, view.zone), UTC)


def _parse_position(text: str) -> datetime | None:
    """Parse a position as Plotly writes it: `2026-11-05`, `2026-11-05 10:12:30.1234`."""
    try:
        position = datetime.fromisoformat(text[:19]) if len(text) >= len("2026-11-05") else None
    except ValueError:
        return None
    return position.replace(tzinfo=None) if position and 1971 <= position.year <= 2099 else None
