"""REST routes of users and their guilds.

The requester is the bot or, with an access token, the user who granted it.
"""

from aiohttp import web

from herwa_sim.actions.guilds import remove_bot
from herwa_sim.context import get_context
from herwa_sim.entities import SimGuild, SimUser
from herwa_sim.oauth.grants import OAuthGrant
from herwa_sim.rest.auth import GRANT_KEY
from herwa_sim.rest.middleware import RestError, Route, get_path_id, respond_json, respond_no_content
from herwa_sim.serialize.application import serialize_application
from herwa_sim.serialize.guilds import serialize_guild_counts, serialize_user_guild
from herwa_sim.serialize.members import serialize_member, serialize_own_user, serialize_user
from herwa_sim.world import World

_PUBLIC_APPLICATION_FIELDS = frozenset(
    {"id", "name", "icon", "description", "type", "verify_key", "flags", "flags_new", "bot_public"}
    | {"bot_require_code_grant"}
)


async def get_own_user(request: web.Request) -> web.Response:
    """Return the requester."""
    return respond_json(serialize_own_user(_get_requester(request)))


async def get_user(request: web.Request) -> web.Response:
    """Return a user."""
    return respond_json(serialize_user(get_context(request).world.get_user(get_path_id(request, "user_id"))))


async def list_own_guilds(request: web.Request) -> web.Response:
    """List the requester's guilds by ascending id, 200 per page, with counts if requested."""
    world, user = get_context(request).world, _get_requester(request)
    after, limit = int(request.query.get("after", "0")), int(request.query.get("limit", "200"))
    with_counts = request.query.get("with_counts", "").lower() in ("1", "true")
    guild_ids = sorted(
        guild_id for guild_id, guild in world.guilds.items() if user.id in guild.members and guild_id > after
    )
    page = [world.guilds[guild_id] for guild_id in guild_ids[:limit]]
    return respond_json(
        [
            serialize_user_guild(user_guild, user.id)
            | (serialize_guild_counts(world, user_guild) if with_counts else {})
            for user_guild in page
        ]
    )


async def get_own_member(request: web.Request) -> web.Response:
    """Return the requester's membership in a guild."""
    world, user = get_context(request).world, _get_requester(request)
    guild = _get_own_guild(world, user, get_path_id(request, "guild_id"))
    return respond_json(serialize_member(guild.members[user.id], user))


async def get_authorization(request: web.Request) -> web.Response:
    """Return the scopes, expiry, user and application of the access token."""
    grant = _find_grant(request)
    if grant is None:
        raise RestError(401, 0, "401: Unauthorized")
    context = get_context(request)
    application = serialize_application(context.world)
    body = {
        "application": {name: value for name, value in application.items() if name in _PUBLIC_APPLICATION_FIELDS},
        "scopes": list(grant.scopes),
        "expires": grant.expires_at.isoformat(),
    }
    if "identify" in grant.scopes:
        body["user"] = serialize_user(context.world.get_user(grant.user_id))
    return respond_json(body)


def _get_own_guild(world: World, user: SimUser, guild_id: int) -> SimGuild:
    guild = world.guilds.get(guild_id)
    if guild is None or user.id not in guild.members:
        raise RestError(404, 10004, "Unknown Guild")
    return guild


def _get_requester(request: web.Request) -> SimUser:
    """Return the bot's user, or the user of the access token."""
    world, grant = get_context(request).world, _find_grant(request)
    return world.bot if grant is None else world.get_user(grant.user_id)


def _find_grant(request: web.Request) -> OAuthGrant | None:
    grant: OAuthGrant | None = request.get(GRANT_KEY)
    return grant


async def leave_guild(request: web.Request) -> web.Response:
    """Remove the bot from a guild. Raises RestError for a guild that it is not in."""
    world = get_context(request).world
    remove_bot(world, _get_own_guild(world, world.bot, get_path_id(request, "guild_id")))
    return respond_no_content()


ROUTES: list[Route] = [
    ("GET", "/users/@me", get_own_user),
    ("GET", "/users/@me/guilds", list_own_guilds),
    ("GET", "/users/@me/guilds/{guild_id}/member", get_own_member),
    ("DELETE", "/users/@me/guilds/{guild_id}", leave_guild),
    ("GET", "/users/{user_id}", get_user),
    ("GET", "/oauth2/@me", get_authorization),
]
