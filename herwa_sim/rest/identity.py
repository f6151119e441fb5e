"""What the application is, and where the gateway is."""

from aiohttp import web

from herwa_sim.context import get_context
from herwa_sim.rest.middleware import Route, respond_json
from herwa_sim.serialize.application import build_gateway_url, serialize_application, serialize_gateway_bot


async def get_gateway(request: web.Request) -> web.Response:
    return respond_json({"url": build_gateway_url(get_context(request).world)})


async def get_gateway_bot(request: web.Request) -> web.Response:
    return respond_json(serialize_gateway_bot(get_context(request).world))


async def get_application(request: web.Request) -> web.Response:
    return respond_json(serialize_application(get_context(request).world))


async def list_nothing(_: web.Request) -> web.Response:
    """Entitlements and SKUs: nothing is sold here."""
    return respond_json([])


ROUTES: list[Route] = [
    ("GET", "/gateway", get_gateway),
    ("GET", "/gateway/bot", get_gateway_bot),
    ("GET", "/oauth2/applications/@me", get_application),
    ("GET", "/applications/@me", get_application),
    ("GET", "/applications/{application_id}/entitlements", list_nothing),
    ("GET", "/applications/{application_id}/skus", list_nothing),
]
