"""Presenter of the overview: turns query results into one view model.

It is a single value, so that one WebSocket frame updates the entire page.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from herwa_shared.analytics.date_ranges import DateRange, DateRangePreset, get_first_day, get_last_day
from herwa_shared.analytics.metric_definitions import describe_metric, get_definition
from herwa_shared.analytics.results import PointStatus
from herwa_shared.charts.formatting import format_long_day, format_period, format_recent_period
from herwa_shared.charts.text.headline import build_headline
from herwa_shared.charts.text.series_texts import NO_DATA_IN_PERIOD, describe_empty_series
from herwa_shared.charts.web_figure import build_web_figure
from herwa_shared.dashboard_params import format_date_or_time
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.privacy.collected_data import GatewayIntent
from herwa_web import app_context, texts
from herwa_web.pages.guild import tile_texts
from herwa_web.pages.guild.channel_views import ChannelView, build_channel_view, format_name
from herwa_web.pages.guild.chart_views import (
    LegendEntry,
    build_legend,
    describe_comparison_problem,
    format_comparison_period,
)
from herwa_web.pages.guild.command_views import build_command_rows
from herwa_web.pages.guild.links import build_links, build_url
from herwa_web.pages.guild.queries import (
    KPI_METRICS,
    OverviewData,
    SharedOverview,
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
    format_base_label,
)
from herwa_web.problem_texts import describe_problem
from herwa_web.turns import new_turn


@dataclass(frozen=True, slots=True)
class OverviewView:
    """View model of the overview, in the order of the page. `commands_title` is empty without a list of commands."""

    range_key: str = ""
    range_title: str = ""
    first_day: str = ""
    last_day: str = ""
    comparison: str = ""
    comparison_title: str = ""
    comparison_problem: str = ""
    base_first_day: str = ""
    base_last_day: str = ""
    zone_hint: str = ""
    notes: list[str] = field(default_factory=list)
    channel: ChannelView = field(default_factory=ChannelView)
    zoom_label: str = ""
    sentence: str = ""
    period_label: str = ""
    kpis: list[KpiView] = field(default_factory=list)
    more_kpis: list[KpiView] = field(default_factory=list)
    metric_title: str = ""
    metric_description: str = ""
    interval: str = ""
    curl_command: str = ""
    legend: list[LegendEntry] = field(default_factory=list)
    empty_text: str = ""
    no_rows_text: str = ""
    no_members_text: str = ""
    base_label: str = ""
    channels: list[RowView] = field(default_factory=list)
    channels_metric: str = ""
    members: list[RowView] = field(default_factory=list)
    members_metric: str = ""
    commands: list[RowView] = field(default_factory=list)
    commands_title: str = ""
    week: list[WeekdayView] = field(default_factory=list)
    week_max: int = 1
    week_metric: str = ""
    week_has_gaps: bool = False
    zone: str = ""
    is_running: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Presentation:
    """Everything that tabs show of one overview. Equal ids mean equal contents."""

    overview: OverviewView
    figure: dict[str, Any]
    hrefs: dict[str, str]
    id: str


def present_shared(shared: SharedOverview, request: DashboardRequest, missing_intents: frozenset[str]) -> Presentation:
    """Build what all tabs with this overview show, once for users who see members and once for others.

    `missing_intents` are those that the bot lacks.
    """
    key = missing_intents, request.sees_members
    known: Presentation | None = shared.presentations.get(key)
    if known is None:
        known = shared.presentations[key] = Presentation(
            present_overview(shared.data, request, missing_intents),
            build_figure(shared.data, shared.view),
            build_links(shared.view),
            new_turn(),
        )
    return known


def present_controls(request: DashboardRequest) -> OverviewView:
    """Build what the controls of the view show, without any numbers."""
    view = request.view
    period = format_period(view.date_range.start, view.date_range.end, view.zone)
    comparison = view.to_comparison_query()
    base_range = DateRange(comparison.start, comparison.end) if comparison else None
    return OverviewView(
        range_key=view.preset,
        range_title=period if view.preset is DateRangePreset.CUSTOM else view.preset.label,
        first_day=get_first_day(view.date_range, view.zone).isoformat(),
        last_day=get_last_day(view.date_range, view.zone).isoformat(),
        comparison=view.comparison_mode,
        base_first_day=get_first_day(base_range, view.zone).isoformat() if base_range else "",
        base_last_day=get_last_day(base_range, view.zone).isoformat() if base_range else "",
        zone_hint=texts.describe_time_zone(view.zone, view.now),
        notes=[describe_problem(problem) for problem in view.problems],
        channel=build_channel_view(request.channel, view),
        zoom_label=format_recent_period(view.date_range.start, view.date_range.end, view.zone, view.now)
        if view.zoom_origin
        else "",
        period_label=f"{period} · {texts.format_time_zone(view.zone)}",
        metric_title=get_definition(view.metric).title,
        metric_description=describe_metric(view.metric),
        interval=view.interval,
        curl_command=build_curl_command(view),
        zone=texts.format_time_zone(view.zone),
        is_running=view.date_range.end > view.now,
    )


def present_overview(
    data: OverviewData, request: DashboardRequest, missing_intents: Collection[str] = ()
) -> OverviewView:
    """Build the view model from the loaded data. `missing_intents` are the gateway intents that the bot lacks."""
    view, compared, controls = request.view, data.compared, present_controls(request)
    values = [point.value for point in compared.series.started_points]
    missing_reasons = tile_texts.MISSING_MEMBER_EVENTS if GatewayIntent.MEMBERS in missing_intents else {}
    kpis = [build_kpi_view(data.kpi if kpi.metric is view.metric else kpi, view, missing_reasons) for kpi in data.kpis]
    return replace(
        controls,
        comparison_title=format_comparison_period(compared, view) if compared.has_base_data else "",
        comparison_problem=describe_comparison_problem(compared, view),
        sentence=_build_sentence(data, request),
        kpis=kpis[: len(KPI_METRICS)],
        more_kpis=kpis[len(KPI_METRICS) :],
        legend=build_legend(compared, view, controls.range_title),
        empty_text=_describe_missing_data(values, data, request),
        no_rows_text=texts.NO_ROWS if compared.series.recorded_points else texts.NO_ROWS_WITHOUT_DATA,
        base_label=format_base_label(view) if compared.comparison else "",
        channels=build_channel_rows(data.channels.items, data.channel_changes, view, request.channels),
        channels_metric=get_definition(resolve_channel_metric(view)).title.lower(),
        members=build_member_rows(data.members.items, data.member_changes, view, data.departed_members)
        if request.sees_members
        else [],
        no_members_text="" if request.sees_members else texts.MEMBERS_HIDDEN,
        members_metric=get_definition(resolve_member_metric(view)).title.lower(),
        commands=build_command_rows(data.command_uses, view.metric) if data.command_uses else [],
        commands_title=tile_texts.COMMAND_PANEL_TITLES[view.metric] if data.command_uses else "",
        week=build_weekday_views(data.heatmap.cells, week_start=view.week_start),
        week_max=max((cell.value or 0 for cell in data.heatmap.cells), default=0) or 1,
        week_metric=get_definition(resolve_hour_metric(view)).title.lower(),
        week_has_gaps=any(cell.status is PointStatus.NO_DATA for cell in data.heatmap.cells),
    )


def build_figure(data: OverviewData, view: DashboardQuery) -> dict[str, Any]:
    """Build the Plotly figure of the large chart."""
    return build_web_figure(data.compared, revision=build_url(view), history_start=view.history_start)


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
    return (
        f"curl -H 'Authorization: Bearer sk_live_hw_…' '{origin}/api/guilds/{view.guild_id}/stats?{urlencode(params)}'"
    )


def _build_sentence(data: OverviewData, request: DashboardRequest) -> str:
    """Build the headline. The channel of the filter is named if the selected metric can be filtered."""
    view, contributor = request.view, data.contributor
    channel = request.channel if view.to_activity_query().channel_id is not None else None
    contributing_channel = request.channels.get(contributor.id) if contributor else None
    return build_headline(
        data.compared,
        contributor_name=format_name(contributing_channel) if contributing_channel else None,
        channel_name=format_name(channel) if channel else None,
        is_all_time=view.preset is DateRangePreset.ALL,
    )


def _describe_missing_data(values: list[int | None], data: OverviewData, request: DashboardRequest) -> str:
    """Explain an empty chart; an empty string if there is something to see."""
    view, joined_at = request.view, request.guild_info.joined_at.astimezone(request.view.zone)
    if all(value is None for value in values):
        if view.data_start is not None and view.date_range.end <= view.data_start < joined_at:
            return texts.describe_data_start(format_long_day(view.data_start, view.zone))
        return texts.describe_no_data_yet(joined_at) if joined_at > view.date_range.start else NO_DATA_IN_PERIOD
    return "" if any(values) else describe_empty_series(data.compared.series)
