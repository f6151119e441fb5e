"""Telling a silent channel from one that is not the guild's."""

from herwa_shared.db import Database
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.models import Channel

THREADS = frozenset({10, 11, 12})  # Discord's types: announcement, public and private thread


async def require_channel(database: Database, guild_id: int, channel_id: int) -> None:
    """Raise NotFound unless this guild has or had the channel; BadRequest, naming its channel, for a thread."""
    async with database.transaction() as session:
        channel = await session.get(Channel, channel_id)
    if channel is None or channel.guild_id != guild_id:
        raise NotFound(f"This server has no channel {channel_id}.")
    if channel.kind in THREADS:
        raise BadRequest(f"'channel_id' names a thread; its messages count for its channel, {channel.parent_id}.")
