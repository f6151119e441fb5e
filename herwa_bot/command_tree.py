"""The command tree: every command passes the guard, and every failure becomes a reply."""

import discord
from discord import app_commands

from herwa_bot.access.command_log import finish_command, record_failure
from herwa_bot.access.guard import find_command_surface, get_guard
from herwa_bot.texts import errors
from herwa_bot.ui.replies import report_error, send_error
from herwa_shared.errors import HerwaError


class GuardedCommandTree(app_commands.CommandTree):
    """Command tree that checks the guard before slash commands, context menus and autocomplete."""

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        return await get_guard(interaction).check(interaction, find_command_surface(interaction))

    async def on_error(self, interaction: discord.Interaction, error: app_commands.AppCommandError, /) -> None:
        if isinstance(error, app_commands.TransformerError):
            record_failure(interaction)
            finish_command(interaction)
            cause = error.__cause__
            await send_error(interaction, str(cause) if isinstance(cause, HerwaError) else errors.OPTION_NOT_FOUND)
            return
        failure = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        await report_error(
            interaction, failure, operation=interaction.command.qualified_name if interaction.command else None
        )
        finish_command(interaction)
