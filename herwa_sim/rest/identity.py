"""What the application is, and where the gateway is."""

from aiohttp import web

from herwa_sim.context import parts_of
from herwa_sim.rest.middleware import Route, answer
from herwa_sim.serialize.application import application_json, gateway_bot_json, gateway_url


async def gateway(request: web.Request) -> web.Response:
    return answer({"url": gateway_url(parts_of(request).world)})


async def gateway_bot(request: web.Request) -> web.Response:
    return answer(gateway_bot_json(parts_of(request).world))


async def application(request: web.Request) -> web.Response:
    return answer(application_json(parts_of(request).world))


async def none_yet(_: web.Request) -> web.Response:
    """Entitlements and SKUs: nothing is sold here."""
    return answer([])


ROUTES: list[Route] = [
    ("GET", "/gateway", gateway),
    ("GET", "/gateway/bot", gateway_bot),
    ("GET", "/oauth2/applications/@me", application),
    ("GET", "/applications/@me", application),
    ("GET", "/applications/{application_id}/entitlements", none_yet),
    ("GET", "/applications/{application_id}/skus", none_yet),
]
