"""The numbers of a widget: aggregates of the one analytics service, without any of fewer than five people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.compared_rankings import compare_channels_and_members
from herwa_shared.analytics.comparison import Change
from herwa_shared.analytics.history_limit import HistoryLimit
from herwa_shared.analytics.kpis import build_kpi
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.ranked_lists import RankedMetrics
from herwa_shared.analytics.window_numbers import WindowNumbers, load_window_numbers
from herwa_shared.db import Database
from herwa_shared.services.widget_settings import WidgetMetric, WidgetSettings, WidgetTemplate
from herwa_shared.services.widgets import PublicWidget

MIN_PEOPLE = 5
"""A number of fewer people is not shown to strangers; 0 is."""

PEOPLE_METRICS: Mapping[WidgetMetric, Metric] = MappingProxyType(
    {
        WidgetMetric.MESSAGES: Metric.ACTIVE_MEMBERS,
        WidgetMetric.ACTIVE_MEMBERS: Metric.ACTIVE_MEMBERS,
        WidgetMetric.VOICE_MINUTES: Metric.VOICE_MEMBERS,
        WidgetMetric.VOICE_MEMBERS: Metric.VOICE_MEMBERS,
        WidgetMetric.JOINS: Metric.JOINS,
        WidgetMetric.MEMBERS: Metric.MEMBERS,
    }
)
"""The metric that counts the people behind a number."""


@dataclass(frozen=True, slots=True)
class WidgetNumber:
    """A metric of the window, its change, and one value per day, oldest first.

    A value of None is not known, or `is_hidden` because fewer than five people are behind it; so are values of days.
    """

    metric: WidgetMetric
    value: int | None
    is_hidden: bool
    change: Change | None
    days: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class WidgetChannel:
    """A channel of the channel list and the number of its active members."""

    name: str
    members: int


@dataclass(frozen=True, slots=True)
class WidgetNumbers:
    """What a widget shows over `[start, end)` in `zone`, as computed at `as_of`. The last day is running."""

    as_of: datetime
    start: datetime
    end: datetime
    zone: ZoneInfo
    numbers: tuple[WidgetNumber, ...]
    channels: tuple[WidgetChannel, ...] = ()

    def to_value(self) -> dict[str, Any]:
        """Return the numbers as plain JSON, as they are stored."""
        return {
            "as_of": self.as_of.isoformat(),
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "zone": self.zone.key,
            "numbers": [
                {
                    "metric": str(number.metric),
                    "value": number.value,
                    "is_hidden": number.is_hidden,
                    "change": None if number.change is None else [number.change.value, number.change.base],
                    "days": list(number.days),
                }
                for number in self.numbers
            ],
            "channels": [[channel.name, channel.members] for channel in self.channels],
        }


def read_numbers(value: Mapping[str, Any]) -> WidgetNumbers:
    """Read stored numbers."""
    numbers = tuple(
        WidgetNumber(
            WidgetMetric(number["metric"]),
            number["value"],
            number["is_hidden"],
            None if number["change"] is None else Change(*number["change"]),
            tuple(number["days"]),
        )
        for number in value["numbers"]
    )
    start, end, as_of = (datetime.fromisoformat(value[name]) for name in ("start", "end", "as_of"))
    channels = tuple(WidgetChannel(*channel) for channel in value["channels"])
    return WidgetNumbers(as_of, start, end, ZoneInfo(value["zone"]), numbers, channels)


def build_question(widget: PublicWidget) -> str:
    """Name everything but the guild's data that the numbers of a widget depend on."""
    settings = widget.status.settings
    shown: Sequence[object] = settings.metrics
    if is_channel_list(widget):
        shown = settings.channel_ids
    return f"1 {settings.days} {widget.timezone or 'UTC'} {is_channel_list(widget)} {','.join(map(str, shown))}"


def is_channel_list(widget: PublicWidget) -> bool:
    """Return whether a widget shows channels instead of metrics. A page never does."""
    return widget.status.settings.template is WidgetTemplate.CHANNELS and not widget.status.is_page


async def compute_numbers(
    database: Database, clickhouse: AsyncClient, widget: PublicWidget, *, history: HistoryLimit, now: datetime
) -> WidgetNumbers:
    """Compute the numbers of a widget. Raises ServiceUnavailable if ClickHouse is unreachable.

    The window is not longer than `history`; a comparison window that begins before it is left out.
    """
    settings, zone = widget.status.settings, ZoneInfo(widget.timezone or "UTC")
    days = settings.days if history.days is None else max(1, min(settings.days, history.days))
    query = ActivityQuery.from_last_days(days, guild_id=widget.status.guild_id, zone=zone, now=now)
    if is_channel_list(widget):
        channels = await _load_channels(database, clickhouse, query, settings, now)
        return WidgetNumbers(now, query.start, query.end, zone, (), channels)
    comparison: ActivityQuery | None = query.shift_back()
    history_start = history.get_start(zone, now)
    if comparison is not None and history_start is not None and comparison.start < history_start:
        comparison = None
    metrics = {Metric(metric) for metric in settings.metrics} | {PEOPLE_METRICS[metric] for metric in settings.metrics}
    loaded = await load_window_numbers(
        database, clickhouse, query, comparison=comparison, metrics=sorted(metrics), now=now
    )
    numbers = tuple(build_widget_number(loaded, metric) for metric in settings.metrics)
    return WidgetNumbers(now, query.start, query.end, zone, numbers)


def build_widget_number(loaded: WindowNumbers, metric: WidgetMetric) -> WidgetNumber:
    """Build a number without anything about fewer than five people."""
    people_metric = PEOPLE_METRICS[metric]
    kpi = build_kpi(loaded, Metric(metric))
    people, people_days = loaded.get_total(people_metric), build_kpi(loaded, people_metric).values
    total = None if kpi.is_estimated else kpi.total
    is_hidden = is_small_group(total, people)
    change = kpi.change
    if change is not None:
        compared_people = loaded.get_elapsed_totals(people_metric)
        if is_hidden or any(map(is_small_group, (change.value, change.base), compared_people)):
            change = None
    days = () if is_hidden else hide_small_days(kpi.values, people_days)
    return WidgetNumber(metric, None if is_hidden else total, is_hidden, change, days)


def is_small_group(value: int | None, people: int | None) -> bool:
    """Return whether fewer than five people are behind a number; a 0 has no people behind it."""
    return value is not None and value != 0 and (people is None or people < MIN_PEOPLE)


def hide_small_days(values: Sequence[int | None], people: Sequence[int | None]) -> tuple[int | None, ...]:
    """Replace the values of days with fewer than five people by None.

    The value of a single hidden day could be computed from the total and the others, so another one is hidden as well:
    the lowest that is not 0.
    """
    days = [None if is_small_group(value, count) else value for value, count in zip(values, people, strict=True)]
    hidden_count = sum(shown is None and value is not None for shown, value in zip(days, values, strict=True))
    candidates = [(value, index) for index, value in enumerate(days) if value]
    if hidden_count == 1 and candidates:
        days[min(candidates)[1]] = None
    return tuple(days)


async def _load_channels(
    database: Database, clickhouse: AsyncClient, query: ActivityQuery, settings: WidgetSettings, now: datetime
) -> tuple[WidgetChannel, ...]:
    ranking, _ = await compare_channels_and_members(
        database,
        clickhouse,
        replace(query, metric=Metric.ACTIVE_MEMBERS),
        None,
        ranked=RankedMetrics(Metric.ACTIVE_MEMBERS, Metric.MESSAGES, max_members=1),
        now=now,
    )
    chosen = frozenset(settings.channel_ids)
    return tuple(
        WidgetChannel(compared.item.name or "", compared.item.value)
        for compared in ranking.items
        if compared.item.id in chosen and compared.item.value >= MIN_PEOPLE and compared.item.name
    )
