"""Fetch the entries of a ranked list and render it as an image with alt text, and as text."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import discord

from herwa_bot.texts import names as name_texts
from herwa_bot.texts import stats as stats_texts
from herwa_bot.texts import top as texts
from herwa_bot.texts.phrases import format_capitalized
from herwa_bot.ui.dashboard_links import build_window_query
from herwa_bot.ui.escaping import escape
from herwa_bot.ui.names import MESSAGE_NAMES
from herwa_bot.ui.replies import build_chart_attachment
from herwa_shared.analytics.history_limit import HistoryLimit
from herwa_shared.analytics.metric_definitions import Metric, get_definition
from herwa_shared.analytics.query import ActivityQuery, Window
from herwa_shared.analytics.rankings import rank_channels, rank_members
from herwa_shared.analytics.results import RankedItem
from herwa_shared.charts.formatting import format_long_day, format_period, format_timezone
from herwa_shared.charts.ranking_figure import (
    RankingBar,
    build_ranking_alt_text,
    build_ranking_figure,
    compute_ranking_height,
)
from herwa_shared.charts.text.metric_phrases import format_amount, get_metric_phrases
from herwa_shared.clickhouse.pseudonyms import FIRST_PSEUDONYM
from herwa_shared.clock import utc_now
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.services.guild_settings import load_guild_settings
from herwa_shared.stores import Stores

MAX_ENTRIES = 10
PAGE_SIZE = 100
MAX_PAGES = 10
"""Enough for all channels of a guild, deleted ones included."""


@dataclass(frozen=True, slots=True)
class TopEntry:
    """One entry. `name` is not escaped, for the image; `text` is for the message."""

    name: str
    text: str
    value: int


@dataclass(frozen=True, slots=True)
class TopList:
    """A rendered list. `image` is None without an entry, or if it cannot be drawn."""

    lines: tuple[str, ...]
    image: discord.File | None
    query: DashboardQuery


FetchEntries = Callable[[ActivityQuery, datetime], Awaitable[tuple[list[TopEntry], str]]]
"""Fetches the entries of a list at a time, and a note about those that are left out."""


async def render_top_list(
    stores: Stores,
    guild: discord.Guild,
    ranked: str,
    window: Window,
    metric: Metric,
    history: HistoryLimit,
    fetch: FetchEntries,
) -> TopList:
    """Render text and image of a list. `ranked` says what it contains: `channels`, `members`.

    The numbers reach back as far as the `history` of the guild's tier.
    """
    now = utc_now()
    async with stores.database.transaction() as session:
        zone = (await load_guild_settings(session, guild_id=guild.id)).zone
    history_start = history.get_start(zone, now)
    query = build_window_query(guild.id, window, metric, zone=zone, now=now, history_start=history_start)
    entries, note = await fetch(query.to_activity_query(), now)
    subject = texts.format_subject(ranked, get_definition(metric).title)
    lines = [texts.format_heading(escape(guild.name), subject, window)]
    for number, entry in enumerate(entries, 1):
        lines.append(texts.format_entry(number, entry.text, format_amount(entry.value, metric)))
    image = None
    if entries:
        image = await _draw(entries, metric, guild.name, subject, query)
        lines += [] if image else [stats_texts.NO_IMAGE]
    else:
        lines.append(texts.format_empty(get_metric_phrases(metric).none))
    if history_start is not None and query.date_range.start == history_start:
        lines.append(stats_texts.format_history_start(format_long_day(history_start, zone)))
    return TopList(tuple(filter(None, (*lines, note))), image, query)


async def fetch_channels(
    stores: Stores, names: Mapping[int, str], query: ActivityQuery, now: datetime
) -> tuple[list[TopEntry], str]:
    """Fetch the first of the channels in `names`; all others are left out."""
    entries: list[TopEntry] = []
    is_complete, after = True, None
    for _ in range(MAX_PAGES):
        ranking = await rank_channels(stores.database, stores.clickhouse, query, limit=PAGE_SIZE, after=after, now=now)
        listed = [item for item in ranking.items if item.id in names]
        is_complete = is_complete and len(listed) == len(ranking.items)
        entries += [
            TopEntry(name_texts.format_channel(names[item.id]), MESSAGE_NAMES.format_channel(item.id), item.value)
            for item in listed
        ]
        after = ranking.next
        if len(entries) >= MAX_ENTRIES or after is None:
            break
    return entries[:MAX_ENTRIES], "" if is_complete else texts.CHANNELS_LEFT_OUT


async def fetch_members(stores: Stores, query: ActivityQuery, now: datetime) -> tuple[list[TopEntry], str]:
    """Fetch the first members."""
    ranking = await rank_members(stores.database, stores.clickhouse, query, limit=MAX_ENTRIES, now=now)
    return [_build_member_entry(item) for item in ranking.items], ""


def _build_member_entry(item: RankedItem) -> TopEntry:
    """Build the entry of a member; one who left long ago has a pseudonym and no name."""
    unknown = name_texts.FORMER_MEMBER if item.id >= FIRST_PSEUDONYM else name_texts.UNKNOWN_MEMBER
    name = item.name or format_capitalized(unknown)
    return TopEntry(name, escape(name), item.value)


async def _draw(
    entries: Sequence[TopEntry], metric: Metric, title: str, subject: str, query: DashboardQuery
) -> discord.File | None:
    period = format_period(query.date_range.start, query.date_range.end, query.zone)
    subtitle = f"{subject} · {period} · {format_timezone(query.zone)}"
    bars = [RankingBar(entry.name, entry.value) for entry in entries]
    return await build_chart_attachment(
        build_ranking_figure(bars, metric, title=title, subtitle=subtitle),
        name="top",
        alt=build_ranking_alt_text(bars, metric, subtitle=subtitle),
        height=compute_ranking_height(len(bars)),
    )
