"""URLs of the controls of a guild's page. The URL contains the view, so a control is a link."""

from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode

from herwa_shared.analytics.date_ranges import DateRange, DateRangePreset, list_allowed_intervals
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.results import Interval
from herwa_shared.dashboard_params import ComparisonMode
from herwa_shared.dashboard_query import DashboardQuery
from herwa_web.pages.exports.linked_view import LinkedView

RANGE_KEYS = {
    DateRangePreset.TODAY: "D",
    DateRangePreset.YESTERDAY: "E",
    DateRangePreset.DAY: "H",
    DateRangePreset.WEEK: "W",
    DateRangePreset.FOUR_WEEKS: "F",
    DateRangePreset.MONTH: "T",
    DateRangePreset.QUARTER: "N",
    DateRangePreset.THIS_MONTH: "M",
    DateRangePreset.LAST_MONTH: "P",
    DateRangePreset.THIS_YEAR: "Y",
    DateRangePreset.TWELVE_MONTHS: "L",
    DateRangePreset.ALL: "A",
}
COMPARISON_MODES = (ComparisonMode.PREVIOUS, ComparisonMode.YEAR, ComparisonMode.OFF)


def build_url(view: DashboardQuery) -> str:
    """Build the URL of a view."""
    query_string = urlencode(view.to_params())
    return f"/g/{view.guild_id}{'?' if query_string else ''}{query_string}"


def build_links(view: DashboardQuery) -> dict[str, str]:
    """Build the URLs of all controls by name. A step that would not change the view is empty.

    The names are `previous`, `next`, `zoom_out`, `all_channels`, `export` (the form of an export of the view),
    `compare` (toggles the comparison), `interval` (the next one), `range_…` for each preset, `interval_…` for each
    interval that the window allows, and `compare_…` for each mode.
    """
    next_view, previous_view = view.shift(1), view.shift(-1)
    links = {
        "previous": _link_to_step(view, previous_view) if view.can_shift_backward else "",
        "next": _link_to_step(view, next_view) if view.can_shift_forward else "",
        "zoom_out": build_url(view.zoom_out()) if view.zoom_origin else "",
        "all_channels": link_to_channel(view, None),
        "export": LinkedView.build(view).format_url(view.guild_id),
        "compare": build_url(replace(view, comparison_mode=_toggle_comparison(view), custom_comparison=None)),
    }
    links |= {f"range_{preset.name.lower()}": build_url(view.apply_preset(preset)) for preset in RANGE_KEYS}
    links |= {
        f"interval_{interval}": build_url(replace(view, interval=interval))
        for interval in list_allowed_intervals(view.date_range)
    }
    links |= {
        f"compare_{comparison}": build_url(replace(view, comparison_mode=comparison, custom_comparison=None))
        for comparison in COMPARISON_MODES
    }
    intervals = list_allowed_intervals(view.date_range)
    next_interval = (
        intervals[(intervals.index(view.interval) + 1) % len(intervals)] if view.interval in intervals else Interval.DAY
    )
    return links | {"interval": build_url(replace(view, interval=next_interval))}


def link_to_metric(view: DashboardQuery, metric: Metric) -> str:
    """Build the URL of the same view with another metric."""
    return build_url(replace(view, metric=metric))


def link_to_channel(view: DashboardQuery, channel_id: int | None) -> str:
    """Build the URL of the same view filtered by a channel, or unfiltered for None."""
    return build_url(replace(view, channel_id=channel_id))


def link_to_date_range(view: DashboardQuery, date_range: DateRange) -> str:
    """Build the URL of the same view with a custom window, at that window's default interval."""
    return build_url(view.apply_dates(date_range))


def link_to_zoom(view: DashboardQuery, start: datetime, end: datetime) -> str:
    """Build the URL of the same view zoomed into an interval, as far as it is within the window."""
    date_range = DateRange(max(start, view.date_range.start), min(end, view.date_range.end))
    return build_url(view.zoom(date_range)) if date_range != view.date_range else ""


def link_to_comparison(view: DashboardQuery, date_range: DateRange) -> str:
    """Build the URL of the same view compared with a custom window."""
    return build_url(replace(view, comparison_mode=ComparisonMode.CUSTOM, custom_comparison=date_range))


def _link_to_step(view: DashboardQuery, shifted_view: DashboardQuery) -> str:
    return build_url(shifted_view) if shifted_view.date_range != view.date_range else ""


def _toggle_comparison(view: DashboardQuery) -> ComparisonMode:
    return ComparisonMode.PREVIOUS if view.comparison_mode is ComparisonMode.OFF else ComparisonMode.OFF
