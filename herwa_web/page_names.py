"""Names of members, channels and roles, and times, in the texts of pages."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from herwa_shared.errors import DiscordUnavailable
from herwa_shared.guardrail.texts import format_local_time
from herwa_shared.services.channels import list_places
from herwa_shared.services.display_names import load_member_names
from herwa_shared.services.guilds import get_timezone
from herwa_web import app_context, texts


@dataclass(frozen=True, slots=True)
class PageNames:
    """`guardrail.texts.NameFormatter` for pages: names by id, and the time zone of the server."""

    roles: Mapping[int, str] = field(default_factory=dict)
    members: Mapping[int, str] = field(default_factory=dict)
    channels: Mapping[int, str] = field(default_factory=dict)
    zone: tzinfo = UTC

    def format_role(self, role_id: int, /) -> str:
        """Format a role as `@Support`."""
        return f"@{self.roles[role_id]}" if role_id in self.roles else texts.UNKNOWN_ROLE

    def format_member(self, member_id: int, /) -> str:
        """Format a member by their name in the server."""
        return f"@{self.members[member_id]}" if member_id in self.members else texts.UNKNOWN_MEMBER

    def format_channel(self, channel_id: int, /) -> str:
        """Format a channel as `#general`, a category by its name."""
        return self.channels.get(channel_id, texts.UNKNOWN_CHANNEL)

    def format_time(self, seconds: float, /) -> str:
        """Format a time in the server's time zone."""
        return format_local_time(datetime.fromtimestamp(seconds, UTC), self.zone)


async def load_page_names(guild_id: int, *, member_ids: Collection[int] = ()) -> PageNames:
    """Load the names of all roles and channels of a guild and of these members.

    While Discord does not respond, roles have no names.
    """
    async with app_context.get_stores().database.transaction() as session:
        members = await load_member_names(session, guild_id=guild_id, user_ids=member_ids)
        places = await list_places(session, guild_id=guild_id)
        zone = await get_timezone(session, guild_id=guild_id)
    channels = {place.id: place.name for place in places}
    return PageNames(await _load_role_names(guild_id), members, channels, zone)


async def _load_role_names(guild_id: int) -> Mapping[int, str]:
    try:
        roles = await app_context.get_guild_reader().list_roles(guild_id)
    except DiscordUnavailable:
        return {}
    return {role.id: role.name for role in roles}
