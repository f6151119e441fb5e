"""Load the data of the access rules page from PostgreSQL and Discord."""

from datetime import datetime, timedelta

from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.discord.guild_reader import GuildMemberInfo, GuildRole
from herwa_shared.errors import DiscordUnavailable
from herwa_shared.guardrail.policy import GuildPolicy, SubjectKind
from herwa_shared.services.access_requests import list_open_requests
from herwa_shared.services.access_rules import load_rule_values
from herwa_shared.services.channels import list_places
from herwa_shared.services.discovery import load_surfaces
from herwa_shared.services.display_names import list_recent_members, load_member_names
from herwa_shared.services.guilds import get_owner_id, get_timezone
from herwa_shared.services.policies import load_global_policy, load_policy
from herwa_shared.services.rule_tests import list_rule_tests
from herwa_web import app_context, auth
from herwa_web.page_names import PageNames
from herwa_web.pages.rules.data import RulesData


async def load_rules_data(
    visitor: auth.Visitor, guild: UserGuildInfo, tab: str, *, now: datetime, recent: timedelta
) -> RulesData:
    """Load everything that the page needs. Without Discord, roles and members are missing."""
    roles, members = await _load_from_discord(guild.id)
    async with app_context.get_stores().database.transaction() as session:
        policy = await load_policy(session, guild_id=guild.id, global_policy=await load_global_policy(session))
        places = await list_places(session, guild_id=guild.id)
        recent_members = await list_recent_members(session, guild_id=guild.id, since=now - recent)
        rule_members = await load_member_names(session, guild_id=guild.id, user_ids=_list_rule_members(policy))
        names = PageNames(
            {role.id: role.name for role in roles},
            {**recent_members, **rule_members, **{member.id: member.name for member in members or ()}},
            {place.id: place.name for place in places},
            await get_timezone(session, guild_id=guild.id),
        )
        return RulesData(
            guild=guild,
            owner_id=await get_owner_id(session, guild_id=guild.id),
            user_id=visitor.user.user_id,
            policy=policy,
            saved_rules=await load_rule_values(session, guild_id=guild.id),
            surfaces=await load_surfaces(session),
            roles=roles,
            places=places,
            members=members,
            recent=recent_members,
            requests=await list_open_requests(session, guild_id=guild.id),
            tests=await list_rule_tests(session, guild_id=guild.id),
            names=names,
            now=now,
            tab=tab,
        )


def _list_rule_members(policy: GuildPolicy) -> set[int]:
    return {rule.subject_id for rule in policy.rules if rule.subject_kind == SubjectKind.MEMBER}


async def _load_from_discord(guild_id: int) -> tuple[tuple[GuildRole, ...], tuple[GuildMemberInfo, ...] | None]:
    reader = app_context.get_guild_reader()
    try:
        return await reader.list_roles(guild_id), await reader.list_members(guild_id)
    except DiscordUnavailable:
        return (), None
