"""Channel objects for commands, built on demand from the channel directory.

discord.py's own cache is incomplete: the channels of GUILD_CREATE never reach it, and later events add only some. These
functions are therefore the only source of channels for commands.
"""

from typing import Any

import discord
from discord.abc import GuildChannel
from discord.channel import _guild_channel_factory

from herwa_bot.collector.channel_directory import ChannelDirectory, ChannelRecord


def find_channel(guild: discord.Guild, channel_id: int) -> GuildChannel | None:
    """Find a channel or category of a guild, with its name, category and permission overwrites."""
    record = _get_directory(guild).find(guild.id, channel_id)
    return _build_channel(guild, record) if record else None


def list_text_channels(guild: discord.Guild) -> list[GuildChannel]:
    """List the text channels of a guild in their order."""
    text_types = (discord.ChannelType.text.value, discord.ChannelType.news.value)
    records = _get_directory(guild).list_channels(guild.id)
    channels = (_build_channel(guild, record) for record in records if record.type in text_types)
    return [channel for channel in channels if channel]


def find_rule_channel(guild: discord.Guild, channel: object) -> GuildChannel | None:
    """Find the channel to which rules apply: a thread's parent, or the channel itself."""
    if isinstance(channel, discord.Thread | discord.app_commands.AppCommandThread):
        return find_channel(guild, channel.parent_id)
    return find_channel(guild, channel.id) if isinstance(channel, discord.abc.Snowflake) else None


def _build_channel(guild: discord.Guild, record: ChannelRecord) -> GuildChannel | None:
    """Build discord.py's object; None for a type that discord.py does not know."""
    factory, _ = _guild_channel_factory(record.type)
    payload: Any = record.to_payload()
    state = guild._state  # noqa: SLF001 - discord.py's version is pinned and tested
    return factory(guild=guild, state=state, data=payload) if factory else None


def _get_directory(guild: discord.Guild) -> ChannelDirectory:
    client: Any = guild._state._get_client()  # noqa: SLF001 - discord.py's version is pinned and tested
    directory: ChannelDirectory = client.channel_directory
    return directory
