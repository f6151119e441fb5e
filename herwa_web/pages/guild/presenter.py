"""Presenter of the overview: turns query results into one view model.

It is a single value, so that one WebSocket frame updates the entire page.
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from herwa_shared.analytics.date_ranges import DateRangePreset, get_first_day, get_last_day
from herwa_shared.analytics.metric_definitions import Metric, describe_metric, get_definition
from herwa_shared.charts.formatting import format_period
from herwa_shared.charts.text.headline import build_headline
from herwa_shared.charts.text.series_texts import NO_DATA_IN_PERIOD, describe_empty_series
from herwa_shared.charts.web_figure import build_web_figure
from herwa_shared.dashboard_query import DashboardQuery, format_date_or_time
from herwa_web import app_context, texts
from herwa_web.pages.guild.links import build_url
from herwa_web.pages.guild.queries import (
    OverviewData,
    resolve_channel_metric,
    resolve_hour_metric,
    resolve_member_metric,
)
from herwa_web.pages.guild.request import DashboardRequest
from herwa_web.pages.guild.view_models import (
    KpiView,
    RowView,
    WeekdayView,
    build_channel_rows,
    build_kpi_view,
    build_member_rows,
    build_weekday_views,
)


@dataclass(frozen=True, slots=True)
class OverviewView:
    """View model of the overview, in the order of the page."""

    sentence: str = ""
    period_label: str = ""
    notes: list[str] = field(default_factory=list)
    range_key: str = ""
    range_title: str = ""
    first_day: str = ""
    last_day: str = ""
    comparison: str = ""
    comparison_title: str = ""
    interval: str = ""
    widths: list[str] = field(default_factory=list)
    zone: str = ""
    zone_hint: str = ""
    metric_title: str = ""
    metric_description: str = ""
    kpis: list[KpiView] = field(default_factory=list)
    empty_text: str = ""
    has_gaps: bool = False
    channel_name: str = ""
    channels: list[RowView] = field(default_factory=list)
    channels_metric: str = ""
    members: list[RowView] = field(default_factory=list)
    members_metric: str = ""
    week: list[WeekdayView] = field(default_factory=list)
    week_max: int = 1
    week_metric: str = ""
    curl_command: str = ""
    is_running: bool = True


def present_overview(data: OverviewData, request: DashboardRequest) -> OverviewView:
    """Build the view model from the loaded data."""
    view, compared = request.view, data.compared
    comparison, values = compared.comparison, [point.value for point in compared.series.started_points]
    missing_reasons = (
        dict.fromkeys((Metric.JOINS, Metric.LEAVES), texts.MEMBERS_INTENT_MISSING)
        if "members" in data.missing_intents
        else {}
    )
    period = format_period(view.date_range.start, view.date_range.end, view.zone)
    return OverviewView(
        sentence=build_headline(compared, contributor=data.contributor, is_all_time=view.preset is DateRangePreset.ALL),
        period_label=f"{period} · {texts.format_time_zone(view.zone)}",
        notes=list(view.problems),
        range_key=view.preset,
        range_title=period if view.preset is DateRangePreset.CUSTOM else view.preset.label,
        first_day=get_first_day(view.date_range, view.zone).isoformat(),
        last_day=get_last_day(view.date_range, view.zone).isoformat(),
        comparison=view.comparison_mode,
        comparison_title=format_period(comparison.start, comparison.end, view.zone)
        if comparison and compared.has_base_data
        else "",
        interval=view.interval,
        zone=texts.format_time_zone(view.zone),
        zone_hint=texts.describe_time_zone(view.zone, view.now),
        metric_title=get_definition(view.metric).title,
        metric_description=describe_metric(view.metric),
        kpis=[build_kpi_view(kpi, view, missing_reasons) for kpi in data.kpis],
        empty_text=_describe_missing_data(values, data, request),
        has_gaps=None in values,
        channel_name=_format_channel(data, view),
        channels=build_channel_rows(data.channels.items, data.channel_changes, view),
        channels_metric=get_definition(resolve_channel_metric(view)).title.lower(),
        members=build_member_rows(data.members.items, data.member_changes),
        members_metric=get_definition(resolve_member_metric(view)).title.lower(),
        week=build_weekday_views(data.heatmap.cells),
        week_max=max((cell.value or 0 for cell in data.heatmap.cells), default=0) or 1,
        week_metric=get_definition(resolve_hour_metric(view)).title.lower(),
        curl_command=build_curl_command(view),
        is_running=view.date_range.end > view.now,
    )


def build_figure(data: OverviewData, view: DashboardQuery) -> dict[str, Any]:
    """Build the Plotly figure of the large chart."""
    return build_web_figure(data.compared, revision=build_url(view))


def build_curl_command(view: DashboardQuery) -> str:
    """Build the curl command that fetches the chart's series; the API key is a placeholder."""
    query = view.to_activity_query()
    params = {
        "metric": query.metric.value,
        "from": format_date_or_time(query.start, view.zone),
        "to": format_date_or_time(query.end, view.zone),
        "interval": query.interval.value,
        "timezone": str(view.zone),
    }
    if query.channel_id is not None:
        params["channel_id"] = str(query.channel_id)
    origin = app_context.get_settings().origin
    return f"curl -H 'Authorization: Bearer sk_live_…' '{origin}/api/guilds/{view.guild_id}/stats?{urlencode(params)}'"


def _format_channel(data: OverviewData, view: DashboardQuery) -> str:
    if view.channel_id is None:
        return ""
    return data.channel_name or texts.format_unnamed_channel(view.channel_id)


def _describe_missing_data(values: list[int | None], data: OverviewData, request: DashboardRequest) -> str:
    """Explain an empty chart; an empty string if there is something to see."""
    joined_at = request.guild_info.joined_at.astimezone(request.view.zone)
    if all(value is None for value in values):
        return texts.describe_no_data_yet(joined_at) if joined_at > request.view.date_range.start else NO_DATA_IN_PERIOD
    return "" if any(values) else describe_empty_series(data.compared.series)
