"""Build guardrail invocations from Discord interactions.

Roles, permissions and channel come with each interaction; members are not cached.
"""

import discord

from herwa_bot.access.channels import find_rule_channel
from herwa_bot.texts import errors
from herwa_shared.catalog import Surface
from herwa_shared.errors import HerwaError
from herwa_shared.guardrail.invocation import Invocation


class ThreadChannelUnknown(HerwaError):
    """Discord has not described the channel of a thread yet."""

    code = "thread_channel_unknown"
    status = 503
    message = errors.THREAD_CHANNEL_UNKNOWN


def build_invocation(
    interaction: discord.Interaction, surface: Surface, *, at: float, remaining: int = 1
) -> Invocation:
    """Build the invocation of the interaction's member in its channel.

    The permissions are those that Discord computed for this channel. `remaining` is the number of commands that the
    rate limit still allows.
    """
    member, guild = interaction.user, interaction.guild
    assert isinstance(member, discord.Member)
    assert guild is not None
    channel_id, category_id = resolve_channel_ids(guild, interaction.channel)
    return Invocation.from_member(
        guild_id=guild.id,
        surface=surface,
        at=at,
        member_id=member.id,
        role_ids=get_role_ids(member),
        permissions=interaction.permissions.value,
        is_owner=guild.owner_id == member.id,
        channel_id=channel_id,
        category_id=category_id,
        remaining=remaining,
    )


def build_member_invocation(
    guild: discord.Guild,
    member: discord.Member,
    channel: discord.abc.Snowflake | None,
    surface: Surface,
    *,
    at: float,
    remaining: int = 1,
) -> Invocation:
    """Build the invocation of any member in any channel.

    A channel of None means no particular channel. In a thread the permissions are those in its parent.
    """
    rule_channel = find_rule_channel(guild, channel)
    permissions = member.guild_permissions if rule_channel is None else rule_channel.permissions_for(member)
    channel_id, category_id = resolve_channel_ids(guild, channel)
    return Invocation.from_member(
        guild_id=guild.id,
        surface=surface,
        at=at,
        member_id=member.id,
        role_ids=get_role_ids(member),
        permissions=permissions.value,
        is_owner=guild.owner_id == member.id,
        channel_id=channel_id,
        category_id=category_id,
        remaining=remaining,
    )


def get_role_ids(member: discord.Member) -> list[int]:
    """Get all role IDs of a member.

    This includes roles that are not in the cache yet, which `Member.roles` omits.
    """
    return list(member._roles)  # noqa: SLF001 - discord.py's version is pinned and tested


def resolve_channel_ids(guild: discord.Guild, channel: object) -> tuple[int, int]:
    """Resolve the channel that rules apply to (a thread's parent) and its category; 0 for none.

    Raises ThreadChannelUnknown if a thread's parent is unknown, because its category and thus the applicable rules are
    unknown too.
    """
    rule_channel = find_rule_channel(guild, channel)
    if rule_channel is not None:
        return rule_channel.id, rule_channel.category_id or 0
    if isinstance(channel, discord.Thread):
        raise ThreadChannelUnknown
    if isinstance(channel, discord.abc.GuildChannel):
        return channel.id, channel.category_id or 0
    return 0, 0
