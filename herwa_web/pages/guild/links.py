"""Where every control of a guild's page leads: the view is in the address, so each of them is a plain link."""

from dataclasses import replace
from urllib.parse import urlencode

from herwa_shared.analytics.date_ranges import DateRange, DateRangePreset, get_default_interval, list_allowed_intervals
from herwa_shared.analytics.results import Interval, Metric
from herwa_shared.dashboard_query import ComparisonMode, DashboardQuery

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
COMPARISON_LABELS = {
    ComparisonMode.PREVIOUS: "Previous period",
    ComparisonMode.YEAR: "Same dates a year before",
    ComparisonMode.OFF: "Nothing",
}


def build_url(view: DashboardQuery) -> str:
    """The address of this view."""
    query_string = urlencode(view.to_params())
    return f"/g/{view.guild_id}{'?' if query_string else ''}{query_string}"


def build_links(view: DashboardQuery) -> dict[str, str]:
    """By name of the control; a step that leads nowhere is empty."""
    next_view, previous_view = view.shift(1), view.shift(-1)
    links = {
        "previous": build_url(previous_view) if previous_view.date_range != view.date_range else "",
        "next": build_url(next_view) if view.can_shift_forward and next_view.date_range != view.date_range else "",
        "all_channels": link_to_channel(view, None),
        "compare": build_url(replace(view, comparison_mode=_toggle_comparison(view), custom_comparison=None)),
    }
    links |= {f"range_{preset.name.lower()}": build_url(view.apply_preset(preset)) for preset in RANGE_KEYS}
    links |= {
        f"interval_{interval}": build_url(replace(view, interval=interval))
        for interval in list_allowed_intervals(view.date_range)
    }
    links |= {
        f"compare_{comparison}": build_url(replace(view, comparison_mode=comparison, custom_comparison=None))
        for comparison in COMPARISON_LABELS
    }
    intervals = list_allowed_intervals(view.date_range)
    next_interval = (
        intervals[(intervals.index(view.interval) + 1) % len(intervals)] if view.interval in intervals else Interval.DAY
    )
    return links | {"interval": build_url(replace(view, interval=next_interval))}


def link_to_metric(view: DashboardQuery, metric: Metric) -> str:
    """The same view, of another metric."""
    return build_url(replace(view, metric=metric))


def link_to_channel(view: DashboardQuery, channel_id: int | None) -> str:
    """The same view, narrowed to a channel or not at all."""
    return build_url(replace(view, channel_id=channel_id))


def link_to_span(view: DashboardQuery, span: DateRange) -> str:
    """The same view of a window of its own, at the interval that is usual for it."""
    custom_view = replace(view, preset=DateRangePreset.CUSTOM, date_range=span, interval=get_default_interval(span))
    return build_url(custom_view)


def _toggle_comparison(view: DashboardQuery) -> ComparisonMode:
    return ComparisonMode.PREVIOUS if view.comparison_mode is ComparisonMode.OFF else ComparisonMode.OFF
