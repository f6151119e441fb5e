"""How the bot speaks: nothing pings, names are plain text, a failure is a sentence."""

import io

import discord
from discord import app_commands

from herwa_shared.errors import HerwaError
from herwa_shared.log import get_logger

log = get_logger(__name__)

SORRY = "Something went wrong on our side. It has been noted; please try again in a moment."


def plain(name: str) -> str:
    """A name as text: no mention, no markdown, no link in it works."""
    return discord.utils.escape_mentions(discord.utils.escape_markdown(name))


def picture(png: bytes, *, name: str, alt: str) -> discord.File:
    """An attachment with words for those who cannot see it (Discord takes 1,024 characters)."""
    return discord.File(io.BytesIO(png), filename=f"{name}.png", description=alt[:1024])


async def say_failure(interaction: discord.Interaction, sentence: str) -> None:
    """Answer only to the member who asked, whether or not the command had begun to answer."""
    if interaction.response.is_done():
        await interaction.followup.send(sentence, ephemeral=True)
    else:
        await interaction.response.send_message(sentence, ephemeral=True)


class CommandTree(app_commands.CommandTree):
    """The one edge at which a command's failure becomes a reply."""

    async def on_error(self, interaction: discord.Interaction, error: app_commands.AppCommandError, /) -> None:
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        if isinstance(cause, HerwaError) and cause.status < 500:
            sentence = str(cause)
        else:
            command = interaction.command.qualified_name if interaction.command else None
            log.error("command failed", command=command, error=type(cause).__name__, exc_info=cause)
            sentence = SORRY
        try:
            await say_failure(interaction, sentence)
        except discord.HTTPException as failure:
            log.warning("a failure could not be told", error=str(failure))
