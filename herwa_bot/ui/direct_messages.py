"""Send direct messages, except to users who switched them off, and the button with which they do.

Failed delivery is normal and reported to the caller.
"""

from typing import Self

import aiohttp
import discord
from sqlalchemy.exc import SQLAlchemyError

from herwa_bot.access.guard import get_guard
from herwa_bot.texts import buttons
from herwa_bot.texts import privacy as texts
from herwa_bot.ui.replies import defer, reply_ephemeral
from herwa_bot.ui.views import GuardedButton
from herwa_bot.ui.writes import await_write, run_to_completion
from herwa_shared.db import Database
from herwa_shared.errors import format_reason
from herwa_shared.log import get_logger
from herwa_shared.services.direct_messages import is_muted, set_muted
from herwa_shared.services.write_transaction import open_write_transaction

log = get_logger(__name__)


class MuteButton(GuardedButton, template=r"herwa:messages:(?P<choice>off|on)"):
    """Button that switches all direct messages to the user who presses it off, or on again."""

    command = "privacy direct-messages"

    @classmethod
    def build(cls, *, muted: bool) -> Self:
        label, choice = (buttons.STOP_MESSAGES, "off") if muted else (buttons.RESUME_MESSAGES, "on")
        return cls(discord.ui.Button(label=label, custom_id=f"herwa:messages:{choice}"))

    async def on_press(self, interaction: discord.Interaction) -> None:
        """Save the choice and confirm it."""
        await choose_messages(interaction, muted=self.match["choice"] == "off")


async def send_dm(
    client: discord.Client, database: Database, user_id: int, text: str, *, view: discord.ui.View | None = None
) -> bool:
    """Send a direct message, with the button that switches them off. It is the only function that sends one.

    Returns False if the user switched them off or does not accept it, or Discord cannot deliver it.
    """
    shown_view = view or discord.ui.View(timeout=None)
    shown_view.add_item(MuteButton.build(muted=True))
    try:
        async with database.transaction() as session:
            if await is_muted(session, user_id=user_id):
                return False
        channel = await client.create_dm(discord.Object(user_id))
        await channel.send(text, view=shown_view)
    except (discord.HTTPException, aiohttp.ClientError, OSError, SQLAlchemyError) as error:
        log.info("direct message failed", user=user_id, error=format_reason(error))
        return False
    return True


@run_to_completion
async def choose_messages(interaction: discord.Interaction, *, muted: bool) -> None:
    """Switch direct messages to the caller off or on, and confirm it with a button that does the opposite."""

    async def save() -> None:
        async with open_write_transaction(get_guard(interaction).database) as session:
            await set_muted(session, user_id=interaction.user.id, muted=muted)

    await await_write(save(), on_slow=lambda: defer(interaction, ephemeral=True))
    view = discord.ui.View(timeout=None).add_item(MuteButton.build(muted=not muted))
    await reply_ephemeral(interaction, texts.MESSAGES_OFF if muted else texts.MESSAGES_ON, view=view)
