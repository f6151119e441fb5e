"""Names in sentences about access, as Discord shows them: mentions, which never ping since no mention of ours may.

Rules as plain text, for choices, in which no mention is drawn.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

import discord
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.access.expiry_parsing import said
from herwa_bot.ui.replies import plain
from herwa_shared.guardrail.policy import AccessRule, SubjectKind
from herwa_shared.guardrail.verdict import Trace
from herwa_shared.services.display_names import member_names
from herwa_shared.services.guilds import guild_zone


class Mentions:
    """`guardrail.words.Names` for Discord."""

    def role(self, id_: int) -> str:
        return f"<@&{id_}>"

    def member(self, id_: int) -> str:
        return f"<@{id_}>"

    def channel(self, id_: int) -> str:
        return f"<#{id_}>"

    def moment(self, seconds: float) -> str:
        """In the reader's own zone and language."""
        return f"<t:{int(seconds)}:f>"


MENTIONS = Mentions()


def safe_rule(rule: AccessRule) -> AccessRule:
    """The rule with a note that is text and nothing else."""
    return replace(rule, note=plain(rule.note))


def safe_trace(trace: Trace) -> Trace:
    """The trace with such rules, to be put into words."""
    steps = tuple(replace(step, rule=safe_rule(step.rule)) if step.rule else step for step in trace.steps)
    return replace(trace, steps=steps, rule=safe_rule(trace.rule) if trace.rule else None)


def soon(seconds: float) -> str:
    """A moment as "in 12 seconds", counted down by Discord."""
    return f"<t:{int(seconds)}:R>"


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
