"""Explain whether a member can use a command, as "Try it" of the dashboard does."""

from herwa_api import texts
from herwa_api.app_state import AppState
from herwa_api.schemas.explain import ExplainQuery
from herwa_shared.catalog import Surface, SurfaceKind, SurfaceRegistry
from herwa_shared.clock import utc_now
from herwa_shared.discord.guild_reader import GuildMemberInfo, GuildRole
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.services.access_trial import AccessTrial, TrialResult, build_role_member, try_access
from herwa_shared.services.channels import PlaceInfo, find_parent_channel, list_places
from herwa_shared.services.discovery import load_surfaces
from herwa_shared.services.guilds import get_owner_id
from herwa_shared.services.policies import load_global_policy, load_policy


async def explain_access(app_state: AppState, guild_id: int, params: ExplainQuery) -> TrialResult:
    """Evaluate every step with the saved settings of the guild.

    Raises BadRequest for an unknown command or role, NotFound for a member or channel that the guild does not have,
    DiscordUnavailable.
    """
    async with app_state.stores.database.transaction() as session:
        policy = await load_policy(session, guild_id=guild_id, global_policy=await load_global_policy(session))
        surface = _get_command(await load_surfaces(session), params.command)
        owner_id = await get_owner_id(session, guild_id=guild_id)
        channel_id = int(params.channel_id or 0)
        parent_id = await find_parent_channel(session, guild_id=guild_id, channel_id=channel_id) if channel_id else None
        places = await list_places(session, guild_id=guild_id) if channel_id else ()
    place = _get_place(places, parent_id or channel_id) if channel_id else None
    reader = app_state.require_guild_reader()
    roles = await reader.list_roles(guild_id)
    if params.member_id is None:
        member = _build_member(params.roles, roles, guild_id)
    else:
        member_id = int(params.member_id)
        found = await reader.find_member(guild_id, member_id) if member_id else None
        if found is None:
            raise NotFound(texts.MEMBER_NOT_FOUND)
        member = found
    trial = AccessTrial(member, surface, place, utc_now().timestamp())
    return await try_access(trial, policy, reader, roles=roles, owner_id=owner_id)


def _get_command(surfaces: SurfaceRegistry, command: str) -> Surface:
    key = command.removeprefix("/")
    for kind in (SurfaceKind.COMMAND, SurfaceKind.MENU):
        if (surface := surfaces.find(kind, key)) is not None:
            return surface
    raise BadRequest(texts.UNKNOWN_COMMAND, field="command")


def _get_place(places: tuple[PlaceInfo, ...], channel_id: int) -> PlaceInfo:
    for place in places:
        if place.id == channel_id and not place.is_category:
            return place
    raise NotFound(texts.CHANNEL_NOT_FOUND)


def _build_member(role_ids: frozenset[int], roles: tuple[GuildRole, ...], guild_id: int) -> GuildMemberInfo:
    if not role_ids <= {role.id for role in roles}:
        raise BadRequest(texts.UNKNOWN_ROLE, field="role_ids")
    return build_role_member(role_ids - {guild_id})
