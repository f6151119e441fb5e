"""Discord's REST interface, version 10: the routes that discord.py calls for our bot, one noun a file."""

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
    threads,
    users,
    webhooks,
)

NOUNS = (identity, users, direct_messages, guilds, channels, messages, threads, commands, interactions, webhooks)


def add_routes(app: web.Application) -> None:
    """Every route under /api/v10, and the CDN."""
    for noun in NOUNS:
        for method, path, handler in noun.ROUTES:
            app.router.add_route(method, middleware.API + path, handler)
    app.router.add_route("*", middleware.API + "/{rest:.*}", middleware.unknown)
    for path, handler in cdn.ROUTES:
        app.router.add_get(path, handler)
