"""Who sees data about single members: what Discord allows, narrowed by the server's setting."""

from enum import StrEnum

from herwa_shared.discord.constants import ADMINISTRATOR, MANAGE_GUILD, VIEW_GUILD_INSIGHTS


class MemberAudience(StrEnum):
    """Who sees rankings of members, answers to tickets by member, and pages of a member."""

    INSIGHTS = "insights"
    """Everyone whom Discord lets see them: Administrator, Manage Server or View Server Insights."""
    MANAGERS = "managers"
    """Administrator or Manage Server."""
    ADMINISTRATORS = "administrators"
    NONE = "none"


_PERMISSIONS = {
    MemberAudience.INSIGHTS: ADMINISTRATOR | MANAGE_GUILD | VIEW_GUILD_INSIGHTS,
    MemberAudience.MANAGERS: ADMINISTRATOR | MANAGE_GUILD,
    MemberAudience.ADMINISTRATORS: ADMINISTRATOR,
    MemberAudience.NONE: 0,
}


def can_see_members(audience: MemberAudience, permissions: int, *, is_owner: bool) -> bool:
    """Return whether a member with these permission bits sees data about single members."""
    return audience is not MemberAudience.NONE and (is_owner or bool(permissions & _PERMISSIONS[audience]))
