"""Display names of members and channels as the bot last received them.

Dashboard pages and API responses use them in refusal texts, because Discord mentions are not rendered there.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.guardrail.policy import PlaceKind, SubjectKind
from herwa_shared.guardrail.texts import format_local_time
from herwa_shared.guardrail.verdict import Trace
from herwa_shared.listed_members import find_hidden_members
from herwa_shared.models import Channel, Member
from herwa_shared.services.guilds import get_timezone

MAX_RECENT_MEMBERS = 1_000


@dataclass(frozen=True, slots=True)
class DisplayNames:
    """Formats ids and times for refusal texts (protocol `NameFormatter` of `guardrail.texts`).

    Unknown ids get a generic name.
    """

    members: Mapping[int, str]
    channels: Mapping[int, str]
    zone: ZoneInfo

    def format_role(self, role_id: int) -> str:  # noqa: ARG002 - role names are not stored; see the docstring
        """Return a generic text: a role rule only applies to members who have the role."""
        return "one of your roles"

    def format_member(self, member_id: int) -> str:
        """Return the member's name in the guild."""
        return self.members.get(member_id, "a member")

    def format_channel(self, channel_id: int) -> str:
        """Return the name of a channel or category."""
        return self.channels.get(channel_id, "a channel")

    def format_time(self, seconds: float) -> str:
        """Format a time (seconds since 1970) in the guild's time zone."""
        return format_local_time(datetime.fromtimestamp(seconds, UTC), self.zone)


async def load_display_names(session: AsyncSession, trace: Trace) -> DisplayNames:
    """Load the names that the text of a refusal with this trace may contain."""
    rules = [step.rule for step in trace.steps if step.rule]
    lists = [step.channel_list for step in trace.steps if step.channel_list]
    member_ids = {rule.subject_id for rule in rules if rule.subject_kind == SubjectKind.MEMBER}
    place_ids = {rule.place_id for rule in rules if rule.place_kind != PlaceKind.EVERYWHERE}
    place_ids.update(*(channel_list.place_ids for channel_list in lists))
    guild_id = trace.invocation.guild_id
    members = await load_member_names(session, guild_id=guild_id, user_ids=member_ids)
    channels: dict[int, str] = {}
    if place_ids:
        channel_query = select(Channel.id, Channel.name).where(col(Channel.guild_id) == guild_id)
        channels = {
            row[0]: row[1] for row in await session.execute(channel_query.where(col(Channel.id).in_(place_ids)))
        }
    return DisplayNames(members, channels, await get_timezone(session, guild_id=guild_id))


async def list_recent_members(session: AsyncSession, *, guild_id: int, since: datetime) -> dict[int, str]:
    """Map the ids of members who were active since a time to their names, by name; at most MAX_RECENT_MEMBERS.

    Members whom no list may show are left out.
    """
    query = select(Member.user_id, Member.name).where(
        col(Member.guild_id) == guild_id, col(Member.seen_at) >= since, col(Member.bot).is_(False)
    )
    rows = await session.execute(query.order_by(Member.name).limit(MAX_RECENT_MEMBERS))
    names = {row[0]: row[1] for row in rows}
    hidden = await find_hidden_members(session, guild_id=guild_id, user_ids=names)
    return {user_id: name for user_id, name in names.items() if user_id not in hidden}


async def load_member_names(session: AsyncSession, *, guild_id: int, user_ids: Collection[int]) -> Mapping[int, str]:
    """Load member names by user id; unknown members are missing."""
    if not user_ids:
        return {}
    query = select(Member.user_id, Member.name).where(col(Member.guild_id) == guild_id)
    rows = await session.execute(query.where(col(Member.user_id).in_(user_ids)))
    return {row[0]: row[1] for row in rows}
