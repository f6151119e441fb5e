"""The first hour with stored data of a guild: the start of "all time".

The mover stores it in `first_recorded_hour`, and the deletion of a guild deletes it. Without a row nothing was moved
for the guild since the table exists, and its first hour is read from ClickHouse. Decision: docs/decisions/0036.
"""

from datetime import UTC, datetime

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.table_selection import fetch_rows
from herwa_shared.db import Database

STORED_HOUR_SQL = "SELECT hour FROM first_recorded_hour WHERE guild_id = $1"
FIRST_RECORDED_HOURS_SQL = """
SELECT /* analytics.beginning */ guild_id, toUnixTimestamp(min(hour))
FROM (
    SELECT guild_id, hour FROM activity_hourly WHERE guild_id IN {guilds:Array(UInt64)}
    UNION ALL
    SELECT guild_id, hour FROM sample_hourly WHERE guild_id IN {guilds:Array(UInt64)}
)
GROUP BY guild_id
"""


async def find_first_recorded_hour(database: Database, clickhouse: AsyncClient, guild_id: int) -> datetime | None:
    """Find the first hour with stored data of a guild; None without data.

    Raises ServiceUnavailable if the connection to PostgreSQL is lost, or ClickHouse cannot be reached.
    """
    async with database.acquire_reader() as connection:
        hour: datetime | None = await connection.fetchval(STORED_HOUR_SQL, guild_id)
    if hour is not None:
        return hour
    rows = await fetch_rows(clickhouse, FIRST_RECORDED_HOURS_SQL, {"guild": guild_id, "guilds": [guild_id]})
    return datetime.fromtimestamp(rows[0][1], UTC) if rows else None
