"""Who is asking, and may they: a key in the Authorization header, the guild it belongs to, its scopes."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Path
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from herwa_api.dependencies import Access, access_of
from herwa_shared.clock import utc_now
from herwa_shared.errors import Forbidden, NotFound, Unauthenticated
from herwa_shared.services.api_keys import Principal, Scope, find_key

NO_SUCH_GUILD = "There is no server with this id that this key may read."
bearer = HTTPBearer(
    scheme_name="apiKey",
    bearerFormat="sk_live_…",
    description="A key of the server: `Authorization: Bearer sk_live_…`. Keys in addresses are never accepted.",
    auto_error=False,
)


async def principal_of(
    access: Annotated[Access, Depends(access_of)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Principal:
    """The holder of the key. Raises Unauthenticated."""
    if credentials is None:
        raise Unauthenticated
    async with access.stores.database.transaction() as session:
        principal = await find_key(session, key=credentials.credentials, pepper=access.pepper, now=utc_now())
    if principal is None:
        raise Unauthenticated
    return principal


def guild_reader(*scopes: Scope) -> Callable[[Principal, str], Awaitable[int]]:
    """A dependency: the id of the guild in the path, which the key must own, with these scopes."""

    async def guild_id_of(
        principal: Annotated[Principal, Depends(principal_of)],
        guild_id: Annotated[str, Path(description="The server's id", examples=["81384788765712384"])],
    ) -> int:
        if guild_id != str(principal.guild_id):
            raise NotFound(NO_SUCH_GUILD)
        if missing := [scope for scope in scopes if scope not in principal.scopes]:
            raise Forbidden(f"This key lacks the scope {' and '.join(missing)}. Make one that has it.")
        return principal.guild_id

    return guild_id_of


StatsReader = Annotated[int, Depends(guild_reader(Scope.STATS))]
MembersReader = Annotated[int, Depends(guild_reader(Scope.STATS, Scope.MEMBERS))]
