"""`/tickets`: list and change the channels for support."""

from collections.abc import Sequence
from typing import ClassVar

import discord
from discord import app_commands
from discord.ext import commands
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.texts import tickets as texts
from herwa_bot.ui.confirmation import Change, ChangeResult, UndoButton, apply_and_reply
from herwa_bot.ui.escaping import escape
from herwa_bot.ui.names import MESSAGE_NAMES
from herwa_bot.ui.pagination import send_pages, split_pages
from herwa_bot.ui.replies import defer_if_slow
from herwa_shared.catalog import Audience, FeatureKey
from herwa_shared.errors import BadRequest
from herwa_shared.services.audit import Actor
from herwa_shared.services.support_channels import list_support_channels, mark_channel, unmark_channel
from herwa_shared.stores import Stores

COMMAND_GROUP = "tickets"
CHANNELS_WITH_THREADS = (discord.ChannelType.text, discord.ChannelType.news, discord.ChannelType.forum)


class SupportChannelOption(app_commands.Transformer):
    """Transforms a channel option into the id of a channel that can have threads."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        return list(CHANNELS_WITH_THREADS)

    async def transform(
        self,
        _interaction: discord.Interaction,
        value: app_commands.AppCommandChannel | app_commands.AppCommandThread,
        /,
    ) -> int:
        """Transform the option. Raises BadRequest for a channel without threads."""
        if value.type not in CHANNELS_WITH_THREADS:
            raise BadRequest(texts.NO_THREADS_HERE)
        return value.id


class TicketsCog(commands.Cog):
    """Commands for support channels."""

    persistent_buttons: ClassVar = (UndoButton,)
    group = app_commands.Group(
        name="tickets",
        description=texts.DESCRIPTION,
        extras={"feature": FeatureKey.SUPPORT_CHANNELS, "audience": Audience.MANAGERS},
    )

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    @group.command(name="list", description=texts.LIST_DESCRIPTION)
    async def show(self, interaction: discord.Interaction) -> None:
        """Show all support channels of the server."""
        assert interaction.guild is not None
        channel_ids = await defer_if_slow(interaction, self._load_channels(interaction.guild.id), ephemeral=True)
        entries = [texts.format_entry(MESSAGE_NAMES.format_channel(channel_id)) for channel_id in channel_ids]
        heading = texts.format_list_heading(escape(interaction.guild.name))
        await send_pages(interaction, split_pages(heading, entries or [texts.NO_CHANNELS]))

    @group.command(name="mark", description=texts.MARK_DESCRIPTION)
    @app_commands.describe(channel=texts.OPTION_CHANNEL)
    async def mark(
        self, interaction: discord.Interaction, channel: app_commands.Transform[int, SupportChannelOption]
    ) -> None:
        """Make a channel a support channel; the reply has an undo button."""
        assert interaction.guild_id is not None
        change = _build_change(interaction.guild_id, channel, is_marked=True)
        await apply_and_reply(interaction, self._stores, change, command_group=COMMAND_GROUP)

    @group.command(name="unmark", description=texts.UNMARK_DESCRIPTION)
    @app_commands.describe(channel=texts.OPTION_CHANNEL)
    async def unmark(
        self, interaction: discord.Interaction, channel: app_commands.Transform[int, SupportChannelOption]
    ) -> None:
        """Make a channel an ordinary channel again; the reply has an undo button."""
        assert interaction.guild_id is not None
        change = _build_change(interaction.guild_id, channel, is_marked=False)
        await apply_and_reply(interaction, self._stores, change, command_group=COMMAND_GROUP)

    async def _load_channels(self, guild_id: int) -> Sequence[int]:
        async with self._stores.database.transaction() as session:
            return await list_support_channels(session, guild_id=guild_id)


def _build_change(guild_id: int, channel_id: int, *, is_marked: bool) -> Change:
    """Build the change that marks or unmarks a channel."""

    async def apply(session: AsyncSession, actor: Actor) -> ChangeResult:
        set_mark = mark_channel if is_marked else unmark_channel
        entry_id = await set_mark(session, guild_id=guild_id, channel_id=channel_id, actor=actor)
        text = texts.format_result(
            MESSAGE_NAMES.format_channel(channel_id), is_marked=is_marked, is_changed=entry_id is not None
        )
        return ChangeResult(text, () if entry_id is None else (entry_id,))

    return apply
