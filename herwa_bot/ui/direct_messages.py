"""Send direct messages; failed delivery is normal and reported to the caller."""

import aiohttp
import discord

from herwa_shared.errors import format_reason
from herwa_shared.log import get_logger

log = get_logger(__name__)


async def send_dm(client: discord.Client, user_id: int, text: str, *, view: discord.ui.View | None = None) -> bool:
    """Send a direct message.

    Returns False if the user does not accept it or Discord cannot deliver it.
    """
    try:
        channel = await client.create_dm(discord.Object(user_id))
        await channel.send(text, view=discord.utils.MISSING if view is None else view)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        log.info("direct message failed", user=user_id, error=format_reason(error))
        return False
    return True
