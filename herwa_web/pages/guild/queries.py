"""Everything that the overview asks, at once: numbers from analytics, names and the moment from PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from herwa_shared.analytics.heatmap import hours_of_week
from herwa_shared.analytics.kpis import Kpi, channel_behind, kpis
from herwa_shared.analytics.metric_definitions import CHANNEL_METRICS, HOUR_METRICS, MEMBER_METRICS
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.rankings import top_channels, top_members
from herwa_shared.analytics.results import Heatmap, Metric, Ranked, Ranking, Series
from herwa_shared.analytics.timeseries import series_of
from herwa_shared.dashboard_query import View
from herwa_shared.services.channels import GuildFacts, guild_facts, place_name
from herwa_shared.services.live_counters import Now, guilds_now
from herwa_shared.services.processes import living
from herwa_shared.stores import Stores

STRIP = (
    Metric.MESSAGES,
    Metric.ACTIVE_MEMBERS,
    Metric.VOICE_MINUTES,
    Metric.REACTIONS,
    Metric.THREADS,
    Metric.JOINS,
    Metric.MEMBERS,
)
LIST_ROWS = 9
COMPARED_ROWS = 500

Changes = Mapping[int, float | None]
"""Of each in a list by its id: 0.12 is 12% more, None is new. Of who is missing nothing can be said."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the page shows, as analytics gives it."""

    series: Series
    compare: Series | None
    kpis: tuple[Kpi, ...]
    kpi: Kpi
    behind: Ranked | None
    channels: Ranking
    channel_changes: Changes | None
    members: Ranking
    member_changes: Changes | None
    week: Heatmap
    channel_name: str | None
    now: Now | None
    missing_intents: frozenset[str]


async def facts_of(stores: Stores, guild_id: int) -> GuildFacts | None:
    """What the guild is called, and its zone."""
    async with stores.database.transaction() as session:
        return await guild_facts(session, guild_id=guild_id)


async def answers_to(stores: Stores, view: View) -> Answers:
    """Ask for everything at once."""
    query, earlier = view.query(), view.earlier()
    database, clickhouse, now = stores.database, stores.clickhouse, view.now
    metrics = STRIP if view.metric in STRIP else (*STRIP, view.metric)
    by_channel = replace(query, metric=listed_channels_by(view))
    by_member = replace(query, metric=listed_members_by(view))
    by_hour = replace(query, metric=week_by(view))
    whole = replace(by_channel, channel_id=None)  # the list stays whole, so that another row can be chosen
    numbers = asyncio.gather(
        series_of(database, clickhouse, query, now=now),
        _maybe(series_of(database, clickhouse, earlier, now=now) if earlier else None),
        kpis(
            database,
            clickhouse,
            replace(query, channel_id=view.channel_id),
            compare=earlier,
            metrics=metrics,
            now=now,
        ),
    )
    lists = asyncio.gather(
        top_channels(database, clickhouse, whole, limit=LIST_ROWS, now=now),
        _changes(stores, top_channels, whole, view),
        top_members(database, clickhouse, by_member, limit=LIST_ROWS, now=now),
        _changes(stores, top_members, by_member, view),
    )
    rest = asyncio.gather(hours_of_week(clickhouse, by_hour, now=now), _moment(stores, view))
    (series, compare, strip), ranked, (week, moment) = await asyncio.gather(numbers, lists, rest)
    kpi_of = {one.metric: one for one in strip}
    kpi, (channels, channel_changes, members, member_changes) = kpi_of[view.metric], ranked
    behind = await channel_behind(database, clickhouse, query, earlier, kpi=kpi, now=now) if earlier else None
    return Answers(
        series,
        compare,
        strip,
        kpi,
        behind,
        channels,
        channel_changes if kpi_of[whole.metric].change is not None else None,
        members,
        member_changes if kpi_of[by_member.metric].change is not None else None,
        week,
        *moment,
    )


async def series_pair(stores: Stores, view: View) -> tuple[Series, Series | None]:
    """The large chart's series and the one that it is compared with."""
    earlier = view.earlier()
    return await asyncio.gather(
        series_of(stores.database, stores.clickhouse, view.query(), now=view.now),
        _maybe(series_of(stores.database, stores.clickhouse, earlier, now=view.now) if earlier else None),
    )


def listed_channels_by(view: View) -> Metric:
    """By what channels are ranked: the chosen metric where channels have it."""
    return view.metric if view.metric in CHANNEL_METRICS else Metric.MESSAGES


def listed_members_by(view: View) -> Metric:
    """By what members are ranked."""
    if view.metric is Metric.VOICE_MEMBERS:
        return Metric.VOICE_MINUTES
    return view.metric if view.metric in MEMBER_METRICS else Metric.MESSAGES


def week_by(view: View) -> Metric:
    """What the hours of the week are counted in."""
    return view.metric if view.metric in HOUR_METRICS else Metric.MESSAGES


async def _moment(stores: Stores, view: View) -> tuple[str | None, Now | None, frozenset[str]]:
    async with stores.database.transaction() as session:
        now = (await guilds_now(session, [view.guild_id])).get(view.guild_id)
        missing = {
            intent
            for process in await living(session)
            if process.name == "bot"
            for intent in (process.detail or {}).get("missing_intents", [])
        }
        name = None
        if view.channel_id is not None:
            name = await place_name(session, guild_id=view.guild_id, channel_id=view.channel_id)
    return name, now, frozenset(missing)


async def _maybe(asked: Awaitable[Series] | None) -> Series | None:
    return None if asked is None else await asked


async def _changes(
    stores: Stores, top: Callable[..., Awaitable[Ranking]], asked: ActivityQuery, view: View
) -> Changes | None:
    """How the list has changed: whole hours that are over against the same hours of the earlier window."""
    earlier = view.earlier_so_far()
    if earlier is None:
        return None
    windows = (replace(asked, end=asked.done_at(view.now)), replace(asked, start=earlier.start, end=earlier.end))
    after, before = await asyncio.gather(
        *(top(stores.database, stores.clickhouse, one, limit=COMPARED_ROWS, now=view.now) for one in windows)
    )
    known = {item.id: item.value for item in before.items}
    all_are_known = len(known) < COMPARED_ROWS
    return {
        item.id: item.value / known[item.id] - 1 if item.id in known else None
        for item in after.items
        if item.id in known or all_are_known
    }
