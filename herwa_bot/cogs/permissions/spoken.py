"""Rules as plain text, for choices, in which no mention is drawn."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import discord
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.until import said
from herwa_shared.guardrail.policy import AccessRule, SubjectKind
from herwa_shared.services.guilds import guild_zone
from herwa_shared.services.member_names import member_names


@dataclass(frozen=True, slots=True)
class SpokenNames:
    """`guardrail.words.Names` as a choice shows them to `reader`."""

    guild: discord.Guild
    reader: discord.Member
    members: Mapping[int, str]
    zone: tzinfo

    def role(self, role_id: int, /) -> str:
        role = self.guild.get_role(role_id)
        return f"@{role.name}" if role else "a deleted role"

    def member(self, member_id: int, /) -> str:
        return f"@{self.members.get(member_id, member_id)}"

    def channel(self, channel_id: int, /) -> str:
        """Categories have no #."""
        channel = self.guild.get_channel(channel_id)
        if channel is None:
            return "a deleted channel"
        if not channel.permissions_for(self.reader).view_channel:
            return "a channel that you do not see"
        return channel.name if isinstance(channel, discord.CategoryChannel) else f"#{channel.name}"

    def moment(self, seconds: float, /) -> str:
        """On the server's clock."""
        return said(datetime.fromtimestamp(seconds, UTC), self.zone)


async def spoken_names(session: AsyncSession, reader: discord.Member, rules: Iterable[AccessRule]) -> SpokenNames:
    """The names that sentences about these rules need."""
    guild = reader.guild
    ids = {rule.subject_id for rule in rules if rule.subject_kind == SubjectKind.MEMBER}
    members = await member_names(session, guild_id=guild.id, user_ids=ids)
    return SpokenNames(guild, reader, members, await guild_zone(session, guild_id=guild.id))
