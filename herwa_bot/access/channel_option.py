"""Command option for a channel or category; a thread selects its parent channel."""

import discord
from discord import app_commands

from herwa_bot.access.channels import find_channel
from herwa_bot.texts import errors
from herwa_shared.errors import BadRequest
from herwa_shared.guardrail.impact import RulePlace
from herwa_shared.guardrail.policy import PlaceKind

CATEGORY_TYPE = discord.ChannelType.category


class ChannelOption(app_commands.Transformer):
    """Transforms a channel option into a RulePlace.

    It uses the interaction's resolved data, so the channel need not be cached.
    """

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    async def transform(
        self,
        interaction: discord.Interaction,
        value: app_commands.AppCommandChannel | app_commands.AppCommandThread,
        /,
    ) -> RulePlace:
        """Transform the option. Raises BadRequest for a thread whose parent channel is unknown."""
        assert interaction.guild is not None
        channel_id = value.parent_id if isinstance(value, app_commands.AppCommandThread) else value.id
        if not channel_id:
            raise BadRequest(errors.THREAD_PARENT_UNKNOWN)
        channel = find_channel(interaction.guild, channel_id)
        if value.type is CATEGORY_TYPE:
            return RulePlace(PlaceKind.CATEGORY, channel_id)
        return RulePlace(PlaceKind.CHANNEL, channel_id, (channel.category_id if channel else None) or 0)
