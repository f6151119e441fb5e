"""The tree of commands: the guard is asked before each, and a failure becomes a reply."""

import discord
from discord import app_commands

from herwa_bot.access.guard import command_surface, guard_of
from herwa_bot.ui.replies import say_failure, tell_failure

NOT_FOUND = "What you chose cannot be found here. Choose it from the list that comes up while you type."


class GuardedTree(app_commands.CommandTree):
    """Slash commands, context menus and autocomplete, none of them without the guard."""

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        return await guard_of(interaction).check(interaction, command_surface(interaction))

    async def on_error(self, interaction: discord.Interaction, error: app_commands.AppCommandError, /) -> None:
        if isinstance(error, app_commands.TransformerError):
            await say_failure(interaction, NOT_FOUND)
            return
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        await tell_failure(interaction, cause, what=interaction.command.qualified_name if interaction.command else None)
