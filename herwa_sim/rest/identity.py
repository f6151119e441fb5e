"""Who the bot is, where the gateway is, and who a user is."""

from aiohttp import web

from herwa_sim.parts import parts_of
from herwa_sim.rest.edge import Route, answer, id_in
from herwa_sim.serialize.application import application_json, gateway_bot_json, gateway_url
from herwa_sim.serialize.guilds import guild_counts, own_guild_json
from herwa_sim.serialize.people import self_json, user_json


async def gateway(request: web.Request) -> web.Response:
    return answer({"url": gateway_url(parts_of(request).world)})


async def gateway_bot(request: web.Request) -> web.Response:
    return answer(gateway_bot_json(parts_of(request).world))


async def own_user(request: web.Request) -> web.Response:
    return answer(self_json(parts_of(request).world.bot))


async def user(request: web.Request) -> web.Response:
    return answer(user_json(parts_of(request).world.user(id_in(request, "user_id"))))


async def own_guilds(request: web.Request) -> web.Response:
    """The bot's guilds, by id, in pages of 200."""
    world = parts_of(request).world
    after, limit = int(request.query.get("after", "0")), int(request.query.get("limit", "200"))
    counts = request.query.get("with_counts", "").lower() in ("1", "true")
    page = [guild for guild_id, guild in sorted(world.guilds.items()) if guild_id > after][:limit]
    return answer([own_guild_json(one, world.bot.id) | (guild_counts(one) if counts else {}) for one in page])


async def application(request: web.Request) -> web.Response:
    return answer(application_json(parts_of(request).world))


async def none_yet(_: web.Request) -> web.Response:
    """Entitlements and SKUs: nothing is sold here."""
    return answer([])


ROUTES: list[Route] = [
    ("GET", "/gateway", gateway),
    ("GET", "/gateway/bot", gateway_bot),
    ("GET", "/users/@me", own_user),
    ("GET", "/users/@me/guilds", own_guilds),
    ("GET", "/users/{user_id}", user),
    ("GET", "/oauth2/applications/@me", application),
    ("GET", "/applications/@me", application),
    ("GET", "/applications/{application_id}/entitlements", none_yet),
    ("GET", "/applications/{application_id}/skus", none_yet),
]
