"""Access tokens at REST: which routes they open, with which scope."""

from aiohttp import web

from herwa_shared.clock import utc_now
from herwa_sim.context import get_context
from herwa_sim.oauth.grants import OAuthGrant

GRANT_KEY = "grant"

# What the holder of an access token may ask, and the scope without which it may not.
_SCOPE_BY_ROUTE = {
    "/users/@me": "identify",
    "/users/@me/guilds": "guilds",
    "/users/@me/guilds/{guild_id}/member": "guilds.members.read",
    "/oauth2/@me": None,
}


def authorize_bearer(request: web.Request, route: str) -> bool:
    """True when the request's access token lives and opens that route; the grant is noted on the request."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or route not in _SCOPE_BY_ROUTE:
        return False
    grant: OAuthGrant | None = get_context(request).grants.find_by_access_token(token, now=utc_now())
    required_scope = _SCOPE_BY_ROUTE[route]
    if grant is None or (required_scope is not None and required_scope not in grant.scopes):
        return False
    request[GRANT_KEY] = grant
    return True
