"""Users: who somebody is, and which guilds they are in. The bot asks about itself, a bearer about whoever let them."""

from aiohttp import web

from herwa_sim.context import parts_of
from herwa_sim.entities import Guild, User
from herwa_sim.oauth.grants import Grant
from herwa_sim.rest.auth import GRANT
from herwa_sim.rest.middleware import Refusal, Route, answer, id_in
from herwa_sim.serialize.application import application_json
from herwa_sim.serialize.guilds import guild_counts, own_guild_json
from herwa_sim.serialize.members import member_json, self_json, user_json
from herwa_sim.world import World

_SHOWN_APPLICATION = frozenset(
    {"id", "name", "icon", "description", "type", "verify_key", "flags", "flags_new", "bot_public"}
    | {"bot_require_code_grant"}
)


async def own_user(request: web.Request) -> web.Response:
    return answer(self_json(_asker(request)))


async def user(request: web.Request) -> web.Response:
    return answer(user_json(parts_of(request).world.user(id_in(request, "user_id"))))


async def own_guilds(request: web.Request) -> web.Response:
    """The asker's guilds, by id, in pages of 200, with counts when asked for."""
    world, me = parts_of(request).world, _asker(request)
    after, limit = int(request.query.get("after", "0")), int(request.query.get("limit", "200"))
    counts = request.query.get("with_counts", "").lower() in ("1", "true")
    mine = sorted(guild_id for guild_id, guild in world.guilds.items() if me.id in guild.members and guild_id > after)
    page = [world.guilds[guild_id] for guild_id in mine[:limit]]
    return answer([own_guild_json(one, me.id) | (guild_counts(world, one) if counts else {}) for one in page])


async def own_member(request: web.Request) -> web.Response:
    """The bearer's own membership in one guild."""
    world, me = parts_of(request).world, _asker(request)
    guild = _own_guild(world, me, id_in(request, "guild_id"))
    return answer(member_json(guild.members[me.id], me))


async def authorization(request: web.Request) -> web.Response:
    """What a bearer may do, until when, and for whom."""
    grant = _grant(request)
    if grant is None:
        raise Refusal(401, 0, "401: Unauthorized")
    parts = parts_of(request)
    whole = application_json(parts.world)
    told = {
        "application": {name: value for name, value in whole.items() if name in _SHOWN_APPLICATION},
        "scopes": list(grant.scopes),
        "expires": grant.expires_at.isoformat(),
    }
    if "identify" in grant.scopes:
        told["user"] = user_json(parts.world.user(grant.user_id))
    return answer(told)


def _own_guild(world: World, me: User, guild_id: int) -> Guild:
    guild = world.guilds.get(guild_id)
    if guild is None or me.id not in guild.members:
        raise Refusal(404, 10004, "Unknown Guild")
    return guild


def _asker(request: web.Request) -> User:
    world, grant = parts_of(request).world, _grant(request)
    return world.bot if grant is None else world.user(grant.user_id)


def _grant(request: web.Request) -> Grant | None:
    found: Grant | None = request.get(GRANT)
    return found


ROUTES: list[Route] = [
    ("GET", "/users/@me", own_user),
    ("GET", "/users/@me/guilds", own_guilds),
    ("GET", "/users/@me/guilds/{guild_id}/member", own_member),
    ("GET", "/users/{user_id}", user),
    ("GET", "/oauth2/@me", authorization),
]
