"""The caller's identity (`/api/me`) and guilds (`/api/guilds`)."""

from fastapi import APIRouter, Response

from herwa_api import texts
from herwa_api.app_state import AppDep
from herwa_api.auth import Caller
from herwa_api.schemas import me as schemas
from herwa_api.schemas.problems import PROBLEM_RESPONSES
from herwa_api.schemas.serializers import OrjsonResponse
from herwa_shared.auth.sessions import SessionUser
from herwa_shared.auth.user_guilds import get_guild_as_outsider
from herwa_shared.services.api_key_authentication import Principal

router = APIRouter(
    prefix="/api", tags=["identity"], responses={code: PROBLEM_RESPONSES[code] for code in (401, "4XX", "5XX")}
)


@router.get(
    "/me",
    summary=texts.ROUTE_SUMMARIES["me"],
    description=texts.ROUTE_DESCRIPTIONS["me"],
    response_model=schemas.IdentityResponse,
)
async def get_identity(caller: Caller, app_state: AppDep) -> Response:
    """Return the user of the session, or the API key that was sent."""
    if isinstance(caller, SessionUser):
        return OrjsonResponse(schemas.serialize_user(caller, app_state.cdn))
    return OrjsonResponse(schemas.serialize_key(caller))


@router.get(
    "/guilds",
    summary=texts.ROUTE_SUMMARIES["guilds"],
    description=texts.ROUTE_DESCRIPTIONS["guilds"],
    response_model=schemas.GuildListResponse,
)
async def list_guilds(caller: Caller, app_state: AppDep) -> Response:
    """Return the servers that the caller may read, sorted by name.

    For a user: the servers that they manage, including those without the bot. For an API key: its one server.
    """
    if isinstance(caller, Principal):
        async with app_state.stores.database.transaction() as session:
            return OrjsonResponse(
                schemas.serialize_guilds(
                    [await get_guild_as_outsider(session, guild_id=caller.guild_id)], app_state.cdn
                )
            )
    user_guilds = await app_state.require_oauth().guild_access.list_guilds(caller.user_id)
    return OrjsonResponse(schemas.serialize_guilds([guild for guild in user_guilds if guild.can_manage], app_state.cdn))
