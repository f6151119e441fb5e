"""Runs the bot with a cog of components that no command of Herwa uses.

The components are a select, a form, a context menu command and a failing button.
"""

from typing import Any, Self

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot import cogs
from herwa_bot.access.guard import get_command_surface, get_guard
from herwa_bot.ui.replies import reply_ephemeral
from herwa_bot.ui.views import GuardedModal, GuardedView
from herwa_shared.catalog import FeatureKey
from herwa_shared.stores import Stores

COMMAND_EXTRAS = {"feature": FeatureKey.TICKET_STATS}


class WrittenNoteModal(GuardedModal, title="A form"):
    """Replies with the submitted text."""

    note: discord.ui.TextInput[Self] = discord.ui.TextInput(label="Note", custom_id="note")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await reply_ephemeral(interaction, f"written: {self.note.value}")


class ComponentsView(GuardedView):
    """A button that opens a form, a button that fails, and a select."""

    @discord.ui.button(label="Form")
    async def open_modal(self, interaction: discord.Interaction, _button: discord.ui.Button[Self]) -> None:
        await interaction.response.send_modal(WrittenNoteModal(self.guard, self.surface, invoker_id=self.invoker_id))

    @discord.ui.button(label="Fail")
    async def raise_error(self, _interaction: discord.Interaction, _button: discord.ui.Button[Self]) -> None:
        raise RuntimeError("it fails")

    @discord.ui.select(custom_id="select", options=[discord.SelectOption(label="tea")])
    async def on_select(self, interaction: discord.Interaction, select: discord.ui.Select[Any]) -> None:
        await reply_ephemeral(interaction, f"chosen: {select.values[0]}")


@app_commands.context_menu(name="Greet them", extras=COMMAND_EXTRAS)
async def greet(interaction: discord.Interaction, member: discord.Member) -> None:
    """The context menu command on a member."""
    await reply_ephemeral(interaction, f"greeted: {member.id}")


class ComponentsCog(commands.Cog):
    """A command that sends a message with components, and a context menu command."""

    menus = (greet,)

    def __init__(self, stores: Stores) -> None:
        del stores

    @app_commands.command(name="forms", description="Show components", extras=COMMAND_EXTRAS)
    async def show_components(self, interaction: discord.Interaction) -> None:
        view = ComponentsView(get_guard(interaction), get_command_surface(interaction), invoker_id=interaction.user.id)
        await interaction.response.send_message("Here they are", view=view)


if __name__ == "__main__":
    cogs.COGS = (*cogs.COGS, ComponentsCog)
    from herwa_bot.__main__ import main

    main()
