"""The channels and members of a window, each with its change, read by one statement."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.comparison import Change, ComparedWindows
from herwa_shared.analytics.metric_definitions import (
    CHANNEL_METRICS,
    MEMBER_METRICS,
    Aggregation,
    Metric,
    get_definition,
    require_supported,
)
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.rankings import load_channel_names, load_member_names
from herwa_shared.analytics.results import RankedItem, Ranking
from herwa_shared.analytics.table_selection import Rows
from herwa_shared.analytics.window_pair import select_pair
from herwa_shared.db import Database

# The columns of a list: the value in the window, in its elapsed part, and in the comparison window.
CHANNEL_COLUMNS_BY_AGGREGATION: Mapping[Aggregation, str] = MappingProxyType(
    {
        Aggregation.COUNT: """
    sumIf(events, is_current) AS channel_value,
    sumIf(events, is_current AND is_elapsed),
    sumIf(events, NOT is_current),""",
        Aggregation.DURATION: """
    sumIf(total, is_current) AS channel_value,
    sumIf(total, is_current AND is_elapsed),
    sumIf(total, NOT is_current),""",
        Aggregation.DISTINCT_MEMBERS: """
    uniqExactIf(person_id, person_id != 0 AND is_current) AS channel_value,
    uniqExactIf(person_id, person_id != 0 AND is_current AND is_elapsed),
    uniqExactIf(person_id, person_id != 0 AND NOT is_current),""",
    }
)
MEMBER_COLUMNS_BY_AGGREGATION: Mapping[Aggregation, str] = MappingProxyType(
    {
        Aggregation.COUNT: """
    sumIf(events, is_current AND ({member_channel:UInt64} = 0 OR channel_id = {member_channel:UInt64})) AS member_value,
    sumIf(events, is_current AND is_elapsed AND ({member_channel:UInt64} = 0 OR channel_id = {member_channel:UInt64})),
    sumIf(events, NOT is_current AND ({member_channel:UInt64} = 0 OR channel_id = {member_channel:UInt64}))""",
        Aggregation.DURATION: """
    sumIf(total, is_current AND ({member_channel:UInt64} = 0 OR channel_id = {member_channel:UInt64})) AS member_value,
    sumIf(total, is_current AND is_elapsed AND ({member_channel:UInt64} = 0 OR channel_id = {member_channel:UInt64})),
    sumIf(total, NOT is_current AND ({member_channel:UInt64} = 0 OR channel_id = {member_channel:UInt64}))""",
    }
)
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
LIMIT {limit:UInt16} BY channel_id
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
    channel_metric: Metric,
    member_metric: Metric,
    max_members: int,
    now: datetime,
) -> tuple[ComparedRanking, ComparedRanking]:
    """Rank all channels and the first human members by their value in the window of `query`, with their changes.

    Channels are not filtered by the channel of `query`. `windows` are the parts of both windows that are compared;
    without them each base is 0. Both metrics have the same event kind. Raises BadRequest if a metric has no channels or
    cannot be attributed to single members.
    """
    require_supported(channel_metric, CHANNEL_METRICS, usage="for channels")
    require_supported(member_metric, MEMBER_METRICS, usage="for members")
    channel_definition, member_definition = get_definition(channel_metric), get_definition(member_metric)
    assert channel_definition.kind == member_definition.kind
    all_channels_query = replace(query, channel_id=None)
    base = replace(windows.base, channel_id=None) if windows else None
    pair = select_pair(all_channels_query, base, windows, now=now, kinds=(channel_definition.kind,))
    sql = (
        LISTS_HEAD_SQL
        + CHANNEL_COLUMNS_BY_AGGREGATION[channel_definition.aggregation]
        + MEMBER_COLUMNS_BY_AGGREGATION[member_definition.aggregation]
        + LISTS_TAIL_SQL
    )
    rows = await pair.fetch(
        clickhouse, sql, audit_key=database.audit_key, limit=max_members, member_channel=query.channel_id or 0
    )
    channel_rows = [(row[0], *row[2:5]) for row in rows if row[0] != 0]
    member_rows = [(row[1], *row[5:8]) for row in rows if row[0] == 0]
    async with database.transaction() as session:
        channel_names = await load_channel_names(session, query.guild_id, channel_rows)
        member_names = await load_member_names(session, query.guild_id, member_rows)
    is_approximate = pair.current.table.approximate
    return (
        _build_ranking(channel_rows, channel_names, channel_metric, approximate=is_approximate),
        _build_ranking(member_rows, member_names, member_metric, approximate=is_approximate),
    )


def _build_ranking(rows: Rows, name_by_id: Mapping[int, str], metric: Metric, *, approximate: bool) -> ComparedRanking:
    to_value = get_definition(metric).to_metric_value
    items = (
        ComparedItem(RankedItem(id_, name_by_id.get(id_), to_value(value)), Change(to_value(elapsed), to_value(base)))
        for id_, value, elapsed, base in rows
    )
    return ComparedRanking(tuple(items), approximate)
