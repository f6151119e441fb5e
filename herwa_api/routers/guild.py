"""One guild: name, time zone, tier and its limits."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from herwa_api import texts
from herwa_api.app_state import AppDep
from herwa_api.auth import Caller, require_guild_access
from herwa_api.schemas import guild as schemas
from herwa_api.schemas.problems import PROBLEM_RESPONSES
from herwa_api.schemas.serializers import OrjsonResponse
from herwa_api.surfaces import GUILD
from herwa_shared.errors import NotFound
from herwa_shared.services.api_key_authentication import Principal
from herwa_shared.services.channels import find_guild_info

router = APIRouter(prefix="/api/guilds/{guild_id}", tags=["identity"], responses=PROBLEM_RESPONSES)
GuildId = Annotated[int, Depends(require_guild_access(GUILD))]


@router.get(
    "",
    summary=texts.ROUTE_SUMMARIES["guild"],
    description=texts.ROUTE_DESCRIPTIONS["guild"],
    response_model=schemas.GuildDetailResponse,
)
async def get_guild(guild_id: GuildId, caller: Caller, app_state: AppDep) -> Response:
    """Return the server with its tier and limits; for a test key, the demo server with the tier of the key's server."""
    owner_id = caller.owner_id if isinstance(caller, Principal) else guild_id
    policy = await app_state.authorizer.policy_cache.get(owner_id)
    async with app_state.stores.database.transaction() as session:
        guild = await find_guild_info(session, guild_id=guild_id)
    if guild is None:
        raise NotFound(texts.GUILD_NOT_FOUND)
    return OrjsonResponse(schemas.serialize_guild_details(guild_id, guild, policy.entitlement, app_state.cdn))
