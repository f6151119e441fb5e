"""Discord's payload → invocation. Roles, permissions and place come with each interaction; no member is cached."""

import discord

from herwa_shared.catalog import Surface
from herwa_shared.errors import ServiceUnavailable
from herwa_shared.guardrail.invocation import Invocation


def build_invocation(
    interaction: discord.Interaction, surface: Surface, *, at: float, remaining: int = 1
) -> Invocation:
    """The member who acts, where they act; their permissions are those that Discord computed for this channel."""
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
    channel: discord.abc.GuildChannel | discord.Thread | None,
    surface: Surface,
    *,
    at: float,
    remaining: int = 1,
) -> Invocation:
    """A member who may be another than the one who asks, in a channel that may be another; None: nowhere at all."""
    permissions = member.guild_permissions if channel is None else channel.permissions_for(member)
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
    """All of them, also of roles that the bot has not heard of yet: `Member.roles` would leave those out."""
    return list(member._roles)  # noqa: SLF001 - the version is pinned, and a test holds it


def resolve_channel_ids(guild: discord.Guild, channel: object) -> tuple[int, int]:
    """The channel that counts (a thread's parent) and its category, 0 for none. Raises Unreachable where the parent
    of a thread is unknown: whether a rule about its category applies cannot be said.
    """
    if isinstance(channel, discord.Thread):
        parent = guild.get_channel(channel.parent_id)
        if parent is None:
            raise ServiceUnavailable(
                "Discord has not described the channel of this thread yet. Please try again in a moment."
            )
        return parent.id, parent.category_id or 0
    if isinstance(channel, discord.abc.GuildChannel):
        return channel.id, channel.category_id or 0
    return 0, 0
