"""Every number of a guild in ClickHouse, before and after a rewrite."""

from dataclasses import dataclass

COUNTS_SQL = """
SELECT toString(kind) AS name, hour AS moment, channel_id, sum(events), sum(total) FROM activity_hourly
WHERE guild_id = {guild:UInt64} GROUP BY ALL ORDER BY ALL
"""
# ClickHouse deletes older rows in the background, at any moment.
RAW_SQL = """
SELECT toString(kind) AS name, at, channel_id, thread_id, value FROM activity_events
WHERE guild_id = {guild:UInt64} AND toDateTime(at) + INTERVAL 3 MONTH > now() ORDER BY ALL
"""
MEMBERS_SQL = """
SELECT user_id, toString(kind) AS name, hour, sum(events), sum(total) FROM activity_hourly
WHERE guild_id = {guild:UInt64} GROUP BY ALL ORDER BY ALL
"""
RAW_MEMBERS_SQL = "SELECT DISTINCT user_id FROM activity_events WHERE guild_id = {guild:UInt64} ORDER BY user_id"


@dataclass(frozen=True)
class GuildNumbers:
    """Counts by kind, hour and channel; raw rows of three months without their member; counts by member.

    `raw_members` are the members of all raw rows.
    """

    counts: list
    raw: list
    by_member: dict
    raw_members: list


async def load_numbers(stores, guild_id: int) -> GuildNumbers:
    async def fetch(sql: str) -> list:
        return (await stores.clickhouse.query(sql, parameters={"guild": guild_id})).result_rows

    by_member: dict[int, list] = {}
    for user_id, *numbers in await fetch(MEMBERS_SQL):
        by_member.setdefault(user_id, []).append(tuple(numbers))
    raw_members = [row[0] for row in await fetch(RAW_MEMBERS_SQL)]
    return GuildNumbers(await fetch(COUNTS_SQL), await fetch(RAW_SQL), by_member, raw_members)
