"""The channels and members of a window, each with its change.

They are read by a statement of their own, or by that of `window_numbers` for a query without a channel.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.comparison import Change, ComparedWindows
from herwa_shared.analytics.metric_definitions import Metric, get_definition
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.ranked_lists import RESERVE_GROWTH, ListRows, RankedMetrics, split_list_rows
from herwa_shared.analytics.rankings import load_channel_names, load_listed_names
from herwa_shared.analytics.results import RankedItem, Ranking
from herwa_shared.analytics.table_selection import Rows
from herwa_shared.analytics.window_pair import select_pair
from herwa_shared.db import Database

# One row per channel and one per member: the other id is 0. The limit does not apply to channels, since each is a group
# of its own.
LISTS_HEAD_SQL = """
SELECT /* analytics.tops.compared */
    channel_id,
    user_id,"""
LISTS_TAIL_SQL = """
FROM activity
GROUP BY GROUPING SETS ((channel_id), (user_id))
HAVING channel_id != 0 OR user_id != 0
ORDER BY if(channel_id != 0, channel_value, member_value) DESC, channel_id, user_id
LIMIT {limit:UInt32} BY channel_id
"""


@dataclass(frozen=True, slots=True)
class ComparedItem:
    """A channel or member with its value in a window, and the change of its value, see `comparison`.

    `item.value` is 0 if there is only a base.
    """

    item: RankedItem
    change: Change


@dataclass(frozen=True, slots=True)
class ComparedRanking:
    """A ranked list with the change of each entry. Entries that have only a base come last."""

    items: tuple[ComparedItem, ...]
    approximate: bool = False

    def get_top(self, limit: int) -> Ranking:
        """Return the first entries with a value."""
        items = (compared.item for compared in self.items[:limit])
        return Ranking(tuple(item for item in items if item.value), self.approximate)


async def compare_channels_and_members(
    database: Database,
    clickhouse: AsyncClient,
    query: ActivityQuery,
    windows: ComparedWindows | None,
    *,
    ranked: RankedMetrics,
    now: datetime,
) -> tuple[ComparedRanking, ComparedRanking]:
    """Rank all channels and the first human members by their value in the window of `query`, with their changes.

    Channels are not filtered by the channel of `query`. `windows` are the parts of both windows that are compared;
    without them each base is 0. Raises ServiceUnavailable if ClickHouse cannot be reached.
    """
    all_channels_query = replace(query, channel_id=None)
    base = replace(windows.base, channel_id=None) if windows else None
    pair = select_pair(all_channels_query, base, windows, now=now, kinds=(ranked.kind,))
    approximate = pair.current.table.approximate
    columns = ranked.build_columns(member_channel=query.channel_id is not None)
    while True:
        rows = await pair.fetch(
            clickhouse,
            LISTS_HEAD_SQL + columns + LISTS_TAIL_SQL,
            audit_key=database.audit_key,
            limit=ranked.read_members,
            member_channel=query.channel_id or 0,
        )
        rankings = await name_rankings(database, query.guild_id, ranked, split_list_rows(rows), approximate=approximate)
        if rankings is not None:
            return rankings
        ranked = replace(ranked, hidden_reserve=ranked.hidden_reserve * RESERVE_GROWTH)


async def name_rankings(
    database: Database, guild_id: int, ranked: RankedMetrics, rows: ListRows, *, approximate: bool = False
) -> tuple[ComparedRanking, ComparedRanking] | None:
    """Build the rankings of channels and of members from their rows, with the names of both.

    Members whom no list may show are left out. None if they are so many that more rows must be read. Raises
    ServiceUnavailable if the connection to PostgreSQL is lost.
    """
    async with database.acquire_reader() as connection:
        channel_names = await load_channel_names(connection, guild_id, rows.channels)
        member_names = await load_listed_names(connection, guild_id, rows.members, audit_key=database.audit_key)
    members = [row for row in rows.members if row[0] in member_names][: ranked.max_members]
    if len(members) < ranked.max_members and len(rows.members) >= ranked.read_members:
        return None
    return (
        _build_ranking(rows.channels, channel_names, ranked.channel, approximate=approximate),
        _build_ranking(members, member_names, ranked.member, approximate=approximate),
    )


def _build_ranking(
    rows: Rows, name_by_id: Mapping[int, str | None], metric: Metric, *, approximate: bool
) -> ComparedRanking:
    to_value = get_definition(metric).to_metric_value
    items = (
        ComparedItem(RankedItem(id_, name_by_id.get(id_), to_value(value)), Change(to_value(elapsed), to_value(base)))
        for id_, value, elapsed, base in rows
    )
    return ComparedRanking(tuple(items), approximate)
