"""Access tokens at REST: which routes they open, with which scope."""

from aiohttp import web

from herwa_shared.clock import utc_now
from herwa_sim.context import parts_of
from herwa_sim.oauth.grants import Grant

GRANT = "grant"

# What the holder of an access token may ask, and the scope without which it may not.
_SCOPES = {
    "/users/@me": "identify",
    "/users/@me/guilds": "guilds",
    "/users/@me/guilds/{guild_id}/member": "guilds.members.read",
    "/oauth2/@me": None,
}


def bearer_may(request: web.Request, route: str) -> bool:
    """True when the request's access token lives and opens that route; the grant is noted on the request."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or route not in _SCOPES:
        return False
    grant: Grant | None = parts_of(request).grants.bearer(token, now=utc_now())
    needed = _SCOPES[route]
    if grant is None or (needed is not None and needed not in grant.scopes):
        return False
    request[GRANT] = grant
    return True
