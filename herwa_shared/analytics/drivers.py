"""Where a change comes from: the one channel that makes up most of it, if there is one."""

import asyncio
from dataclasses import replace
from datetime import datetime

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.kpis import Kpi
from herwa_shared.analytics.measures import CHANNEL_METRICS
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.series import Ranked
from herwa_shared.analytics.tops import top_channels
from herwa_shared.clock import utc_now
from herwa_shared.db import Database

MOST = 0.5
RANKED = 500  # channels; Discord allows a server no more


async def channel_behind(
    database: Database,
    clickhouse: AsyncClient,
    query: ActivityQuery,
    compare: ActivityQuery,
    *,
    kpi: Kpi,
    now: datetime | None = None,
) -> Ranked | None:
    """The channel that rose or fell most, with its difference, if that is at least half of the change of `kpi`."""
    now = now or utc_now()
    earlier = replace(compare, metric=kpi.metric).as_much_as(query, now)
    if not kpi.change or not kpi.earlier or kpi.metric not in CHANNEL_METRICS or earlier is None:
        return None
    current = replace(query, metric=kpi.metric, end=query.done_at(now))
    rankings = await asyncio.gather(
        *(top_channels(database, clickhouse, one, limit=RANKED, now=now) for one in (current, earlier))
    )
    after, before = ({item.id: item for item in ranking.items} for ranking in rankings)
    rise = kpi.change * kpi.earlier
    differences = [
        replace(before[one] if one in before else after[one], value=_value(after, one) - _value(before, one))
        for one in after.keys() | before.keys()
    ]
    found = max(differences, key=lambda channel: (channel.value / rise, channel.id), default=None)
    return found if found and found.value / rise >= MOST else None


def _value(items: dict[int, Ranked], one: int) -> int:
    return items[one].value if one in items else 0
