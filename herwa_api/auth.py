"""Who is asking, and may they: a key of this guild, or a person who manages it; and what the guardrail says to both."""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Path, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from herwa_api.app_state import Access, Given
from herwa_api.cookies import session_secret
from herwa_api.csrf import SAFE_METHODS, require_same_origin
from herwa_api.surfaces import HEATMAP, STATS, TOP_CHANNELS, TOP_MEMBERS
from herwa_shared.auth.sessions import Viewer, viewer_of
from herwa_shared.authorization import Refused
from herwa_shared.catalog import Surface
from herwa_shared.clock import utc_now
from herwa_shared.errors import NotFound, Unauthenticated
from herwa_shared.guardrail.texts import Refusal
from herwa_shared.guardrail.verdict import Reason
from herwa_shared.services.api_keys import Principal, Scope, find_key

NO_SUCH_GUILD = "There is no server with this id that this key may read."
SNOWFLAKE = re.compile(r"[1-9][0-9]{0,18}")
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


async def asker_of(
    request: Request,
    access: Given,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)],
    _: Annotated[str | None, Security(session_cookie)],
) -> Principal | Viewer:
    """The holder of the key; where none is sent, the person who is logged in. Raises Unauthenticated."""
    if "Authorization" in request.headers:
        return await _principal(access, credentials)
    viewer = await viewer_in(request, access)
    if viewer is None:
        raise Unauthenticated
    return viewer


async def viewer_in(request: Request, access: Access) -> Viewer | None:
    """The person whose session this browser sent. For a change it must have been one of our pages that asked."""
    secret = session_secret(request, access.settings)
    if secret is None:
        return None
    if request.method not in SAFE_METHODS:
        require_same_origin(request, access.settings)
    async with access.stores.database.transaction() as session:
        return await viewer_of(session, secret=secret, now=utc_now())


async def _principal(access: Access, credentials: HTTPAuthorizationCredentials | None) -> Principal:
    if credentials is None:
        raise Unauthenticated
    async with access.stores.database.transaction() as session:
        principal = await find_key(session, key=credentials.credentials, pepper=access.pepper, now=utc_now())
    if principal is None:
        raise Unauthenticated
    return principal


Asker = Annotated[Principal | Viewer, Depends(asker_of)]


def guild_reader(surface: Surface, *scopes: Scope) -> Callable[[Asker, Access, str], Awaitable[int]]:
    """A dependency: the id of the guild in the path, to which the key must belong, or which the person must manage.

    The guardrail is asked for the surface; a key needs these scopes for it.
    """

    async def guild_id_of(
        asker: Asker,
        access: Given,
        guild_id: Annotated[str, Path(description="The server's id", examples=["81384788765712384"])],
    ) -> int:
        if isinstance(asker, Viewer):
            return await _managed(access, asker, guild_id, surface)
        if guild_id != str(asker.guild_id):
            raise NotFound(NO_SUCH_GUILD)
        await _require_key(access, asker, surface, scopes)
        return asker.guild_id

    return guild_id_of


async def _require_key(access: Access, key: Principal, surface: Surface, scopes: tuple[Scope, ...]) -> None:
    missing = [scope for scope in scopes if scope not in key.scopes]
    try:
        await access.clearance.require_key(key.guild_id, surface, in_scope=not missing)
    except Refused as refused:
        if refused.reason is not Reason.SCOPE:
            raise
        said = Refusal(f"This key lacks the scope {' and '.join(missing)}.", "Make one that has it.")
        raise Refused(Reason.SCOPE, said) from None


async def _managed(access: Access, viewer: Viewer, guild_id: str, surface: Surface) -> int:
    """What is no id is asked about like any other, so that it looks and lasts the same."""
    number = int(guild_id) if SNOWFLAKE.fullmatch(guild_id) else 0
    guild = await access.logging_in().rights.managed(viewer.user_id, number)
    await access.clearance.require_member(viewer.user_id, guild, surface)
    return guild.id


StatsReader = Annotated[int, Depends(guild_reader(STATS, Scope.STATS))]
TopChannelsReader = Annotated[int, Depends(guild_reader(TOP_CHANNELS, Scope.STATS))]
TopMembersReader = Annotated[int, Depends(guild_reader(TOP_MEMBERS, Scope.STATS, Scope.MEMBERS))]
HeatmapReader = Annotated[int, Depends(guild_reader(HEATMAP, Scope.STATS))]
