"""One answer laid out for the page: a single value, so that one frame brings the whole picture."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from herwa_shared.analytics.date_ranges import Range, first_day, last_day
from herwa_shared.analytics.metric_definitions import definition, measure_of
from herwa_shared.analytics.results import Metric
from herwa_shared.charts.formatting import day, period, zone_name
from herwa_shared.charts.text.headline import headline
from herwa_shared.charts.web_figure import web_figure
from herwa_shared.dashboard_query import View, written
from herwa_web import app_context
from herwa_web.pages.guild.links import address
from herwa_web.pages.guild.queries import Answers, listed_channels_by, listed_members_by, week_by
from herwa_web.pages.guild.request import Asked
from herwa_web.pages.guild.view_models import (
    DayShown,
    KpiShown,
    RowShown,
    channel_rows,
    kpi_shown,
    member_rows,
    week_shown,
)

NEEDS_MEMBERS = (
    "Not counted: Herwa needs the Server Members intent, "
    "to be switched on for its application in Discord's developer portal."
)


@dataclass(frozen=True, slots=True)
class Laid:
    """What the page lays out, in the order in which it stands there."""

    sentence: str = ""
    when: str = ""
    notes: list[str] = field(default_factory=list)
    range: str = ""
    range_title: str = ""
    first: str = ""
    last: str = ""
    compare: str = ""
    compare_title: str = ""
    interval: str = ""
    widths: list[str] = field(default_factory=list)
    zone: str = ""
    metric: str = ""
    about: str = ""
    kpis: list[KpiShown] = field(default_factory=list)
    counted: str = ""
    gaps: bool = False
    channel: str = ""
    channels: list[RowShown] = field(default_factory=list)
    channels_by: str = ""
    members: list[RowShown] = field(default_factory=list)
    members_by: str = ""
    week: list[DayShown] = field(default_factory=list)
    week_most: int = 1
    week_by: str = ""
    curl: str = ""
    running: bool = True


def laid_out(answers: Answers, asked: Asked) -> Laid:
    """Everything that the page shows of these answers."""
    view, series, compare = asked.view, answers.series, answers.compare
    values = [point.value for point in series.points]
    why_not = (
        dict.fromkeys((Metric.JOINS, Metric.LEAVES), NEEDS_MEMBERS) if "members" in answers.missing_intents else {}
    )
    compared = compare is not None and any(point.value is not None for point in compare.points)
    return Laid(
        sentence=headline(series, compare, now=view.now, kpi=answers.kpi, behind=answers.behind),
        when=f"{period(view.span.start, view.span.end, view.zone)} · {zone_name(view.zone)}",
        notes=list(view.problems),
        range=view.range,
        range_title=period(view.span.start, view.span.end, view.zone)
        if view.range is Range.CUSTOM
        else view.range.label,
        first=first_day(view.span, view.zone).isoformat(),
        last=last_day(view.span, view.zone).isoformat(),
        compare=view.comparison,
        compare_title=period(compare.start, compare.end, view.zone) if compare and compared else "",
        interval=view.interval,
        zone=zone_name(view.zone),
        metric=measure_of(view.metric).title,
        about=definition(view.metric),
        kpis=[kpi_shown(kpi, view, why_not) for kpi in answers.kpis],
        counted=_counted(values, asked),
        gaps=None in values,
        channel=_channel(answers, view),
        channels=channel_rows(answers.channels.items, answers.channel_changes, view),
        channels_by=measure_of(listed_channels_by(view)).title.lower(),
        members=member_rows(answers.members.items, answers.member_changes),
        members_by=measure_of(listed_members_by(view)).title.lower(),
        week=week_shown(answers.week.cells),
        week_most=max(cell.value for cell in answers.week.cells) or 1,
        week_by=measure_of(week_by(view)).title.lower(),
        curl=curl_of(view),
        running=view.span.end > view.now,
    )


def figure_of(answers: Answers, view: View) -> dict[str, Any]:
    """The large chart."""
    return web_figure(answers.series, compare=answers.compare, now=view.now, revision=address(view))


def curl_of(view: View) -> str:
    """The same series, for a program; the key is the reader's own."""
    query = view.query()
    parts = {
        "metric": query.metric.value,
        "from": written(query.start, view.zone),
        "to": written(query.end, view.zone),
        "interval": query.interval.value,
        "timezone": str(view.zone),
    }
    if query.channel_id is not None:
        parts["channel_id"] = str(query.channel_id)
    origin = app_context.settings().origin
    return f"curl -H 'Authorization: Bearer sk_live_…' '{origin}/api/guilds/{view.guild_id}/stats?{urlencode(parts)}'"


def _channel(answers: Answers, view: View) -> str:
    if view.channel_id is None:
        return ""
    return answers.channel_name or f"unknown channel {view.channel_id}"


def _counted(values: list[int | None], asked: Asked) -> str:
    """Empty where there is something to see; else what is missing."""
    joined = asked.facts.joined_at.astimezone(asked.view.zone)
    if all(value is None for value in values):
        return f"Nothing was counted in this period. Herwa listens here since {day(joined)}, {joined.year}."
    return "" if any(values) else "Nothing of this happened in this period."
