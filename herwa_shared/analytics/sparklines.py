"""The last day of many guilds at once: what the list of one's servers shows of each."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.source import array_of, rows_of
from herwa_shared.analytics.wallclock import HOUR

HOURS = 24
WHOLE = 0  # stands for all hours
LAST_DAY = """
SELECT /* analytics.sparklines */
    guild_id, toUnixTimestamp(hour) AS second, sum(events), uniqExact(user_id)
FROM activity_hourly
WHERE guild_id IN {guilds:Array(UInt64)} AND kind = 'message'
  AND hour >= toDateTime({start:UInt32}, 'UTC') AND hour < toDateTime({end:UInt32}, 'UTC')
GROUP BY GROUPING SETS ((guild_id, second), (guild_id))
"""


@dataclass(frozen=True, slots=True)
class Spark:
    """One guild's last 24 hours, of which the last is the running one: how many talked, and messages by the hour."""

    guild_id: int
    talked_today: int
    messages: tuple[int, ...]


async def sparklines(clickhouse: AsyncClient, guild_ids: Collection[int], *, now: datetime) -> dict[int, Spark]:
    """Each of these guilds, in one statement; a silent one is all zeros. Raises Unreachable."""
    if not guild_ids:
        return {}
    end = (int(now.astimezone(UTC).timestamp()) // HOUR + 1) * HOUR
    start = end - HOURS * HOUR
    rows = await rows_of(clickhouse, LAST_DAY, {"guilds": array_of(guild_ids), "start": start, "end": end})
    hours: dict[int, dict[int, int]] = defaultdict(dict)
    people: dict[int, int] = {}
    for guild_id, second, messages, users in rows:
        if second == WHOLE:
            people[guild_id] = users
        else:
            hours[guild_id][second] = messages
    return {
        one: Spark(one, people.get(one, 0), tuple(hours[one].get(at, 0) for at in range(start, end, HOUR)))
        for one in guild_ids
    }
