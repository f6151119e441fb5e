"""Access tokens (Bearer) in the REST API: allowed routes and their required scopes."""

from aiohttp import web

from herwa_shared.clock import utc_now
from herwa_sim.context import get_context
from herwa_sim.oauth.grants import OAuthGrant

GRANT_KEY = "grant"

# The routes that accept an access token, and the scope that each requires.
_SCOPE_BY_ROUTE = {
    "/users/@me": "identify",
    "/users/@me/guilds": "guilds",
    "/users/@me/guilds/{guild_id}/member": "guilds.members.read",
    "/oauth2/@me": None,
}


def authorize_bearer(request: web.Request, route: str) -> bool:
    """True if the request's access token is valid and grants the route.

    Side effect: stores the grant in `request[GRANT_KEY]`.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or route not in _SCOPE_BY_ROUTE:
        return False
    grant: OAuthGrant | None = get_context(request).grants.find_by_access_token(token, now=utc_now())
    required_scope = _SCOPE_BY_ROUTE[route]
    if grant is None or (required_scope is not None and required_scope not in grant.scopes):
        return False
    request[GRANT_KEY] = grant
    return True
