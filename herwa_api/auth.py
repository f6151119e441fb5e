"""Who is asking, and may they: a key of this guild, or a person who manages it; and what the guardrail says to both."""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Path, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from herwa_api.app_state import AppDep, AppState
from herwa_api.cookies import find_session_token
from herwa_api.csrf import SAFE_METHODS, require_same_origin
from herwa_api.surfaces import HEATMAP, STATS, TOP_CHANNELS, TOP_MEMBERS
from herwa_shared.auth.sessions import SessionUser, find_session_user
from herwa_shared.authorization import AccessDenied
from herwa_shared.catalog import Surface
from herwa_shared.clock import utc_now
from herwa_shared.errors import NotFound, Unauthenticated
from herwa_shared.guardrail.texts import Refusal
from herwa_shared.guardrail.verdict import Reason
from herwa_shared.services.api_keys import Principal, Scope, authenticate_key

NO_SUCH_GUILD = "There is no server with this id that this key may read."
SNOWFLAKE_PATTERN = re.compile(r"[1-9][0-9]{0,18}")
bearer = HTTPBearer(
    scheme_name="apiKey",
    bearerFormat="sk_live_…",
    description="A key of the server: `Authorization: Bearer sk_live_…`. Keys in addresses are never accepted.",
    auto_error=False,
)
session_cookie = APIKeyCookie(
    name="herwa_session",
    scheme_name="session",
    description="The session of a person who logged in at `/auth/login`. It reads the servers that they manage.",
    auto_error=False,
)


async def authenticate(
    request: Request,
    app_state: AppDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)],
    _: Annotated[str | None, Security(session_cookie)],
) -> Principal | SessionUser:
    """The holder of the key; where none is sent, the person who is logged in. Raises Unauthenticated."""
    if "Authorization" in request.headers:
        return await _authenticate_key(app_state, credentials)
    user = await find_request_user(request, app_state)
    if user is None:
        raise Unauthenticated
    return user


async def find_request_user(request: Request, app_state: AppState) -> SessionUser | None:
    """The person whose session this browser sent. For a change it must have been one of our pages that asked."""
    session_token = find_session_token(request, app_state.settings)
    if session_token is None:
        return None
    if request.method not in SAFE_METHODS:
        require_same_origin(request, app_state.settings)
    async with app_state.stores.database.transaction() as session:
        return await find_session_user(session, token=session_token, now=utc_now())


async def _authenticate_key(app_state: AppState, credentials: HTTPAuthorizationCredentials | None) -> Principal:
    if credentials is None:
        raise Unauthenticated
    async with app_state.stores.database.transaction() as session:
        principal = await authenticate_key(session, key=credentials.credentials, pepper=app_state.pepper, now=utc_now())
    if principal is None:
        raise Unauthenticated
    return principal


Caller = Annotated[Principal | SessionUser, Depends(authenticate)]


def require_guild_access(surface: Surface, *scopes: Scope) -> Callable[[Caller, AppState, str], Awaitable[int]]:
    """A dependency: the id of the guild in the path, to which the key must belong, or which the person must manage.

    The guardrail is asked for the surface; a key needs these scopes for it.
    """

    async def authorize_guild(
        asker: Caller,
        access: AppDep,
        guild_id: Annotated[str, Path(description="The server's id", examples=["81384788765712384"])],
    ) -> int:
        if isinstance(asker, SessionUser):
            return await _require_managed_guild(access, asker, guild_id, surface)
        if guild_id != str(asker.guild_id):
            raise NotFound(NO_SUCH_GUILD)
        await _require_key(access, asker, surface, scopes)
        return asker.guild_id

    return authorize_guild


async def _require_key(app_state: AppState, key: Principal, surface: Surface, scopes: tuple[Scope, ...]) -> None:
    missing_scopes = [scope for scope in scopes if scope not in key.scopes]
    try:
        await app_state.authorizer.require_key(key.guild_id, surface, in_scope=not missing_scopes)
    except AccessDenied as denial:
        if denial.reason is not Reason.SCOPE:
            raise
        refusal = Refusal(f"This key lacks the scope {' and '.join(missing_scopes)}.", "Make one that has it.")
        raise AccessDenied(Reason.SCOPE, refusal) from None


async def _require_managed_guild(app_state: AppState, user: SessionUser, guild_id: str, surface: Surface) -> int:
    """What is no id is asked about like any other, so that it looks and lasts the same."""
    parsed_id = int(guild_id) if SNOWFLAKE_PATTERN.fullmatch(guild_id) else 0
    guild = await app_state.require_oauth().guild_access.require_managed_guild(user.user_id, parsed_id)
    await app_state.authorizer.require_member(user.user_id, guild, surface)
    return guild.id


StatsGuildId = Annotated[int, Depends(require_guild_access(STATS, Scope.STATS))]
TopChannelsGuildId = Annotated[int, Depends(require_guild_access(TOP_CHANNELS, Scope.STATS))]
TopMembersGuildId = Annotated[int, Depends(require_guild_access(TOP_MEMBERS, Scope.STATS, Scope.MEMBERS))]
HeatmapGuildId = Annotated[int, Depends(require_guild_access(HEATMAP, Scope.STATS))]
