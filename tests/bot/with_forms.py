"""The bot with one more cog, which has what no command of ours has yet: a select, a form, a context menu, a failure."""

from typing import Any, Self

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot import cogs
from herwa_bot.access.guard import guard_of, surface_of
from herwa_bot.ui.replies import whisper
from herwa_bot.ui.views import GuardedModal, GuardedView
from herwa_shared.catalog import FeatureKey
from herwa_shared.stores import Stores

STATS = {"feature": FeatureKey.TICKET_STATS}


class Form(GuardedModal, title="A form"):
    """Says what was written."""

    note: discord.ui.TextInput[Self] = discord.ui.TextInput(label="Note", custom_id="note")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await whisper(interaction, f"written: {self.note.value}")


class Parts(GuardedView):
    """One component of each kind."""

    @discord.ui.button(label="Form")
    async def form(self, interaction: discord.Interaction, _button: discord.ui.Button[Self]) -> None:
        await interaction.response.send_modal(Form(self.guard, self.surface, asker_id=self.asker_id))

    @discord.ui.button(label="Fail")
    async def fail(self, _interaction: discord.Interaction, _button: discord.ui.Button[Self]) -> None:
        raise RuntimeError("it fails")

    @discord.ui.select(custom_id="select", options=[discord.SelectOption(label="tea")])
    async def choose(self, interaction: discord.Interaction, select: discord.ui.Select[Any]) -> None:
        await whisper(interaction, f"chosen: {select.values[0]}")


@app_commands.context_menu(name="Greet them", extras=STATS)
async def greet(interaction: discord.Interaction, member: discord.Member) -> None:
    """An entry of the menu on a member."""
    await whisper(interaction, f"greeted: {member.id}")


class Forms(commands.Cog):
    """A command with components."""

    menus = (greet,)

    def __init__(self, stores: Stores) -> None:
        del stores

    @app_commands.command(name="forms", description="Show components", extras=STATS)
    async def forms(self, interaction: discord.Interaction) -> None:
        view = Parts(guard_of(interaction), surface_of(interaction), asker_id=interaction.user.id)
        await interaction.response.send_message("Here they are", view=view)


if __name__ == "__main__":
    cogs.COGS = (*cogs.COGS, Forms)
    from herwa_bot.__main__ import main

    main()
