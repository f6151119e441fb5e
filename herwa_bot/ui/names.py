"""Names of roles, members and channels, and times, in all texts of the bot. Nothing else formats them.

`MESSAGE_NAMES` is for messages in a server: Discord renders its mentions and timestamps for the reader. They never
ping, because the bot's allowed mentions are empty. `PlainNames` is for everything else (suggestions, labels, direct
messages), where Discord renders none: the same names as text.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

import discord

from herwa_bot.access.channels import find_channel, find_rule_channel
from herwa_bot.texts import names as texts
from herwa_bot.ui.escaping import escape
from herwa_shared.db import Database
from herwa_shared.guardrail.policy import AccessRule, SubjectKind
from herwa_shared.guardrail.texts import format_local_time
from herwa_shared.guardrail.verdict import Trace
from herwa_shared.services.display_names import load_member_names
from herwa_shared.services.guilds import get_timezone

FETCH_TIMEOUT_SECONDS = 1.0  # Discord expects suggestions within three seconds
MAX_FETCHED_MEMBERS = 100  # Discord's limit for one request


class MessageNames:
    """`guardrail.texts.NameFormatter` for messages in a server: Discord mentions and timestamps."""

    def format_role(self, role_id: int, /) -> str:
        return f"<@&{role_id}>"

    def format_member(self, member_id: int, /) -> str:
        return f"<@{member_id}>"

    def format_channel(self, channel_id: int, /) -> str:
        return f"<#{channel_id}>"

    def format_time(self, seconds: float, /) -> str:
        """Format as a Discord timestamp, which shows in the reader's time zone and language."""
        return f"<t:{int(seconds)}:f>"

    def format_relative_time(self, seconds: float, /) -> str:
        """Format as a relative Discord timestamp, such as "in 12 seconds". Discord keeps it current."""
        return f"<t:{int(seconds)}:R>"


MESSAGE_NAMES = MessageNames()


@dataclass(frozen=True, slots=True)
class PlainNames:
    """`guardrail.texts.NameFormatter` for texts in which Discord renders no mentions.

    `reader` is the member or role who sees the text; channels hidden from it are not named. `members` maps user IDs to
    names, or to None for users who are not in the guild. `zone` is the guild's time zone.
    """

    guild: discord.Guild
    reader: discord.Member | discord.Role
    members: Mapping[int, str | None]
    zone: tzinfo

    def format_role(self, role_id: int, /) -> str:
        role = self.guild.get_role(role_id)
        return texts.format_at(role.name) if role else texts.DELETED_ROLE

    def format_member(self, member_id: int, /) -> str:
        if member_id not in self.members:
            return texts.UNKNOWN_MEMBER
        name = self.members[member_id]
        return texts.FORMER_MEMBER if name is None else texts.format_at(name)

    def format_channel(self, channel_id: int, /) -> str:
        """Format with a leading #, categories without it."""
        channel = find_channel(self.guild, channel_id)
        if channel is None:
            return texts.DELETED_CHANNEL
        if not channel.permissions_for(self.reader).view_channel:
            return texts.HIDDEN_CHANNEL
        return channel.name if isinstance(channel, discord.CategoryChannel) else texts.format_channel(channel.name)

    def format_time(self, seconds: float, /) -> str:
        """Format in the guild's time zone."""
        return format_local_time(datetime.fromtimestamp(seconds, UTC), self.zone)


def format_user(user: discord.abc.User) -> str:
    """Format a user of an interaction for a direct message: the escaped name, and the user name if it differs.

    Nicknames are free: with the user name a manager can tell members with the same name apart.
    """
    return texts.format_user(escape(user.display_name), escape(user.name))


def format_public_channel(guild: discord.Guild, channel: object) -> str:
    """Format a channel for a direct message as escaped plain text; a thread by its parent.

    Not every manager can see every channel, so a channel that not everyone can see is not named.
    """
    rule_channel = find_rule_channel(guild, channel)
    if rule_channel is None or not rule_channel.permissions_for(guild.default_role).view_channel:
        return texts.PRIVATE_CHANNEL
    return texts.format_channel(escape(rule_channel.name))


async def load_plain_names(database: Database, reader: discord.Member, rules: Iterable[AccessRule]) -> PlainNames:
    """Load the names that texts about these rules need.

    Members of whom the bot has no name yet are fetched from Discord.
    """
    guild = reader.guild
    user_ids = {rule.subject_id for rule in rules if rule.subject_kind == SubjectKind.MEMBER}
    async with database.transaction() as session:
        members: dict[int, str | None] = dict(await load_member_names(session, guild_id=guild.id, user_ids=user_ids))
        zone = await get_timezone(session, guild_id=guild.id)
    members |= await _fetch_names(guild, user_ids - members.keys())
    return PlainNames(guild, reader, members, zone)


def escape_note(rule: AccessRule) -> AccessRule:
    """Return the rule with its note escaped: without mentions, Markdown and links."""
    return replace(rule, note=escape(rule.note))


def escape_trace_notes(trace: Trace) -> Trace:
    """Return the trace with the notes of all its rules escaped."""
    steps = tuple(replace(step, rule=escape_note(step.rule)) if step.rule else step for step in trace.steps)
    return replace(trace, steps=steps, rule=escape_note(trace.rule) if trace.rule else None)


async def _fetch_names(guild: discord.Guild, user_ids: Collection[int]) -> dict[int, str | None]:
    """Fetch names of members; None for those who are not in the guild. The result is empty if Discord does not respond.

    The collector stores the names that arrive, so that each is fetched once.
    """
    if not user_ids:
        return {}
    wanted_ids = sorted(user_ids)[:MAX_FETCHED_MEMBERS]
    try:
        async with asyncio.timeout(FETCH_TIMEOUT_SECONDS):
            fetched = await guild.query_members(user_ids=wanted_ids, limit=len(wanted_ids), cache=False)
    except (TimeoutError, discord.DiscordException, RuntimeError):  # RuntimeError: not connected
        return {}
    names = {member.id: member.display_name for member in fetched}
    return {user_id: names.get(user_id) for user_id in wanted_ids}
