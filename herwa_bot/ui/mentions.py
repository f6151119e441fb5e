"""Formatters of role, member and channel names in texts about access rules.

`Mentions` writes Discord mentions; they never ping, because the bot's allowed mentions are empty. `AutocompleteNames`
writes plain text for autocomplete choices, in which Discord does not render mentions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

import discord
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.access.channels import find_channel
from herwa_bot.access.expiry_parsing import format_local_time
from herwa_bot.ui.replies import escape
from herwa_shared.guardrail.policy import AccessRule, SubjectKind
from herwa_shared.guardrail.verdict import Trace
from herwa_shared.services.display_names import load_member_names
from herwa_shared.services.guilds import get_timezone


class Mentions:
    """`guardrail.texts.NameFormatter` that writes Discord mentions."""

    def format_role(self, id_: int) -> str:
        return f"<@&{id_}>"

    def format_member(self, id_: int) -> str:
        return f"<@{id_}>"

    def format_channel(self, id_: int) -> str:
        return f"<#{id_}>"

    def format_time(self, seconds: float) -> str:
        """Format as a Discord timestamp, which shows in the reader's time zone and language."""
        return f"<t:{int(seconds)}:f>"


MENTIONS = Mentions()


def escape_note(rule: AccessRule) -> AccessRule:
    """Return the rule with its note escaped: without mentions, Markdown and links."""
    return replace(rule, note=escape(rule.note))


def escape_trace_notes(trace: Trace) -> Trace:
    """Return the trace with the notes of all its rules escaped."""
    steps = tuple(replace(step, rule=escape_note(step.rule)) if step.rule else step for step in trace.steps)
    return replace(trace, steps=steps, rule=escape_note(trace.rule) if trace.rule else None)


def format_relative_time(seconds: float) -> str:
    """Format a time as a relative Discord timestamp, such as "in 12 seconds".

    Discord keeps the text current.
    """
    return f"<t:{int(seconds)}:R>"


@dataclass(frozen=True, slots=True)
class AutocompleteNames:
    """`guardrail.texts.NameFormatter` that writes plain text for autocomplete choices.

    `reader` is the member who sees the choices. `members` maps user IDs to names; `zone` is the guild's time zone.
    """

    guild: discord.Guild
    reader: discord.Member
    members: Mapping[int, str]
    zone: tzinfo

    def format_role(self, role_id: int, /) -> str:
        role = self.guild.get_role(role_id)
        return f"@{role.name}" if role else "a deleted role"

    def format_member(self, member_id: int, /) -> str:
        return f"@{self.members.get(member_id, member_id)}"

    def format_channel(self, channel_id: int, /) -> str:
        """Format with a leading #, categories without it; hides channels that `reader` cannot see."""
        channel = find_channel(self.guild, channel_id)
        if channel is None:
            return "a deleted channel"
        if not channel.permissions_for(self.reader).view_channel:
            return "a channel that you do not see"
        return channel.name if isinstance(channel, discord.CategoryChannel) else f"#{channel.name}"

    def format_time(self, seconds: float, /) -> str:
        """Format in the guild's time zone."""
        return format_local_time(datetime.fromtimestamp(seconds, UTC), self.zone)


async def load_autocomplete_names(
    session: AsyncSession, reader: discord.Member, rules: Iterable[AccessRule]
) -> AutocompleteNames:
    """Load the names that texts about these rules need."""
    guild = reader.guild
    user_ids = {rule.subject_id for rule in rules if rule.subject_kind == SubjectKind.MEMBER}
    members = await load_member_names(session, guild_id=guild.id, user_ids=user_ids)
    return AutocompleteNames(guild, reader, members, await get_timezone(session, guild_id=guild.id))
