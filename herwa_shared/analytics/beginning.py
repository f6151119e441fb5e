"""Where a guild's numbers begin: what "all time" means."""

from datetime import UTC, datetime

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.source import rows_of

FIRST_HOUR = """
SELECT /* analytics.beginning */ toUnixTimestamp(min(hour)) FROM activity_hourly WHERE guild_id = {guild:UInt64}
"""


async def first_hour(clickhouse: AsyncClient, guild_id: int) -> datetime | None:
    """The first hour of which anything is stored; None when nothing is. Raises Unreachable."""
    ((second,),) = await rows_of(clickhouse, FIRST_HOUR, {"guild": guild_id})
    return datetime.fromtimestamp(second, UTC) if second else None
