"""Discord's REST API, version 10: the routes that discord.py calls for the bot."""

from aiohttp import web

from herwa_sim.rest import (
    cdn,
    channels,
    commands,
    direct_messages,
    guilds,
    identity,
    interactions,
    messages,
    middleware,
    purchases,
    threads,
    users,
    webhooks,
)

ROUTE_MODULES = (
    identity,
    users,
    direct_messages,
    guilds,
    channels,
    messages,
    threads,
    commands,
    interactions,
    webhooks,
    purchases,
)


def add_routes(app: web.Application) -> None:
    """Register every route under /api/v10, and the CDN."""
    for module in ROUTE_MODULES:
        for method, path, handler in module.ROUTES:
            app.router.add_route(method, middleware.API_PREFIX + path, handler)
    app.router.add_route("*", middleware.API_PREFIX + "/{rest:.*}", middleware.handle_unknown_route)
    for path, handler in cdn.ROUTES:
        app.router.add_get(path, handler)
