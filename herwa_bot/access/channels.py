"""Channel objects for commands, built on demand from the channel directory.

discord.py's own cache is incomplete: the channels of GUILD_CREATE never reach it, and later events add only some. These
functions are therefore the only source of channels for commands.
"""

from typing import Any, NamedTuple

import discord
from discord.abc import GuildChannel
from discord.channel import _guild_channel_factory

from herwa_bot.collector.channel_directory import ChannelDirectory, ChannelRecord
from herwa_shared.discord.constants import VIEW_CHANNEL, OverwriteType


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


def list_shared_channels(guild: discord.Guild, channel: object) -> dict[int, str]:
    """List the names of the channels, by id, that everyone who can view `channel` can view too.

    These are the channels that all members can view, and those whose permission overwrites exclude no reader of
    `channel`. Roles that no overwrite names make no difference between channels.
    """
    place = find_rule_channel(guild, channel)
    records = {record.id: record for record in _get_directory(guild).iterate_channels(guild.id)}
    reader_rules = _read_view_rules(records[place.id]) if place is not None and place.id in records else None
    everyone, can_view = (OverwriteType.ROLE, guild.id), guild.default_role.permissions.view_channel
    shared = {}
    for record in records.values():
        rules = _read_view_rules(record)
        is_open = not rules.denied and (can_view or everyone in rules.allowed)
        if is_open or (
            reader_rules is not None and rules.denied <= reader_rules.denied and reader_rules.allowed <= rules.allowed
        ):
            shared[record.id] = record.name
    return shared


class _ViewRules(NamedTuple):
    """The roles and members to whom the overwrites of a channel allow and deny to view it."""

    allowed: frozenset[tuple[int, int]]
    denied: frozenset[tuple[int, int]]


def _read_view_rules(record: ChannelRecord) -> _ViewRules:
    return _ViewRules(
        frozenset((entry.type, entry.id) for entry in record.overwrites if entry.allow & VIEW_CHANNEL),
        frozenset((entry.type, entry.id) for entry in record.overwrites if entry.deny & VIEW_CHANNEL),
    )


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
