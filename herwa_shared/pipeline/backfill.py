"""The back-fill of a guild: which channels have messages from before the bot was added, and how far it is.

A back-fill is a period of the catch-up with another source. It is planned when the bot has listed the channels and
threads; then its tasks are fetched like those of a catch-up, until it is paused or finished.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

import asyncpg

from herwa_shared.clock import utc_now
from herwa_shared.models.collection import ALL_CHANNELS, BACKFILL_SOURCE
from herwa_shared.pipeline.catch_up import CatchUpSpan, NewestMessage, plan_period
from herwa_shared.pipeline.events import encode_snowflake

UNPLANNED_SQL = """
SELECT guild_id, from_at, to_at FROM backfill
WHERE planned_at IS NULL AND paused_at IS NULL ORDER BY started_at
"""
SAVE_PLAN_SQL = "UPDATE backfill SET planned_at = $3, channels = $4 WHERE guild_id = $1 AND from_at = $2"
IS_PAUSED_SQL = "SELECT paused_at IS NOT NULL FROM backfill WHERE guild_id = $1"
COUNT_REFUSED_SQL = "UPDATE backfill SET refused_channels = refused_channels + 1 WHERE guild_id = $1 AND from_at = $2"


class BackfillPeriod(NamedTuple):
    """The period `[from_at, to_at)` of a guild that is to be fetched."""

    guild_id: int
    from_at: datetime
    to_at: datetime


async def load_unplanned(connection: asyncpg.Connection) -> list[BackfillPeriod]:
    """Load the back-fills whose channels are not listed yet, the oldest first."""
    return [BackfillPeriod(*row) for row in await connection.fetch(UNPLANNED_SQL)]


async def plan_backfill(
    connection: asyncpg.Connection, period: BackfillPeriod, newest_messages: Collection[NewestMessage]
) -> int:
    """Store the tasks of a back-fill, of all channels and threads; returns their number."""
    last_id = encode_snowflake(period.to_at)
    bounded = [message._replace(message_id=min(message.message_id, last_id)) for message in newest_messages]
    span = CatchUpSpan(period.guild_id, ALL_CHANNELS, period.from_at, period.to_at)
    async with connection.transaction():
        count = await plan_period(connection, span, bounded, source=BACKFILL_SOURCE)
        await connection.execute(SAVE_PLAN_SQL, period.guild_id, period.from_at, utc_now(), count)
    return count


async def is_backfill_paused(connection: asyncpg.Connection, guild_id: int) -> bool:
    """Return whether the back-fill of a guild is paused."""
    return bool(await connection.fetchval(IS_PAUSED_SQL, guild_id))


async def count_refused_channel(connection: asyncpg.Connection, guild_id: int, from_at: datetime) -> None:
    """Count a channel that the bot cannot read. It is left out, as in live statistics."""
    await connection.execute(COUNT_REFUSED_SQL, guild_id, from_at)
