"""REST routes of the application and the gateway URL."""

from aiohttp import web

from herwa_sim.context import get_context
from herwa_sim.rest.middleware import Route, respond_json
from herwa_sim.serialize.application import build_gateway_url, serialize_application, serialize_gateway_bot


async def get_gateway(request: web.Request) -> web.Response:
    """Return the gateway URL."""
    return respond_json({"url": build_gateway_url(get_context(request).world)})


async def get_gateway_bot(request: web.Request) -> web.Response:
    """Return the gateway URL with shard count and session start limits."""
    return respond_json(serialize_gateway_bot(get_context(request).world))


async def get_application(request: web.Request) -> web.Response:
    """Return the application."""
    return respond_json(serialize_application(get_context(request).world))


ROUTES: list[Route] = [
    ("GET", "/gateway", get_gateway),
    ("GET", "/gateway/bot", get_gateway_bot),
    ("GET", "/oauth2/applications/@me", get_application),
    ("GET", "/applications/@me", get_application),
]
