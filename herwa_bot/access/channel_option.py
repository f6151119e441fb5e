"""A channel or category as an option of a command; a thread stands for its channel."""

from dataclasses import dataclass

import discord
from discord import app_commands

from herwa_shared.errors import BadRequest
from herwa_shared.guardrail.policy import PlaceKind

CATEGORY_TYPE = discord.ChannelType.category


@dataclass(frozen=True, slots=True)
class RulePlace:
    """Where something applies; `category_id` is that of a channel, 0 where it is in none or unknown."""

    kind: PlaceKind = PlaceKind.EVERYWHERE
    id: int = 0
    category_id: int = 0


EVERYWHERE = RulePlace()


class ChannelOption(app_commands.Transformer):
    """What a member chose, from what Discord sends along: no cache is needed."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    async def transform(
        self,
        interaction: discord.Interaction,
        value: app_commands.AppCommandChannel | app_commands.AppCommandThread,
        /,
    ) -> RulePlace:
        """Raises BadRequest for a thread of an unknown channel."""
        assert interaction.guild is not None
        channel_id = value.parent_id if isinstance(value, app_commands.AppCommandThread) else value.id
        if not channel_id:
            raise BadRequest("A thread counts for its channel: choose that channel.")
        channel = interaction.guild.get_channel(channel_id)
        if value.type is CATEGORY_TYPE:
            return RulePlace(PlaceKind.CATEGORY, channel_id)
        return RulePlace(PlaceKind.CHANNEL, channel_id, (channel.category_id if channel else None) or 0)
