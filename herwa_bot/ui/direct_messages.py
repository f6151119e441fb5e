"""Direct messages: one at a time, and nobody has to be reachable."""

import aiohttp
import discord

from herwa_shared.log import get_logger

log = get_logger(__name__)


async def send_dm(client: discord.Client, user_id: int, text: str, *, view: discord.ui.View | None = None) -> bool:
    """Write to somebody; False when they take no messages of ours, or Discord does not pass it on."""
    try:
        channel = await client.create_dm(discord.Object(user_id))
        await channel.send(text, view=discord.utils.MISSING if view is None else view)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        log.info("a direct message did not arrive", user=user_id, error=repr(error)[:200])
        return False
    return True
