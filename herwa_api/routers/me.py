"""Who is asking, and which servers are theirs."""

from fastapi import APIRouter, Response

from herwa_api.app_state import Given
from herwa_api.auth import Asker
from herwa_api.schemas import me as schemas
from herwa_api.schemas.problems import PROBLEMS
from herwa_api.schemas.serializers import Json
from herwa_shared.auth.sessions import Viewer
from herwa_shared.auth.user_guilds import guild_of
from herwa_shared.services.api_keys import Principal

router = APIRouter(prefix="/api", tags=["who"], responses={code: PROBLEMS[code] for code in (401, "4XX", "5XX")})


@router.get("/me", summary="Who is asking", response_model=schemas.Me)
async def me(asker: Asker, access: Given) -> Response:
    """The person who is logged in, or the key."""
    if isinstance(asker, Viewer):
        return Json(schemas.user_body(asker, access.cdn))
    return Json(schemas.key_body(asker))


@router.get("/guilds", summary="Servers that the asker may read", response_model=schemas.Guilds)
async def guilds(asker: Asker, access: Given) -> Response:
    """Of a person the servers that they manage, by name, also those that the bot is not in yet; of a key its server."""
    if isinstance(asker, Principal):
        async with access.stores.database.transaction() as session:
            return Json(schemas.guilds_body([await guild_of(session, guild_id=asker.guild_id)], access.cdn))
    own = await access.logging_in().rights.guilds(asker.user_id)
    return Json(schemas.guilds_body([guild for guild in own if guild.manages], access.cdn))
